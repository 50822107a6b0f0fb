"""PostgreSQL through psycopg: values bound by the protocol, rows in pieces, statements stopped on the server."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Loader, Transformer
from psycopg.types import TypeInfo
from psycopg.types.hstore import register_hstore

from processors.connectors.resources import ResourcePlace
from processors.connectors.sql.dialling import Dialler
from processors.connectors.sql.postgresql_trips import Connection, NoTrip, Rows, Trip, numbered
from processors.connectors.sql.sessions import Answered, Bounds, Failure, Given, SqlFailed
from processors.connectors.sql.tls import authority_file
from processors.connectors.sql.values import (
    base64_text,
    clock,
    decimal_text,
    floating,
    json_value,
    moment,
    moment_in_utc,
)
from products.lib.jsontypes import Json
from products.lib.sql_places import SqlPlace, place_in
from products.lib.sql_statements import Statement

CANCEL_S: Final = 5.0
_MODES: Final = {"verify": "verify-full", "require": "require", "off": "disable"}
_ENDS: Final = frozenset({b"COMMIT", b"ROLLBACK", b"PREPARE TRANSACTION"})
_HSTORE: Final = b"SELECT oid, typarray FROM pg_type WHERE oid = to_regtype('hstore')"
_SETTINGS: Final = (
    b"SELECT set_config('statement_timeout', $1, true), set_config('search_path', $2, true), "
    b"set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true), "
    b"set_config('intervalstyle', 'iso_8601', true), "
    b"set_config('standard_conforming_strings', 'on', true)"  # quotes as they are read on saving
)
# By SQLSTATE, its class of two characters where the whole is not here (PostgreSQL's manual, appendix A).
_KINDS: Final = {
    "28": "auth", "3D": "missing_database", "3F": "missing_database", "23": "constraint", "22": "value",
    "42501": "denied", "53300": "throttled", "53": "unavailable", "53100": "full", "40": "busy", "55P03": "busy",
    "57014": "timeout", "57P": "lost", "57P03": "unavailable", "08": "lost", "25006": "read_only", "0A": "rejected",
}  # fmt: skip
# libpq gives no SQLSTATE for what fails while connecting.
_WHILE_CONNECTING: Final = (
    (re.compile(r"password authentication failed|no password supplied|authentication failed|role \".*\" does not exist"
                r"|no pg_hba\.conf entry|is not permitted to log in", re.IGNORECASE), "auth"),
    (re.compile(r"database \".*\" does not exist", re.IGNORECASE), "missing_database"),
    (re.compile(r"too many (connections|clients)|remaining connection slots", re.IGNORECASE), "throttled"),
    (re.compile(r"certificate|\bSSL\b|\bTLS\b", re.IGNORECASE), "tls"),
    (re.compile(r"starting up|shutting down|in recovery", re.IGNORECASE), "unavailable"),
    (re.compile(r"timeout expired", re.IGNORECASE), "deadline"),
)  # fmt: skip


class PostgresDialect:
    """`lasting_ddl` is false: changes of the schema are part of the transaction."""

    name = "postgresql"
    url = "postgresql+psycopg://"
    lasting_ddl = False

    def __init__(self, dialler: Dialler) -> None:
        self._dialler = dialler

    async def connect(self, place: ResourcePlace) -> Connection:
        """To the first address that answers."""
        connection = await self._connected(place)
        try:
            async with _failing():
                await _adapt(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def disconnect(self, driver: Any) -> None:
        """Ends it."""
        await driver.close()

    def session(self, driver: Any, place: ResourcePlace) -> PostgresSession:
        """For one checked-out connection."""
        return PostgresSession(driver, str(place.settings.get("schema") or "public"))

    def target(self, place: ResourcePlace) -> str:
        """Without user and password."""
        settings = place.settings
        return f"postgresql://{settings.get('host')}:{settings.get('port')}/{settings.get('database')}"

    def explained(self, statement: Statement) -> Statement:
        """The plan as JSON; nothing is run."""
        return statement.after("EXPLAIN (FORMAT JSON) ")

    async def _connected(self, place: ResourcePlace) -> Connection:
        settings = place.settings
        addresses = await self._dialler.addresses(place)
        tls = str(settings.get("tls") or "verify")
        async with authority_file(str(settings.get("tls_ca") or ""), wanted=tls == "verify") as authority:
            try:
                return await Connection.connect(
                    host=",".join([self._dialler.name(place)] * len(addresses)),  # what the certificate must say
                    hostaddr=",".join(addresses),
                    port=settings.get("port"),
                    dbname=settings.get("database"),
                    user=settings.get("user"),
                    password=str(settings.get("password") or ""),
                    sslmode=_MODES[tls],
                    sslrootcert=authority or None,
                    sslcertmode="disable",
                    gssencmode="disable",
                    passfile="/dev/null/none",
                    connect_timeout=10,
                    keepalives_idle=30,
                    keepalives_interval=10,
                    keepalives_count=3,
                    application_name="ductape",
                    client_encoding="UTF8",
                    autocommit=True,
                )
            except psycopg.Error as error:
                raise SqlFailed(_connecting(error), lost=True) from None


class PostgresSession(Answered):
    """One connection in use."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection, self._schema = connection, schema
        self._opening: tuple[bytes, tuple[str, ...]] | None = None
        self.spent = False

    def begin(self, *, read_only: bool, limit_s: float) -> None:
        """Sent with the first statement. What is set lasts as long as the transaction. The SELECT takes the snapshot:
        after it no statement can make a read-only transaction one that writes (PostgreSQL's manual, SET TRANSACTION).
        """
        limit = str(max(1, int(limit_s * 1000)))
        self._opening = (b"BEGIN READ ONLY" if read_only else b"BEGIN READ WRITE", (limit, _quoted(self._schema)))

    async def execute(self, statement: Statement, bounds: Bounds, *, ends: bool = False) -> Given:
        """In one trip, with the transaction's beginning and its end where it may have that."""
        text, marks = numbered(statement)
        rows = Rows(transformer=Transformer(self._connection), bounds=bounds)
        opening = self._opening
        async with _failing():
            trip = self._opened()
            trip.add(text, statement.values, rows)
            if ends:
                trip.add(b"COMMIT")
            self._opening = None
            if not await self._connection.wait(trip.go()):  # there is more than anybody wants
                await self._connection.cancel_safe(timeout=CANCEL_S)
                await self._connection.wait(trip.go())
        if opening is not None and trip.was_prepared and _is_outdated(trip.failed):
            await self.rollback()  # nothing was done before it, and nothing is prepared any more
            self._opening = opening
            return await self.execute(statement, bounds, ends=ends)
        if trip.failed is not None and not rows.broken_off:
            raise _failed(trip.failed, statement if trip.failed is rows.error else None, marks)
        is_over = self._connection.pgconn.transaction_status == pq.TransactionStatus.IDLE
        if rows.tag in _ENDS or (is_over and not ends):
            raise SqlFailed(Failure("ended", message="The statement ended the transaction it was run in."), lost=True)
        return rows.given

    async def commit(self) -> None:
        """Makes it last."""
        if self._is_open:
            async with _failing():
                await self._connection.simple(b"COMMIT")

    async def rollback(self) -> None:
        """Takes it back. What was prepared goes as well: it may be what does not fit the tables any more."""
        if self._is_open:
            async with _failing():
                self._connection.known.clear()
                await self._connection.simple(b"ROLLBACK; DEALLOCATE ALL")

    def hang_up(self) -> None:
        """The descriptor stays libpq's: closing it here could close another connection's."""
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self._connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    async def stop(self) -> None:
        """psycopg asks the server to cancel as soon as what waits is cancelled; what is left is hung up on."""
        if self._connection.pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
            await self._connection.cancel_safe(timeout=CANCEL_S)

    @property
    def _is_open(self) -> bool:
        return self._connection.pgconn.transaction_status != pq.TransactionStatus.IDLE

    def _opened(self) -> Trip:
        """With the beginning of the transaction, which is answered at once: who answers is there."""
        trip = Trip(self._connection)
        if self._opening is not None:
            mode, settings = self._opening
            trip.add(mode)
            trip.add(_SETTINGS, settings).when_done = self.heard
            trip.flush()
        return trip


