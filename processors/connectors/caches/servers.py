"""The servers that caches lie on: the installation's own, shared by all caches, and those of teams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from processors.connectors.caches.connections import CONNECTIONS, builtin_client, close_client, team_client
from processors.connectors.caches.scripts import Scripts
from processors.connectors.caches.wakes import Wakes
from processors.connectors.clients import Clients
from processors.connectors.errors import Misconfigured
from processors.connectors.resources import ResourcePlace
from products.lib.addresses import AddressPolicy


@dataclass(frozen=True, slots=True)
class Server:
    """A client with its scripts and its subscription."""

    client: Redis
    scripts: Scripts
    wakes: Wakes


class Servers:
    """Opened when first used. Belongs to one event loop."""

    def __init__(self, policy: AddressPolicy, builtin_url: str) -> None:
        self._builtin_url = builtin_url
        self._builtin: Server | None = None
        self._teams = Clients(lambda place: _server(team_client(policy, place)), _close)

    @asynccontextmanager
    async def use(self, place: ResourcePlace) -> AsyncIterator[Server]:
        """The server of a place. Raises Misconfigured."""
        if place.provider == "builtin":
            if not self._builtin_url:
                raise Misconfigured("This installation has no Valkey for caches.")
            self._builtin = self._builtin or _server(builtin_client(self._builtin_url))
            yield self._builtin
        elif place.provider == "redis":
            async with self._teams.use(place) as server:
                yield server
        else:
            raise Misconfigured("A cache of this kind is not known.", details={"field": "provider"})

    async def close(self) -> None:
        """Close all connections; they are opened again when needed."""
        builtin, self._builtin = self._builtin, None
        if builtin:
            await _close(builtin)
        await self._teams.close()


def prefix_of(place: ResourcePlace) -> str:
    """What all keys of a cache begin with. The braces keep them together on one node."""
    return f"ductape:cache:{{{place.folder}:{place.id}}}:"


def target_of(place: ResourcePlace) -> str:
    """The server as people may see it."""
    if place.provider == "builtin":
        return "cache:builtin"
    return f"redis://{place.settings.get('host')}:{place.settings.get('port')}/{place.settings.get('database', 0)}"


def _server(client: Redis) -> Server:
    return Server(client, Scripts(client, connections=CONNECTIONS), Wakes(client))


async def _close(server: Server) -> None:
    await asyncio.shield(server.wakes.close())
    await close_client(server.client)
