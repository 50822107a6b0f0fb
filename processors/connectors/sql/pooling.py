"""The pools of connections: small, one for each place, never waited for longer than the call has time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, StaticPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from processors.connectors.resources import ResourcePlace
from processors.connectors.sql.sessions import Dialect

CLEANUP_S: Final = 12.0
Got = TypeVar("Got")


def pool_size(place: ResourcePlace) -> int:
    """Connections at most."""
    size = place.settings.get("pool_size")
    return size if isinstance(size, int) and 0 < size <= 50 else 5


def statement_s(place: ResourcePlace) -> float:
    """Seconds that a statement may take."""
    limit = place.settings.get("statement_s")
    return float(limit) if isinstance(limit, (int, float)) and limit > 0 else 30.0


def idle_s(place: ResourcePlace) -> float:
    """Seconds without a call after which connections are closed."""
    limit = place.settings.get("idle_s")
    return float(limit) if isinstance(limit, (int, float)) and limit > 0 else 300.0


@dataclass(eq=False, slots=True)
class Held:
    """An open connection. `driver` is the driver's own, `used`: it has done something before.

    `engine` is SQLAlchemy's view of it, made when tables are looked at for the first time.
    """

    driver: Any
    used: bool = False
    engine: AsyncEngine | None = None


class Pool:
    """The connections of one place: at most `size`, in use by one call each, kept open between calls.

    Nothing is sent when one comes back: whoever used it has ended its transaction, or it is thrown away. A call waits
    for a free one as long as its own deadline allows. Belongs to one event loop.
    """

    def __init__(self, dialect: Dialect, place: ResourcePlace) -> None:
        self._dialect, self._place = dialect, place
        self._free = asyncio.Semaphore(pool_size(place))
        self._resting: list[Held] = []
        self._is_closed = False

    async def take(self) -> Held:
        """The one that rested last, or a new one; waits where all are in use. Raises what connecting does."""
        await self._free.acquire()
        try:
            return self._resting.pop() if self._resting else Held(await self._dialect.connect(self._place))
        except BaseException:
            self._free.release()
            raise

    async def give(self, held: Held, *, keeps: bool) -> None:
        """Back, to be used again; or to its end. Never takes longer than CLEANUP_S."""
        try:
            if not keeps or self._is_closed:
                await self._end(held)
            else:
                held.used = True
                self._resting.append(held)
        finally:
            self._free.release()

    async def inspect(self, held: Held, look: Callable[[Connection], Got]) -> Got:
        """What `look` finds out through SQLAlchemy, on that connection."""
        if held.engine is None:
            held.engine = _engine(self._dialect.url, held.driver)
        async with held.engine.connect() as connection:
            return await connection.run_sync(look)

    async def forget(self) -> None:
        """Closes those that rest."""
        resting, self._resting = self._resting, []
        await asyncio.gather(*map(self._end, resting))

    async def close(self) -> None:
        """Closes those that rest now, and those in use when they come back."""
        self._is_closed = True
        await self.forget()

    async def _end(self, held: Held) -> None:
        with suppress(Exception):  # it is gone already
            async with asyncio.timeout(CLEANUP_S):
                await self._dialect.disconnect(held.driver)


def _engine(url: str, driver: Any) -> AsyncEngine:
    """Of this connection alone; it is neither opened nor closed by SQLAlchemy."""

    async def connect(*_: Any, **__: Any) -> Any:
        return driver

    return create_async_engine(
        url, async_creator=connect, poolclass=StaticPool, pool_reset_on_return=None, hide_parameters=True
    )
