"""Several commands in one trip to PostgreSQL and back, by the extended protocol's pipeline.

Each of them is one statement with its values apart. The server answers them in order; after one that fails it passes
over the rest. psycopg's own pipeline cannot hand on rows as they come, so libpq's is used.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, pq
from psycopg import abc as kinds
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import execute, fetch, send
from psycopg.pq.abc import PGconn, PGresult

from processors.connectors.sql.sessions import Bounds, Given
from products.lib.sql_statements import Statement, Value

CHUNK: Final = 200
PREPARED_AFTER: Final = 5  # calls of the same statement on one connection
KNOWN: Final = 200  # statements of one connection that are counted
LONGEST: Final = 10_000  # bytes of a statement that may be prepared
_CHANGES: Final = (b"INSERT", b"UPDATE", b"DELETE", b"MERGE")
_FAILED: Final = frozenset({pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE, pq.ExecStatus.NONFATAL_ERROR})
_KNOWN: Final = frozenset({
    pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY, pq.ExecStatus.TUPLES_CHUNK,
    pq.ExecStatus.SINGLE_TUPLE, pq.ExecStatus.PIPELINE_ABORTED,
})  # fmt: skip
_ROWS: Final = frozenset({pq.ExecStatus.TUPLES_CHUNK, pq.ExecStatus.SINGLE_TUPLE})


class NoTrip(Exception):
    """The server answered with what is no part of a trip (COPY): the connection is of no use any more."""


@dataclass(slots=True)
class _Known:
    """A statement, and the name that it has once it is prepared."""

    name: bytes
    uses: int = 0


class Connection(AsyncConnection[Any]):
    """Counts the statements that it is given, so that those that come often are prepared."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.known: OrderedDict[tuple[bytes, tuple[int, ...]], _Known] = OrderedDict()
        self._named = 0

    def counted(self, text: bytes, types: tuple[int, ...]) -> tuple[_Known, _Known | None]:
        """A statement that comes once more, and the one that is forgotten for it."""
        key = (text, types)
        found = self.known.pop(key, None)
        if found is None:
            self._named += 1
            found = _Known(b"ductape_%d" % self._named)
        found.uses += 1
        self.known[key] = found
        return found, self.known.popitem(last=False)[1] if len(self.known) > KNOWN else None

    async def simple(self, text: bytes) -> list[PGresult]:
        """What statements of our own give. Raises psycopg.Error."""
        results = await self.wait(_simple(self.pgconn, text))
        for result in results:
            if result.status in _FAILED:
                raise psycopg.errors.error_from_result(result)
        return results


@dataclass(slots=True)
class Answer:
    """Of one command. `tag` is the server's word for what it did, `error` what went wrong, `came`: there is any."""

    tag: bytes = b""
    error: psycopg.Error | None = None
    came: bool = False
    when_done: Callable[[], None] | None = None

    def take(self, result: PGresult) -> bool:
        """One more part of it; whether more is wanted."""
        if result.status in _FAILED:
            self.error = psycopg.errors.error_from_result(result)
        elif result.status not in _KNOWN:
            raise NoTrip
        self.tag = result.command_status or self.tag
        return True

    def begun(self, pgconn: PGconn) -> None:
        """Its first part is about to come."""


@dataclass(slots=True)
class Rows(Answer):
    """Of a statement of a product's: its rows, in pieces, as far as there is room for them."""

    transformer: kinds.Transformer = field(default_factory=Transformer)
    bounds: Bounds = field(default_factory=lambda: Bounds(0, 0))
    given: Given = field(default_factory=Given)
    broken_off: bool = False

    def begun(self, pgconn: PGconn) -> None:
        """Rows come in pieces, so that a large result never lies in memory."""
        pgconn.set_chunked_rows_mode(CHUNK)

    def take(self, result: PGresult) -> bool:
        """False where there is no room for more, and no need to read them."""
        Answer.take(self, result)
        if (result.command_status or b"").startswith(_CHANGES):  # of the last piece of rows, or of the end
            self.given.changed = result.command_tuples or 0
        if result.status in _ROWS:
            return self._rows(result)
        if result.status == pq.ExecStatus.TUPLES_OK and self.given.rows is None:
            self.given.name(_names(result))
        return True

    def _rows(self, result: PGresult) -> bool:
        is_first = self.given.rows is None
        self.transformer.set_pgresult(result, set_loaders=is_first)
        if is_first:
            self.given.name(_names(result))
        if self.given.truncated:
            return True
        for row in self.transformer.load_rows(0, result.ntuples, tuple):
            if not self.given.take(row, self.bounds):
                self.broken_off = not self.bounds.drains
                return self.bounds.drains
        return True


