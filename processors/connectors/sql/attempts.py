"""One attempt of a call: connections, transactions, and how far it came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

from sqlalchemy import Connection, Inspector, inspect
from sqlalchemy.exc import NoSuchTableError

from processors.connectors.resources import ResourceCall
from processors.connectors.sql.pooling import CLEANUP_S, Held, Pool, statement_s
from processors.connectors.sql.sessions import Bounds, Dialect, Failure, Given, Session, SqlFailed
from products.lib.sql_statements import Statement

STALE_S: Final = 3.0  # how long a connection that was used before may take to open a transaction
Got = TypeVar("Got")


@dataclass(slots=True)
class Attempt:
    """`shown` is what was sent, for people, without values. `committing`: a change may be done without our knowing it.

    `statement` is the number of the one that runs or failed, from 1. `leftover`: statements were run that leave
    something behind in a session, so that its connection is not used again.
    """

    call: ResourceCall
    dialect: Dialect
    pool: Pool
    until: float
    max_bytes: int
    key: str = ""
    method: str = ""
    shown: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    statement: int = 0
    limit_s: float = 0.0
    committing: bool = False
    leftover: bool = False

    @property
    def read_only(self) -> bool:
        """Whether nothing may be changed in this environment."""
        return self.call.place.read_only or self.call.place.settings.get("read_only") is True

    @asynccontextmanager
    async def transaction(self, *, read_only: bool, limit_s: float | None = None) -> AsyncIterator[Transaction]:
        """Committed at the end, taken back when anything goes wrong; stopped on the server when nobody waits."""
        left = max(0.05, self.until - time.monotonic())
        self.limit_s = min(left, limit_s if limit_s is not None else statement_s(self.call.place))
        session = Transaction(self, read_only=read_only)
        await session.open()
        keeps = False
        try:
            yield session
            if not session.spent:  # one that only reads was broken off, and with it its connection
                self.committing = not read_only
                await session.commit()
            self.committing = False
            keeps = not (session.spent or self.leftover)
        except SqlFailed as error:
            keeps = not (error.lost or session.spent or self.leftover) and await session.rolled_back()
            self.committing = self.committing and error.lost
            raise
        except Exception:
            keeps = not session.spent and await session.rolled_back()
            raise
        except BaseException:
            await session.stopped()
            raise
        finally:
            await session.close(keeps=keeps)

    async def execute(self, session: Transaction, statement: Statement, bounds: Bounds, *, ends: bool = False) -> Given:
        """One statement of the product's, noted for people. `ends`: the last of a transaction that only reads.

        There it has to be of a form that reads, too: a server lets others end the transaction, write files or run
        programs from inside it.
        """
        self.statement += 1
        self.shown.append(statement.shown)
        if session.only_reads and not statement.reads:
            raise SqlFailed(Failure("no_read"))
        self.leftover = self.leftover or not statement.plain
        self.committing = self.dialect.lasting_ddl and not statement.plain
        given = await session.execute(statement, bounds, ends=ends)
        self.committing = False
        return given

    async def inspect(self, look: Callable[[Inspector], Got]) -> Got:
        """What SQLAlchemy finds out of tables and columns. Raises SqlFailed."""
        held, keeps = await self.pool.take(), False
        try:
            found = await self.pool.inspect(held, lambda raw: look(_inspector(raw)))
            keeps = True
        except NoSuchTableError:
            raise SqlFailed(Failure("no_table")) from None
        finally:
            await self.pool.give(held, keeps=keeps)
        return found


class Transaction:
    """Statements, one after the other, on one connection. Raises SqlFailed.

    A connection that was lost while nobody used it is replaced unnoticed, as long as its server has answered nothing.
    """

    def __init__(self, attempt: Attempt, *, read_only: bool) -> None:
        self._attempt, self._pool = attempt, attempt.pool
        self.only_reads = read_only
        self._held: Held | None = None
        self._session: Session | None = None

    @property
    def spent(self) -> bool:
        """Whether its connection must not be used again."""
        return self._now.spent

    async def open(self) -> None:
        """Takes a connection; nothing is sent yet."""
        attempt = self._attempt
        self._held = await self._pool.take()
        self._session = attempt.dialect.session(self._held.driver, attempt.call.place)
        self.begin(limit_s=attempt.limit_s)

    def begin(self, *, limit_s: float) -> None:
        """The next statement is the first of a transaction."""
        self._now.begin(read_only=self.only_reads, limit_s=limit_s)

    async def execute(self, statement: Statement, bounds: Bounds, *, ends: bool = False) -> Given:
        """One statement. `ends`: it is the last of a transaction that only reads."""
        while True:
            session = self._now
            try:
                async with _hung_up(session, self._patience_s):
                    return await session.execute(statement, bounds, ends=ends)
            except (SqlFailed, TimeoutError) as error:
                is_stale = self._was_used and not session.answered
                if not is_stale or (isinstance(error, SqlFailed) and not error.lost):
                    raise
            await self.close(keeps=False)
            await self._pool.forget()  # the others that rest have gone the same way
            await self.open()

    async def commit(self) -> None:
        """Makes it last."""
        await self._now.commit()

    async def rolled_back(self) -> bool:
        """Whether the connection is as good as new."""
        try:
            async with asyncio.timeout(CLEANUP_S):
                await self._now.rollback()
        except (SqlFailed, TimeoutError):
            return False
        return True

    async def stopped(self) -> None:
        """Nobody waits for it any more."""
        with suppress(SqlFailed, TimeoutError, OSError):
            async with asyncio.timeout(CLEANUP_S):
                await self._now.stop()

    async def close(self, *, keeps: bool) -> None:
        """Gives the connection back, to be used again or not."""
        held, self._held = self._held, None
        if held is not None:
            await self._pool.give(held, keeps=keeps)

    @property
    def _now(self) -> Session:
        assert self._session is not None  # noqa: S101 - for the type checker
        return self._session

    @property
    def _was_used(self) -> bool:
        return self._held is not None and self._held.used

    @property
    def _patience_s(self) -> float | None:
        """SQLite's transactions wait for each other here, not for the network."""
        waits = self._was_used and not self._now.answered and self._attempt.dialect.name != "sqlite"
        return min(STALE_S, self._attempt.limit_s) if waits else None


@asynccontextmanager
async def _hung_up(session: Session, after_s: float | None) -> AsyncIterator[None]:
    """Raises SqlFailed or TimeoutError when no answer comes in time: a line may be dead and neither end know it."""
    if after_s is None:
        yield
        return
    timer = asyncio.get_running_loop().call_later(after_s, session.hang_up)
    try:
        async with asyncio.timeout(after_s + 0.5) as scope:  # where hanging up does not wake who waits

            def heard() -> None:
                timer.cancel()
                scope.reschedule(None)

            session.when_answered = heard
            yield
    finally:
        session.when_answered = None
        timer.cancel()


def _inspector(raw: Connection) -> Inspector:
    found = inspect(raw)
    assert isinstance(found, Inspector)  # noqa: S101 - for the type checker
    return found


def schema_of(attempt: Attempt) -> str | None:
    """PostgreSQL has schemas inside a database; in the others the database is all there is."""
    if attempt.dialect.name != "postgresql":
        return None
    return str(attempt.call.place.settings.get("schema") or "public")
