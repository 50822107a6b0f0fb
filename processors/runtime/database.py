"""The event loop's own connections to PostgreSQL, apart from Django's, and the patience with which they are used."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg
import structlog
from django.db import connections
from psycopg import AsyncConnection, AsyncCursor, errors
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolClosed

from processors.runtime import arrays

Pool = AsyncConnectionPool[AsyncConnection[dict[str, Any]]]
Row = dict[str, Any]

log = structlog.get_logger(__name__)
# PostgreSQL has undone the whole statement because of what others did at the same time: it may be made again.
UNDONE = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable, errors.QueryCanceled)
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, OSError)  # it did not answer: whether it acted is not known
TRIES = 5
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 2.0
PATIENCE_S = 300.0  # of a run whose database is away: longer than a restart, shorter than for ever
LOCK_PATIENCE = "2s"
ANSWER_S = 30.0  # a server that takes bytes and never answers is as good as none
# After a longer attempt the pool would let ever more time pass before its next one, up to minutes.
RECONNECT_S = 2.0


_LIBPQ = frozenset(each.keyword.decode() for each in Conninfo.get_defaults())
_USUAL: Mapping[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,  # a network that swallows everything is noticed within half a minute
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


def conninfo() -> str:
    """Of the database that Django uses in this process, by the same TLS and the same other parameters."""
    settings: Mapping[str, Any] = connections["default"].settings_dict
    given = {name: value for name, value in settings["OPTIONS"].items() if name in _LIBPQ}
    return make_conninfo(
        dbname=settings["NAME"],
        user=settings["USER"] or None,
        password=settings["PASSWORD"] or None,
        host=settings["HOST"] or None,
        port=settings["PORT"] or None,
        **{"application_name": "ductape-worker", **_USUAL, **given},
    )


async def open_pool(*, most: int) -> Pool:
    """Autocommit: every statement of the runtime is a transaction of its own."""
    pool: Pool = AsyncConnectionPool(
        conninfo(),
        connection_class=AsyncConnection[dict[str, Any]],
        kwargs={"autocommit": True, "row_factory": dict_row},
        configure=_configure,
        min_size=1,
        max_size=most,
        timeout=10,
        reconnect_timeout=RECONNECT_S,
        open=False,
    )
    await pool.open()
    return pool


async def _configure(connection: AsyncConnection[dict[str, Any]]) -> None:
    # The statements are long and always the same: planning them anew for every run costs more than running them.
    # Each finds its rows by a key: a plan made while a day's partition is empty must not read it whole for ever, and
    # compiling it, which PostgreSQL does for every execution, takes a second for one of ten milliseconds.
    chosen = {
        "plan_cache_mode": "force_generic_plan",
        "enable_seqscan": "off",
        "jit": "off",
        "lock_timeout": LOCK_PATIENCE,
    }
    for name, value in chosen.items():
        await connection.execute("SELECT set_config(%s, %s, false)", [name, value])
    connection.prepare_threshold = 1
    arrays.teach(connection)


async def once(pool: Pool, statement: str, values: Mapping[str, Any], *, lock: str = "") -> list[Row]:
    """The rows of one statement, within `ANSWER_S` seconds. Raises psycopg.Error.

    `lock`: a statement with the same values that comes first in the same transaction. What it locks stays so until the
    end, and `statement`, which begins when it has it, sees what others did who had it before.
    """
    async with pool.connection() as connection:
        deadline = asyncio.get_running_loop().call_later(ANSWER_S, _hang_up, connection)
        try:
            cursor = await _made(connection, statement, values, lock)
            return await cursor.fetchall() if cursor.description else []
        finally:
            deadline.cancel()


async def _made(
    connection: AsyncConnection[Row], statement: str, values: Mapping[str, Any], lock: str
) -> AsyncCursor[Row]:
    if not lock:
        return await connection.execute(statement, values)
    async with connection.transaction():
        await connection.execute(lock, values)
        return await connection.execute(statement, values)


def _hang_up(connection: AsyncConnection[Any]) -> None:
    """Whoever waits for an answer hears that the line is dead; closing it would leave them waiting."""
    log.warning("database_does_not_answer", seconds=ANSWER_S)
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


async def fetch(pool: Pool, statement: str, values: Mapping[str, Any], *, lock: str = "") -> list[Row]:
    """The rows of one statement, which is made again where PostgreSQL has undone it. Raises psycopg.Error."""
    for number in range(1, TRIES + 1):
        try:
            return await once(pool, statement, values, lock=lock)
        except UNDONE as error:
            if number == TRIES:
                raise
            log.info("statement_undone", error=type(error).__name__)
        await asyncio.sleep(FIRST_WAIT_S * number * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load
    raise AssertionError("unreachable")


async def insist(pool: Pool, statement: str, values: Mapping[str, Any], *, lock: str = "") -> list[Row]:
    """As `fetch`, for statements that may be made twice: waits while the database is away. Raises psycopg.Error."""
    patience = Patience(PATIENCE_S)
    while True:
        try:
            return await fetch(pool, statement, values, lock=lock)
        except AWAY as error:
            await patience.after(error)


async def unbroken(pool: Pool, statement: str, values: Mapping[str, Any], *, lock: str = "") -> list[Row]:
    """As `insist`; who is cancelled meanwhile leaves the statement to its end: a broken one costs a connection."""
    asking = asyncio.ensure_future(insist(pool, statement, values, lock=lock))
    try:
        return await asyncio.shield(asking)
    except asyncio.CancelledError:
        asking.add_done_callback(_heard)
        raise


def _heard(asked: asyncio.Future[list[Row]]) -> None:
    """Nobody waits for this any more."""
    if not asked.cancelled() and asked.exception() is not None:
        log.info("statement_not_heard", error=type(asked.exception()).__name__)


class Patience:
    """Waits between tries of something, a little longer each time, for so many seconds in all."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._wait_s = FIRST_WAIT_S

    async def after(self, error: BaseException) -> None:
        """Waits; raises `error` when the time is over or the pool has been closed."""
        if isinstance(error, PoolClosed) or time.monotonic() > self._until:
            raise error
        await asyncio.sleep(self._wait_s)
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
