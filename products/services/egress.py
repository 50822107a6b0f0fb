"""Which addresses outside calls may reach on this installation, from its settings."""

from __future__ import annotations

import socket
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings

from products.lib.addresses import AddressPolicy

_HERE = ("127.0.0.1", "::1")
_PORTS = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}


def address_policy() -> AddressPolicy:
    """Public addresses and those of EGRESS_ALLOW, never the platform's own database, broker, web process or metrics.

    Raises OSError where a name of theirs cannot be resolved: what is not known cannot be closed.
    """
    urls = (settings.DATABASE_URL, settings.VALKEY_URL, settings.CELERY_BROKER_URL)
    return _policy(tuple(settings.EGRESS_ALLOW), urls, (settings.PORT, settings.METRICS_PORT))


@lru_cache(maxsize=4)
def _policy(allow: tuple[str, ...], urls: tuple[str, ...], ports: tuple[int, ...]) -> AddressPolicy:
    here = [(address, port) for address in _HERE for port in ports if port]
    return AddressPolicy.from_entries(allow, [*here, *(place for url in urls for place in _places(url))])


def _places(url: str) -> list[tuple[str, int]]:
    """Of each of the hosts: PostgreSQL's may be several, with commas between them."""
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2].split(",")
    return [place for host in hosts for place in _addresses(host, _PORTS.get(parts.scheme, 0))]


def _addresses(host: str, usual_port: int) -> list[tuple[str, int]]:
    parts = urlsplit(f"//{host}")
    port = parts.port or usual_port
    found = socket.getaddrinfo(parts.hostname or "127.0.0.1", port, type=socket.SOCK_STREAM)
    return [(str(address[0]), port) for *_, address in found]
