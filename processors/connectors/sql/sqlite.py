"""SQLite: files of this installation, in threads, behind an authorizer that keeps statements inside their own file."""

from __future__ import annotations

import asyncio
import math
import re
import resource
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiosqlite

from processors.connectors.resources import ResourcePlace
from processors.connectors.sql.places import sqlite_place
from processors.connectors.sql.sessions import Answered, Bounds, Failure, Given, SqlFailed
from processors.connectors.sql.values import clock, decimal_text, json_value, moment, moment_in_utc, plain
from products.lib.sql_statements import Statement
from products.lib.tags import TAG_PATTERN

CHUNK: Final = 200
PAGE: Final = 4_096
LONGEST: Final = 10_000_000  # bytes of one value, one row or one statement: a sort holds dozens of them at once
# SQLite's own memory, in bytes: of this process, whatever is open in it. A statement that needs more fails; without a
# bound, one would take the worker and all its runs along.
HEAP: Final = 400_000_000
SPILLED: Final = 4_000_000_000  # bytes that one statement may write: its changes, and what its sorts put aside
BUSY_S: Final = 10.0
CLOSING_S: Final = 11.0  # a thread may wait for the file before it hears of anything
_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,199}")
_OPCODES: Final = 5_000  # of SQLite's machine, between two looks at the clock
_TRANSACTION: Final = 22  # SQLITE_TRANSACTION and SQLITE_SAVEPOINT, which the module has no names for
_SAVEPOINT: Final = 32
_FUNCTIONS_REFUSED: Final = frozenset({
    "load_extension", "readfile", "writefile", "edit", "fts3_tokenizer",
    "regexp",  # SQLAlchemy's, whose patterns are Python's: one of them could hold up the whole process
})  # fmt: skip
_TABLES_REFUSED: Final = frozenset({"sqlite_dbpage", "dbstat"})
_ON_TABLES: Final = frozenset({sqlite3.SQLITE_READ, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_INSERT})
_MODULES: Final = frozenset({"fts3", "fts4", "fts5", "rtree"})
_PRAGMAS: Final = frozenset({
    "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list",
    "foreign_key_check", "database_list", "quick_check", "integrity_check", "page_count", "page_size",
    "compile_options", "user_version", "encoding",
    "read_uncommitted",  # which SQLAlchemy asks for; it means nothing to connections that share no cache
})  # fmt: skip
_KINDS: Final = {
    "SQLITE_CONSTRAINT": "constraint", "SQLITE_MISMATCH": "value", "SQLITE_TOOBIG": "value", "SQLITE_RANGE": "value",
    "SQLITE_BUSY": "busy", "SQLITE_LOCKED": "busy", "SQLITE_INTERRUPT": "timeout", "SQLITE_FULL": "full",
    "SQLITE_READONLY": "read_only", "SQLITE_AUTH": "denied", "SQLITE_PERM": "denied", "SQLITE_CANTOPEN": "unavailable",
    "SQLITE_IOERR": "unavailable", "SQLITE_CORRUPT": "broken", "SQLITE_NOTADB": "broken", "SQLITE_NOMEM": "memory",
}  # fmt: skip


