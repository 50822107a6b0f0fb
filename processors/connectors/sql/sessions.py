"""What the connector asks of each database: one transaction at a time, bounded, stoppable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from processors.connectors.resources import ResourcePlace
from processors.connectors.sql.values import column_names, weight
from products.lib.jsontypes import JsonObject
from products.lib.sql_places import SqlPlace
from products.lib.sql_statements import Statement


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many rows and about how many bytes of them are kept. `drains`: the rest is read and dropped.

    A statement that changes something has to be read to its end; one that only reads is broken off.
    """

    rows: int
    size: int
    drains: bool = False


@dataclass(slots=True)
class Given:
    """What one statement gave. `rows` is None where it has none. `changed` counts rows that matched a change."""

    rows: list[JsonObject] | None = None
    changed: int = 0
    truncated: bool = False
    names: tuple[str, ...] = ()
    size: int = 0

    def name(self, names: list[str]) -> None:
        """There are rows to come, with these columns."""
        self.names, self.rows = column_names(names), []

    def take(self, values: Any, bounds: Bounds) -> bool:
        """One more row; whether there is room for another."""
        if self.truncated or self.rows is None:
            return False
        row = dict(zip(self.names, values, strict=True))
        self.size += weight(row)
        if len(self.rows) >= bounds.rows or self.size > bounds.size:
            self.truncated = True
            return False
        self.rows.append(row)
        return True


@dataclass(frozen=True, slots=True)
class Failure:
    """What a database says went wrong. `message` is the server's own, not masked yet."""

    kind: str
    sqlstate: str = ""
    message: str = ""
    constraint: str = ""
    field: str = ""
    place: SqlPlace | None = None


class SqlFailed(Exception):
    """A database refused something; `lost`: the connection is gone as well."""

    def __init__(self, failure: Failure, *, lost: bool = False) -> None:
        super().__init__(failure.kind)
        self.failure, self.lost = failure, lost


class Answered:
    """Whether the server has answered anything since the connection was taken: before that it may have been lost."""

    answered = False
    when_answered: Callable[[], None] | None = None

    def heard(self) -> None:
        """It has."""
        if not self.answered:
            self.answered = True
            if self.when_answered is not None:
                self.when_answered()


class Session(Protocol):
    """One connection, in use by one call. Every method raises SqlFailed. `spent`: it must not be used again."""

    spent: bool
    answered: bool
    when_answered: Callable[[], None] | None

    def begin(self, *, read_only: bool, limit_s: float) -> None:
        """The next statement opens a transaction; the server itself ends statements that take longer than `limit_s`."""
        ...

    async def execute(self, statement: Statement, bounds: Bounds, *, ends: bool = False) -> Given:
        """One statement with its bound values. `ends`: it is the last of a transaction that only reads."""
        ...

    async def commit(self) -> None:
        """Makes it last."""
        ...

    async def rollback(self) -> None:
        """Takes it back."""
        ...

    def hang_up(self) -> None:
        """Ends the connection at once, so that who waits for it hears of it."""
        ...

    async def stop(self) -> None:
        """Ends what is still running on the server; the connection is not used again."""
        ...


class Dialect(Protocol):
    """One kind of database."""

    name: str
    url: str  # by which SQLAlchemy knows the dialect and its driver
    lasting_ddl: bool  # whether changes of the schema are committed at once, whatever the transaction does

    async def connect(self, place: ResourcePlace) -> Any:
        """A new connection, the driver's own. Raises SqlFailed, OutboundError."""
        ...

    async def disconnect(self, driver: Any) -> None:
        """Ends it, whatever state it is in."""
        ...

    def session(self, driver: Any, place: ResourcePlace) -> Session:
        """For one checked-out connection."""
        ...

    def target(self, place: ResourcePlace) -> str:
        """Where it is, for people: without user and password."""
        ...

    def explained(self, statement: Statement) -> Statement:
        """The statement that gives the plan of this one."""
        ...


def plain_statement(text: str, *values: Any) -> Statement:
    """One of our own, its values in place of `?`."""
    return Statement(tuple(text.split("?")), values, text)
