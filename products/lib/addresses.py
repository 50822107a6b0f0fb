"""Which network addresses outside calls may reach: judged on the resolved address, with every embedding unwrapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# Not covered by `is_global`, or covered differently by different Python versions.
_DENIED: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments, Oracle's metadata at 192.0.0.192
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's wire server
        "::/96",  # unspecified, loopback and the IPv4-compatible addresses
        "64:ff9b::/96", "64:ff9b:1::/48",  # NAT64
        "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16",
        "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ip_network("::/96")
_HERE = IPv4Address("127.0.0.1")


class PolicyError(ValueError):
    """An entry of the operator's allow-list cannot be understood."""


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What may be called.

    Public addresses always may. `networks` opens private ones; `endpoints` opens single `(address, port)` pairs and
    `names` single `(host name, port)` pairs, whatever they resolve to. `forbidden` closes the platform's own services
    again, even inside an opened network; only an endpoint that the operator wrote down to the port beats it.
    """

    networks: frozenset[Network] = field(default_factory=frozenset)
    endpoints: frozenset[tuple[Address, int]] = field(default_factory=frozenset)
    names: frozenset[tuple[str, int]] = field(default_factory=frozenset)
    forbidden: frozenset[tuple[Address, int]] = field(default_factory=frozenset)

    @classmethod
    def from_entries(cls, allow: Iterable[str] = (), forbidden: Iterable[tuple[str, int]] = ()) -> AddressPolicy:
        """From settings: `10.0.0.0/8`, `10.1.2.3`, `127.0.0.1:9000`, `[::1]:9000`, `api.internal:8080`.

        Raises PolicyError naming the entry.
        """
        networks: set[Network] = set()
        endpoints: set[tuple[Address, int]] = set()
        names: set[tuple[str, int]] = set()
        for entry in allow:
            parsed = _entry(entry.strip())
            if isinstance(parsed, (IPv4Network, IPv6Network)):
                networks.add(parsed)
            elif isinstance(parsed[0], str):
                names.add((parsed[0], parsed[1]))
            else:
                endpoints.add((parsed[0], parsed[1]))
        return cls(
            networks=frozenset(networks),
            endpoints=frozenset(endpoints),
            names=frozenset(names),
            forbidden=frozenset((_service(_plain(ip_address(host))), port) for host, port in forbidden),
        )

    def allows(self, address: str, port: int, *, host: str = "") -> bool:
        """Whether a connection to this resolved address may be opened. `host` is the name that led to it."""
        try:
            given = ip_address(address)
        except ValueError:
            return False
        plain = _plain(given)
        if (plain, port) in self.endpoints or (host.lower().rstrip("."), port) in self.names:
            return True
        faces = (plain, *embedded(plain))
        if any((_service(face), port) in self.forbidden for face in faces):
            return False
        return all(_within(face, self.networks) or _public(face) for face in faces)


def embedded(address: Address) -> Iterator[Address]:
    """The IPv4 addresses an IPv6 address carries: mapped, compatible, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in _COMPATIBLE or any(address in network for network in _NAT64):
        yield IPv4Address(int(address) & 0xFFFFFFFF)


def _plain(address: Address) -> Address:
    """An IPv4-mapped address is the IPv4 address itself: sockets treat it so. A zone id never matters here."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def _service(address: Address) -> Address:
    """Every spelling of this machine counts as one: a service bound to 0.0.0.0 also answers at 127.0.0.2."""
    return _HERE if address.is_loopback or address.is_unspecified else address


def _public(address: Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not _within(address, _DENIED)


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _entry(text: str) -> Network | tuple[Address | str, int]:
    try:
        return ip_network(text.strip("[]"), strict=False)
    except ValueError:
        pass
    host, colon, port_text = text.rpartition(":")
    if not colon or not port_text.isascii() or not port_text.isdigit() or not 0 < int(port_text) < 65_536:
        raise PolicyError(f"“{text[:80]}” is neither a network nor host:port.")
    try:
        return _plain(ip_address(host.strip("[]"))), int(port_text)
    except ValueError:
        pass
    name = host.lower().rstrip(".")
    if not name or not all(part and part.replace("-", "").isalnum() for part in name.split(".")):
        raise PolicyError(f"“{text[:80]}” does not name a host.")
    return name, int(port_text)
