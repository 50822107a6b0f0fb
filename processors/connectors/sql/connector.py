"""The connector of SQL databases: one operation in, a recorded result or a typed error out, on time."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from processors.connectors import errors
from processors.connectors.base import CallResult
from processors.connectors.clients import Clients
from processors.connectors.dialled import dial_error
from processors.connectors.errors import ConnectorError
from processors.connectors.resources import ResourceCall, ResourcePlace
from processors.connectors.served import SQL, exactly
from processors.connectors.sql import looking, migrating, running
from processors.connectors.sql.attempts import Attempt
from processors.connectors.sql.dialling import Dialler
from processors.connectors.sql.failures import connector_error, input_error
from processors.connectors.sql.mysql import MysqlDialect
from processors.connectors.sql.pooling import Pool, idle_s
from processors.connectors.sql.postgresql import PostgresDialect
from processors.connectors.sql.recording import record
from processors.connectors.sql.sessions import Dialect, Failure, SqlFailed
from processors.connectors.sql.sqlite import SqliteDialect
from products.lib.addresses import AddressPolicy
from products.lib.errors import Invalid
from products.lib.http_errors import OutboundError
from products.lib.jsontypes import Json

log = logging.getLogger(__name__)
KEPT: Final = 100
CLOSING_S: Final = 15.0
_Work: TypeAlias = Callable[[Attempt], Awaitable[Json]]
_MADE: Final[dict[str, _Work]] = {
    "run": running.run,
    "explain": looking.explain,
    "check": looking.check,
    "tables": looking.tables,
    "columns": looking.columns,
    "rows": looking.rows,
    "query": looking.query,
    "migrations": migrating.migrations,
    "migrate": migrating.migrate,
}
_WORK: Final = exactly(SQL.operations, _MADE)


class SqlConnector:
    """Databases of products. Each place has a pool of its own, which is closed when nobody uses it.

    `root` is the folder of SQLite's files. Belongs to the event loop of its first call.
    """

    def __init__(self, policy: AddressPolicy, root: Path, *, kept: int = KEPT) -> None:
        dialler = Dialler(policy)
        made: tuple[Dialect, ...] = (PostgresDialect(dialler), MysqlDialect(dialler), SqliteDialect(root))
        self._dialects = exactly(SQL.providers, {dialect.name: dialect for dialect in made})
        self._pools: Clients[Pool] = Clients(self._pool, Pool.close, idle_s=idle_s, kept=kept)
        self._ending: set[asyncio.Future[Json]] = set()

    async def call(
        self, call: ResourceCall, *, deadline_s: float, max_bytes: int, idempotency_key: str = ""
    ) -> CallResult:
        """One attempt. Raises ConnectorError, in time even where the server has to be asked to stop."""
        began = time.perf_counter()
        dialect, work = self._dialects.get(call.place.provider), _WORK.get(call.operation)
        if dialect is None or work is None:
            raise errors.Misconfigured("There is no such operation on this kind of database.")
        async with self._pools.use(call.place) as pool:
            attempt = Attempt(
                call, dialect, pool, time.monotonic() + deadline_s, max_bytes, idempotency_key, call.operation.upper()
            )
            try:
                output = await self._in_time(work(attempt), deadline_s)
            except Exception as error:  # noqa: BLE001 - every one is typed, and none of them gets out
                raise _typed(error, attempt, record(attempt, began, None), deadline_s) from None
        return record(attempt, began, output)

    async def close(self) -> None:
        """Close all connections."""
        for task in tuple(self._ending):
            task.cancel()
        if self._ending:
            await asyncio.wait(self._ending, timeout=CLOSING_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await self._pools.close()

    def _pool(self, place: ResourcePlace) -> Pool:
        return Pool(self._dialects[place.provider], place)

    async def _in_time(self, work: Awaitable[Json], deadline_s: float) -> Json:
        """Its result. What takes too long, or what nobody waits for any more, is ended without being waited for."""
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=deadline_s)
        except asyncio.CancelledError:
            self._end(task)
            raise
        if not done:
            self._end(task)
            raise SqlFailed(Failure("deadline"))
        return task.result()

    def _end(self, task: asyncio.Future[Json]) -> None:
        task.cancel()
        self._ending.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Future[Json]) -> None:
        self._ending.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not complain


def _typed(error: Exception, attempt: Attempt, result: CallResult, deadline_s: float) -> ConnectorError:
    """Nothing of a library's own exception gets out: those carry statements, values and addresses."""
    unknown = attempt.committing
    match error:
        case ConnectorError():
            return error
        case SqlFailed():
            limit_s = deadline_s if error.failure.kind == "deadline" else attempt.limit_s
            return connector_error(
                error.failure,
                attempt.call.redactor,
                limit_s=limit_s,
                statement=attempt.statement,
                outcome_unknown=unknown,
                result=result,
            )
        case Invalid():
            return input_error(error, result=result)
        case OutboundError():
            return dial_error(error)
        case TimeoutError() | SQLAlchemyError() | OSError():
            return errors.ConnectionLost(
                "The connection to the database was lost.", outcome_unknown=unknown, result=result
            )
    place = traceback.extract_tb(error.__traceback__)[-1]  # never its text: that carries values
    log.error("%s at %s:%s, which nobody has foreseen", type(error).__name__, place.name, place.lineno)
    return errors.PlatformFailed(outcome_unknown=unknown, result=result)
