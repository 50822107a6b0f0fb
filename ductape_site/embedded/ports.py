"""Free ports on the loopback address."""

import random
import socket

from ductape_site.embedded.errors import EmbeddedError

LOOPBACK = "127.0.0.1"
# Below the range from which Linux and macOS lend ports to outgoing connections, so a remembered one stays free.
FIRST, LAST = 20000, 29999


def is_free(port: int, *, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose(remembered: object, *, avoid: frozenset[int] = frozenset()) -> int:
    """The remembered port if it is still free, else another free one."""
    if isinstance(remembered, int) and is_free(remembered):
        return remembered
    for port in random.sample(range(FIRST, LAST), 200):
        if port not in avoid and is_free(port):
            return port
    raise EmbeddedError(f"No free port between {FIRST} and {LAST} on {LOOPBACK}.")