class Trip:
    """Commands, sent with the first `go`. Belongs to one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._pgconn = connection, connection.pgconn
        self._waiting: deque[Answer] = deque()
        self._commands: list[Callable[[], None]] = []
        self._began = False
        self.was_prepared = False
        self.failed: psycopg.Error | None = None

    def add(self, text: bytes, values: Sequence[Value] = (), answer: Answer | None = None) -> Answer:
        """One statement, with `$1` and so on for its values. Raises psycopg.Error for values that cannot be sent."""
        answer = answer or Answer()
        transformer = answer.transformer if isinstance(answer, Rows) else Transformer(self._connection)
        bound = transformer.dump_sequence(values, [PyFormat.AUTO] * len(values)) if values else []
        types, formats = transformer.types or (), transformer.formats
        name = self._prepared(text, types)
        if name:
            self.was_prepared = True
            self._send(partial(self._pgconn.send_query_prepared, name, bound, formats), answer)
        else:
            self._send(partial(self._pgconn.send_query_params, text, bound, types, formats), answer)
        return answer

    def flush(self) -> None:
        """The server answers what comes before this at once, also where the rest takes long."""
        self._commands.append(self._pgconn.send_flush_request)

    def go(self) -> PQGen[bool]:
        """Whether everything is read; where not, the rest may be cancelled, and read by another `go`."""
        if not self._began:
            self._began = True
            self._pgconn.enter_pipeline_mode()
            for command in self._commands:
                command()
            self._pgconn.pipeline_sync()
            yield from send(self._pgconn)
            if self._waiting:
                self._waiting[0].begun(self._pgconn)
        while self._waiting:
            answer = self._waiting[0]
            while (result := (yield from fetch(self._pgconn))) is not None:
                answer.came = True
                if not answer.take(result):
                    return False
            if not answer.came or self._pgconn.status == pq.ConnStatus.BAD:
                raise self.failed or answer.error or psycopg.OperationalError("the connection is lost")
            self._done(self._waiting.popleft())
        yield from fetch(self._pgconn)  # the end of the pipeline, which nothing follows
        self._pgconn.exit_pipeline_mode()
        return True

    def _done(self, answer: Answer) -> None:
        if answer.error is not None:
            self.failed = self.failed or answer.error
        if self.failed is not None:
            return
        if answer.when_done is not None:
            answer.when_done()
        if self._waiting:
            self._waiting[0].begun(self._pgconn)

    def _prepared(self, text: bytes, types: tuple[int, ...]) -> bytes:
        """The name of a statement that comes often; it is prepared on the way when it comes for the fifth time."""
        if len(text) > LONGEST:
            return b""
        found, forgotten = self._connection.counted(text, types)
        if forgotten is not None and forgotten.uses >= PREPARED_AFTER:
            self._send(partial(self._pgconn.send_close_prepared, forgotten.name), Answer())
        if found.uses == PREPARED_AFTER:
            self._send(partial(self._pgconn.send_prepare, found.name, text, types), Answer())
        return found.name if found.uses >= PREPARED_AFTER else b""

    def _send(self, command: Callable[[], None], answer: Answer) -> None:
        self._commands.append(command)
        self._waiting.append(answer)


def numbered(statement: Statement) -> tuple[bytes, tuple[str, ...]]:
    """Its text with `$1` and so on between the pieces, and those marks."""
    marks = tuple(f"${number}" for number in range(1, len(statement.pieces)))
    pieces = statement.pieces
    text = pieces[0] + "".join(mark + piece for mark, piece in zip(marks, pieces[1:], strict=True))
    return text.encode(), marks


def _simple(pgconn: PGconn, text: bytes) -> PQGen[list[PGresult]]:
    pgconn.send_query(text)
    results: list[PGresult] = yield from execute(pgconn)
    return results


def _names(result: PGresult) -> list[str]:
    return [(result.fname(number) or b"").decode("utf-8", "replace") for number in range(result.nfields)]
