"""The leases that this process holds: renewed while it lives, so that a long call keeps its lead."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from processors.connectors.caches.results import Token
from processors.connectors.errors import ConnectorError
from processors.connectors.resources import ResourcePlace


class Runs(Protocol):
    """Runs a script for a place. Raises ConnectorError."""

    async def __call__(self, place: ResourcePlace, script: str, *args: str | bytes | int) -> Any: ...


class Leases:
    """`lease_s` is how long one lasts by itself, `hold_s` how long it is renewed at most: a forgotten one ends, too."""

    def __init__(self, run: Runs, *, lease_s: float, hold_s: float) -> None:
        self._run = run
        self._lease_s, self._hold_s = lease_s, hold_s
        self._renewing: dict[str, asyncio.Task[None]] = {}

    def hold(self, place: ResourcePlace, token: Token) -> None:
        """Renew it from now on."""
        task = asyncio.ensure_future(self._renew(place, token))
        self._renewing[token.secret] = task
        task.add_done_callback(lambda _: self._renewing.pop(token.secret, None))

    def let_go(self, token: Token) -> None:
        """Renew it no longer."""
        task = self._renewing.pop(token.secret, None)
        if task:
            task.cancel()

    async def close(self) -> None:
        """Renew none; they end by themselves."""
        tasks = list(self._renewing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _renew(self, place: ResourcePlace, token: Token) -> None:
        end = asyncio.get_running_loop().time() + self._hold_s
        while asyncio.get_running_loop().time() < end:
            await asyncio.sleep(self._lease_s / 3)
            try:
                if not await self._run(place, "renew", token.key, token.secret, round(self._lease_s * 1_000)):
                    return
            except ConnectorError:
                continue  # the server may be back before the lease ends
