"""The web process: uvicorn on the site's address, and on the sample API's port when there is one."""

import argparse
import os
import resource
import socket
import sys

import django
import uvicorn

from ductape_site import http_front, socket_front
from ductape_site.embedded.ports import LOOPBACK

# Open requests get this long when the web process stops; a socket is closed at once and reconnects.
GRACE_SECONDS = 2
# A page that answers no ping for this long is gone, though its connection may not know it yet.
PING_SECONDS = 20.0
# Who does not take what is sent to them, or is no more, holds a connection for this long at most.
UNSENT_SECONDS = 60
FILES = 16_384
FILES_KEPT = 300  # of those that may be open: database, Valkey, logs, static files


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; 1 when the site's port cannot be had or the application does not load."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args(arguments)
    try:
        sockets = [listen(options.host, options.port)]
    except OSError as error:
        sys.stderr.write(f"Cannot listen on {options.host}:{options.port}: {error.strerror or error}\n")
        return 1
    need_keys()
    http_front.MAX_CONNECTIONS = min(http_front.MAX_CONNECTIONS, open_files() - FILES_KEPT)
    sockets += sample_sockets()
    server = uvicorn.Server(configuration())
    server.run(sockets=sockets)
    return 0 if server.started else 1


def need_keys() -> None:
    """End here, with one sentence, when the master keys do not open what the database holds."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings.dev")
    django.setup()
    from ductape_site.master_keys import need_fitting_keys  # noqa: PLC0415 - models, which come with Django

    need_fitting_keys()


def configuration() -> uvicorn.Config:
    """How the site is served. Django itself reads forwarded headers, if it was told to trust a proxy."""
    return uvicorn.Config(
        "ductape_site.asgi:application",
        http=http_front.HttpFront,
        ws=socket_front.SocketFront,
        ws_max_size=socket_front.MAX_BYTES,
        ws_per_message_deflate=False,  # a hint is smaller than what compression keeps in memory for it
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        lifespan="off",
        log_level="warning",
    )


def open_files() -> int:
    """How many files this process may have open: as many as it may ask for, which is more than it is given."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, FILES) if hard != resource.RLIM_INFINITY else FILES
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted)


def sample_sockets() -> list[socket.socket]:
    """The sample API's own socket, on this machine only; none when it is switched off or its port is taken."""
    port = os.environ.get("SAMPLE_API_PORT", "0")
    if not port.isdigit() or port == "0":
        return []
    try:
        return [listen(LOOPBACK, int(port))]
    except OSError as error:
        sys.stderr.write(f"The sample API is not served: port {port}: {error.strerror or error}\n")
        return []


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises OSError."""
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # what is accepted here inherits it
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_SECONDS * 1000)
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    found.set_inheritable(True)
    return found


if __name__ == "__main__":
    sys.exit(main())
