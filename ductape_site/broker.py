"""Kombu's transport for Redis and Valkey with one client for each channel.

Kombu makes a new client for every message it publishes, which costs as much as all the rest of sending one.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis


class Channel(redis.Channel):
    """Its client is made again when its connections were: after a fork, or when they were cut."""

    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        """Only the client that waits for messages has a connection of its own, and is made anew."""
        inherited: Any = super()  # typed in part only
        if asynchronous:
            return inherited._create_client(asynchronous=True)
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = inherited._create_client()
        return self._kept


class Transport(redis.Transport):
    """For `redis://` and `rediss://`."""

    Channel = Channel


def install() -> None:
    """Lets kombu take this transport wherever an address names Redis."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"