class SqliteDialect:
    """Files below `root`, one folder for each product: `root/<folder>/<file>.sqlite3`."""

    name = "sqlite"
    url = "sqlite+aiosqlite:///file"
    lasting_ddl = False

    def __init__(self, root: Path) -> None:
        self._root = root

    async def connect(self, place: ResourcePlace) -> Connection:
        """The file is made where it is not there."""
        path = self.path(place)
        connection = Connection(path, _Guard())
        async with _failing():
            await asyncio.to_thread(path.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
            await connection.open(place)
        return connection

    async def disconnect(self, driver: Any) -> None:
        """Ends its thread."""
        await driver.close()

    def session(self, driver: Any, place: ResourcePlace) -> SqliteSession:
        """For one checked-out connection."""
        return SqliteSession(driver)

    def target(self, place: ResourcePlace) -> str:
        """The file's name, not where it lies."""
        return f"sqlite:///{place.settings.get('file')}"

    def explained(self, statement: Statement) -> Statement:
        """The plan as rows; nothing is run."""
        return statement.after("EXPLAIN QUERY PLAN ")

    def path(self, place: ResourcePlace) -> Path:
        """Raises SqlFailed for names that are none: nothing that a person wrote is a path."""
        name = str(place.settings.get("file") or "")
        if not TAG_PATTERN.fullmatch(name) or not _FOLDER.fullmatch(place.folder):
            raise SqlFailed(Failure("file"))
        return self._root / place.folder / f"{name}.sqlite3"


class SqliteSession(Answered):
    """One connection in use. Each method is one trip to its thread and back."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._guard = connection, connection.guard
        self._opening: bool | None = None  # whether the transaction that is to be opened only reads
        self.spent = False

    def begin(self, *, read_only: bool, limit_s: float) -> None:
        """The clock runs from now on, also while another transaction has the file."""
        self._opening = read_only
        self._guard.until = time.monotonic() + limit_s
        self._guard.written, self._guard.spilled = None, False

    async def execute(self, statement: Statement, bounds: Bounds, *, ends: bool = False) -> Given:
        """One statement; the module refuses more."""
        opening, self._opening = self._opening, None
        async with _failing(statement):
            given: Given = await self._connection.in_thread(self._executed, opening, statement, bounds, ends)
        self.heard()
        return given

    async def commit(self) -> None:
        """Makes it last."""
        await self._end("COMMIT")

    async def rollback(self) -> None:
        """Takes it back."""
        await self._end("ROLLBACK")

    async def _end(self, how: str) -> None:
        async with _failing():
            if self._connection.in_transaction:
                await self._connection.in_thread(self._own, how)
        self._guard.until = math.inf

    def hang_up(self) -> None:
        """The thread comes to its next look at the clock."""
        self._guard.until = 0.0

    async def stop(self) -> None:
        """The thread comes to its next look at the clock."""
        self._guard.until = 0.0
        with suppress(ValueError, sqlite3.Error):
            await self._connection.interrupt()

    def _executed(
        self, raw: sqlite3.Connection, opening: bool | None, statement: Statement, bounds: Bounds, ends: bool
    ) -> Given:
        """In the thread."""
        if opening is not None:
            self._open(raw, read_only=opening)
        given, before = Given(), raw.total_changes
        try:
            cursor = raw.execute("?".join(statement.pieces), statement.values)
            if cursor.description is not None:
                given.name([column[0] for column in cursor.description])
                _take(cursor, given, bounds)
            cursor.close()
        except sqlite3.OperationalError:
            if self._guard.spilled:
                raise SqlFailed(Failure("full")) from None
            raise
        if raw.total_changes != before:
            given.changed = self._own(raw, "SELECT changes()")[0][0]
        if ends:
            self._own(raw, "COMMIT")
        return given

    def _open(self, raw: sqlite3.Connection, *, read_only: bool) -> None:
        """Who is going to write takes the file at once: two that read first and write later lock each other out."""
        if read_only is not self._guard.read_only:
            self._own(raw, f"PRAGMA query_only = {int(read_only)}")
            self._guard.read_only = read_only
        self._own(raw, "BEGIN" if read_only else "BEGIN IMMEDIATE")
        if self._guard.look():  # it waited for too long, or nobody waits for it any more
            raise sqlite3.OperationalError("interrupted")

    def _own(self, raw: sqlite3.Connection, text: str) -> list[Any]:
        """A statement of ours, which the authorizer lets through."""
        self._guard.is_ours = True
        try:
            return raw.execute(text).fetchall()
        finally:
            self._guard.is_ours = False


class _Guard:
    """What a connection's callbacks look at, in its thread."""

    def __init__(self) -> None:
        self.is_ours = True
        self.read_only: bool | None = None
        self.until = float("inf")
        self.written: int | None = None  # by the thread, when the transaction began
        self.spilled = False  # whether it has written more than it may

    def look(self) -> int:
        """SQLite's progress handler: anything but 0 ends the statement."""
        now = _written()
        self.written = now if self.written is None else self.written
        self.spilled = self.spilled or now - self.written > SPILLED
        return int(self.spilled or time.monotonic() > self.until)

    def allow(self, action: int, first: Any, second: Any, *_: Any) -> int:
        """SQLite's authorizer, asked while a statement is prepared (https://sqlite.org/c3ref/set_authorizer.html)."""
        if self.is_ours:
            return sqlite3.SQLITE_OK
        name = str(first or "").lower()
        refused = (
            action in {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, _TRANSACTION, _SAVEPOINT}
            or (action == sqlite3.SQLITE_PRAGMA and (name not in _PRAGMAS or (name.endswith("version") and second)))
            or (action == sqlite3.SQLITE_FUNCTION and str(second or "").lower() in _FUNCTIONS_REFUSED)
            or (action == sqlite3.SQLITE_CREATE_VTABLE and str(second or "").lower() not in _MODULES)
            or (action in _ON_TABLES and name in _TABLES_REFUSED)
        )
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK


class Connection(aiosqlite.Connection):
    """A file that is open, in a thread of its own."""

    def __init__(self, path: Path, guard: _Guard) -> None:
        super().__init__(partial(_opened, path), CHUNK)
        self.guard = guard

    async def open(self, place: ResourcePlace) -> None:
        """What begins is ended where it fails, or where nobody waits for it any more. Raises sqlite3.Error."""
        self._thread.start()
        done = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((done, partial(self._open, place)))
        try:
            await done
        except BaseException:
            await self.close()
            raise

    async def in_thread(self, work: Callable[..., Any], *given: Any) -> Any:
        """`work(connection, *given)`, done in the thread. Raises what it raises, ValueError when it has ended."""
        return await self._execute(work, self._connection, *given)  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """Waits for what its thread still does, but not for ever.

        aiosqlite's own waits for an answer of the thread also when that has ended, and even when it is cancelled.
        """
        if not self._running:
            return
        self.guard.until = 0.0
        ended = self.stop()
        if ended is not None:
            await asyncio.wait({ended}, timeout=CLOSING_S)

    def _open(self, place: ResourcePlace) -> None:
        """In the thread, which therefore knows what it has to close."""
        self._connection = self._connector()
        _prepare(self._connection, self.guard, place)


def _opened(path: Path) -> sqlite3.Connection:
    """`cached_statements`: a prepared statement is not asked for again, and ours may do more than others."""
    return sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES, cached_statements=0
    )


