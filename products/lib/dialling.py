"""Guarded addresses for connections that are no HTTP: databases, brokers, caches, mail servers.

A connector asks here, then connects to one of the addresses it was given, never to the name again: a name that
resolves differently the second time leads nowhere. TLS is checked against the name all the same.
"""

from __future__ import annotations

import asyncio
import re
import socket
from ipaddress import ip_address

from products.lib.addresses import AddressPolicy
from products.lib.http_errors import AddressRefused, ConnectFailed, NameNotFound, OutboundError

# RFC 1123 with underscores, which resolvers of containers hand out. What a driver could take for a path, a socket, a
# list of hosts or options of its own (/ @ , ? = % and white space) is none of it. Other scripts: punycode.
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")
# A database's or user's name goes to drivers that read options out of texts with these.
_SMUGGLED = re.compile(r"[\x00-\x1f\x7f/\\?=&;#\"'`]|://")


class HostRefused(OutboundError):
    """The host, or another name of the address, is not written as one."""

    code = "host_refused"
    message = "This is not the name or the address of a host."


async def dial_addresses(policy: AddressPolicy, host: str, port: int) -> tuple[str, ...]:
    """The addresses that `host` has and `policy` allows, in the resolver's order, as text that needs no resolving.

    Each is checked, whatever its spelling was. Raises HostRefused, NameNotFound, AddressRefused (none is allowed) and
    ConnectFailed (the resolver itself failed). The caller bounds the time.
    """
    name = checked_host(host)
    if not 0 < port < 65_536:
        raise HostRefused("A port is a number from 1 to 65535.")
    found = await _resolved(name, port)
    if not found:
        raise NameNotFound()
    allowed = tuple(address for address in found if policy.allows(address, port, host=name))
    if not allowed:
        raise AddressRefused()
    return allowed


def checked_host(host: str) -> str:
    """The host as it may be resolved, an IPv6 address without its brackets. Raises HostRefused.

    Paths of sockets, lists of hosts, ports and options inside the name are refused.
    """
    name = host.strip()
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    if ":" in bare:
        try:
            address = ip_address(bare)
        except ValueError:
            raise HostRefused() from None
        if "%" in bare:
            raise HostRefused("An address with a zone cannot be dialled.")
        return str(address)
    if not _HOST.fullmatch(bare):
        raise HostRefused()
    return bare


def checked_name(name: str, *, what: str = "name") -> str:
    """A database's or user's name that no driver can take for options, a path or an address. Raises HostRefused."""
    found = _SMUGGLED.search(name)
    if found or not name.strip():
        raise HostRefused(f"This {what} contains characters that are not allowed." if found else f"A {what} is needed.")
    return name


async def _resolved(name: str, port: int) -> tuple[str, ...]:
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in {socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_MEMORY}:
            raise ConnectFailed("The host name could not be looked up just now.") from None
        raise NameNotFound() from None
    except (OSError, UnicodeError, ValueError):
        raise NameNotFound() from None
    inet = {socket.AF_INET, socket.AF_INET6}
    return tuple(dict.fromkeys(str(info[4][0]) for info in infos if info[0] in inet))