@asynccontextmanager
async def _failing() -> AsyncIterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise _failed(error) from None
    except NoTrip:
        raise SqlFailed(Failure("rejected"), lost=True) from None


def _failed(error: psycopg.Error, statement: Statement | None = None, marks: tuple[str, ...] = ()) -> SqlFailed:
    state = error.sqlstate or ""
    if not state:
        is_lost = isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
        return SqlFailed(Failure("lost" if is_lost else "rejected"), lost=True)
    kind = next((_KINDS[part] for part in (state, state[:3], state[:2]) if part in _KINDS), "rejected")
    said = error.diag
    failure = Failure(
        kind, state, said.message_primary or "", said.constraint_name or "", said.column_name or "",
        _place(statement, marks, said.statement_position),
    )  # fmt: skip  # the detail is left out: it quotes rows
    return SqlFailed(failure, lost=kind == "lost" or state == "57P03")


def _is_outdated(error: psycopg.Error | None) -> bool:
    """A prepared statement gives other columns than it did: a table was changed since (cached plan must not change)."""
    return error is not None and error.sqlstate == "0A000"


def _place(statement: Statement | None, marks: tuple[str, ...], position: str | None) -> SqlPlace | None:
    """The server counts characters, from 1."""
    if statement is None or not position:
        return None
    return place_in(statement, marks, int(position) - 1)


def _connecting(error: psycopg.Error) -> Failure:
    text = str(error)
    return Failure(next((kind for pattern, kind in _WHILE_CONNECTING if pattern.search(text)), "connect"))


def _quoted(schema: str) -> str:
    return '"' + schema.replace('"', '""') + '"'


def _loader(made: Any, *, text: bool = True) -> type[Loader]:
    class Made(Loader):
        def load(self, data: Buffer) -> Json:
            return made(bytes(data).decode("utf-8", "replace") if text else data)

    return Made


def _bytes(text: str) -> str:
    return base64_text(bytes.fromhex(text[2:]) if text.startswith("\\x") else text.encode())


_LOADERS: Final = {
    "timestamp": _loader(moment), "timestamptz": _loader(moment_in_utc), "date": _loader(str), "time": _loader(clock),
    "timetz": _loader(clock), "interval": _loader(str), "numeric": _loader(decimal_text),
    "float4": _loader(lambda text: floating(float(text))), "float8": _loader(lambda text: floating(float(text))),
    "uuid": _loader(str), "json": _loader(json_value), "jsonb": _loader(json_value), "bytea": _loader(_bytes),
    "inet": _loader(str), "cidr": _loader(str),
}  # fmt: skip


async def _adapt(connection: Connection) -> None:
    """Values come as JSON at once; arrays of them too."""
    for name, loader in _LOADERS.items():
        connection.adapters.register_loader(name, loader)
    for found in await connection.simple(_HSTORE):
        if found.ntuples:
            number, array = (int(found.get_value(0, column) or 0) for column in (0, 1))
            register_hstore(TypeInfo("hstore", number, array), connection)