def _take(cursor: sqlite3.Cursor, given: Given, bounds: Bounds) -> None:
    """One row after the other: a single one may be large. All changes are made before the first one comes, so that
    nothing is left undone."""
    for row in cursor:
        if sum(len(value) for value in row if isinstance(value, (str, bytes))) > bounds.size:
            given.truncated = True
        if not given.take(map(plain, row), bounds):
            break


def _written() -> int:
    """Bytes that this thread has written to files, as far as the system says so: the disk has to have room for others,
    and what is put aside for a sort has no other bound."""
    if not hasattr(resource, "RUSAGE_THREAD"):
        return 0
    return resource.getrusage(resource.RUSAGE_THREAD).ru_oublock * 512


def _prepare(raw: sqlite3.Connection, guard: _Guard, place: ResourcePlace) -> None:
    """In the thread."""
    raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
    raw.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    size = place.settings.get("max_mb")
    pages = (size if isinstance(size, int) and size > 0 else 1_024) * 1_000_000 // PAGE
    for text in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "trusted_schema = OFF",
                 "temp_store = FILE", f"hard_heap_limit = {HEAP}", f"max_page_count = {pages}",
                 "cell_size_check = ON"):  # fmt: skip
        raw.execute(f"PRAGMA {text}").fetchall()
    raw.set_progress_handler(guard.look, _OPCODES)
    raw.set_authorizer(guard.allow)


@asynccontextmanager
async def _failing(statement: Statement | None = None) -> AsyncIterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        failed = _failed(error)
        if statement is not None:
            failed.failure = replace(failed.failure, place=sqlite_place(statement, str(error)))
        raise failed from None
    except MemoryError:  # as sqlite3 calls SQLITE_NOMEM
        raise SqlFailed(Failure("memory")) from None
    except (OSError, ValueError):  # "no active connection" is a ValueError
        raise SqlFailed(Failure("lost"), lost=True) from None


def _failed(error: sqlite3.Error) -> SqlFailed:
    name = getattr(error, "sqlite_errorname", "") or ""
    kind = next((kind for start, kind in _KINDS.items() if name.startswith(start)), "rejected")
    message = str(error)
    if kind == "rejected" and "string or blob too big" in message:
        kind = "value"
    if kind == "rejected" and isinstance(error, sqlite3.OperationalError) and "interrupted" in message:
        kind = "timeout"
    if kind == "rejected" and "not authorized" in message:
        kind = "denied"
    field = message.rpartition(": ")[2] if kind == "constraint" else ""
    return SqlFailed(Failure(kind, name.removeprefix("SQLITE_"), message, field[:64]), lost=kind == "broken")


def _converted(made: Any) -> Any:
    return lambda data: made(data.decode("utf-8", "replace"))


def _truth(text: str) -> Any:
    return {"0": False, "1": True, "false": False, "true": True}.get(text.lower(), text)


# By the first word of a column's declared type. These are the module's own table, so they hold for the whole process:
# nothing else here asks for them, and each gives what the same type gives in the other databases.
for _name, _made in {
    "timestamp": moment, "datetime": moment, "timestamptz": moment_in_utc, "date": str, "time": clock, "uuid": str,
    "boolean": _truth, "bool": _truth, "json": json_value, "jsonb": json_value, "decimal": decimal_text,
    "numeric": decimal_text,
}.items():  # fmt: skip
    sqlite3.register_converter(_name, _converted(_made))
