"""MySQL and MariaDB through asyncmy: rows as they come, statements killed on the server when nobody waits for them.

The text protocol has no bound values, so they are written into the statement in a form that can end neither a quote
nor a statement: texts as hexadecimal literals with their character set, numbers as numbers in parentheses. It is the
only form in which rows can be read one by one, so that a large result never lies in memory.
"""

from __future__ import annotations

import asyncio
import math
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import asyncmy
from asyncmy import errors as driver_errors
from asyncmy.constants import CLIENT, FIELD_TYPE
from asyncmy.constants.COMMAND import COM_SET_OPTION
from asyncmy.cursors import SSCursor

from processors.connectors.resources import ResourcePlace
from processors.connectors.sql import tls
from processors.connectors.sql.dialling import Dialler
from processors.connectors.sql.mysql_json import JsonColumns, suspects
from processors.connectors.sql.places import mysql_place
from processors.connectors.sql.sessions import Answered, Bounds, Failure, Given, SqlFailed
from processors.connectors.sql.values import clock, decimal_text, floating, json_value, moment, moment_in_utc, plain
from products.lib.sql_statements import Statement, Value

CHUNK: Final = 200
DRAINED: Final = 5  # chunks that are read and dropped before the connection is, which costs more than they do
_ONE_STATEMENT: Final = b"\x01\x00"  # MYSQL_OPTION_MULTI_STATEMENTS_OFF
_HEX: Final = re.compile(r"0x[0-9a-fA-F]{2,}")
# Strict, so that a value that does not fit is refused as the other databases do; quotes as they are read on saving.
_SETTINGS: Final = (
    "SET NAMES utf8mb4, time_zone = '+00:00', "
    "sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
)
# By number (MySQL's Server Error Message Reference); the rest by SQLSTATE below.
_KINDS: Final = {
    1044: "auth", 1045: "auth", 1698: "auth", 1862: "auth", 2061: "auth", 1049: "missing_database", 1142: "denied",
    1143: "denied", 1227: "denied", 1370: "denied", 1040: "throttled", 1203: "throttled", 1226: "throttled",
    1205: "busy", 1213: "busy", 1020: "busy", 1317: "timeout", 1969: "timeout", 3024: "timeout", 1021: "full",
    1114: "full", 1041: "full", 1792: "read_only", 1290: "read_only", 1836: "read_only", 1053: "unavailable",
    1062: "constraint", 1048: "constraint", 1216: "constraint", 1217: "constraint", 1364: "constraint",
    1451: "constraint", 1452: "constraint", 3819: "constraint", 4025: "constraint", 1264: "value", 1265: "value",
    1292: "value", 1366: "value", 1406: "value", 1365: "value", 1690: "value", 2003: "connect", 2006: "lost",
    2013: "lost", 2014: "lost", 1927: "lost", 2026: "tls", 1153: "value",
}  # fmt: skip
_BY_STATE: Final = {"28": "auth", "23": "constraint", "22": "value", "08": "lost", "40": "busy"}
_CONSTRAINT: Final = re.compile(r"(?:for key '(?:[^'.]*\.)?|CONSTRAINT `)([^'`]{1,64})['`]")
_TYPES: Final = {
    FIELD_TYPE.TIMESTAMP: moment_in_utc, FIELD_TYPE.DATETIME: moment, FIELD_TYPE.DATE: str, FIELD_TYPE.NEWDATE: str,
    FIELD_TYPE.TIME: clock, FIELD_TYPE.DECIMAL: decimal_text, FIELD_TYPE.NEWDECIMAL: decimal_text,
    FIELD_TYPE.TINY: int, FIELD_TYPE.SHORT: int, FIELD_TYPE.LONG: int, FIELD_TYPE.LONGLONG: int,
    FIELD_TYPE.INT24: int, FIELD_TYPE.YEAR: int, FIELD_TYPE.FLOAT: lambda text: floating(float(text)),
    FIELD_TYPE.DOUBLE: lambda text: floating(float(text)), FIELD_TYPE.JSON: json_value,
}  # fmt: skip


class _NoClearText:
    """A server, or who pretends to be one, that asks for the password itself does not get it without TLS."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def authenticate(self, _: Any) -> None:
        """Raises."""
        raise driver_errors.OperationalError(2061, "clear text")


class MysqlDialect:
    """`lasting_ddl`: a change of the schema commits at once whatever was done before."""

    name = "mysql"
    url = "mysql+asyncmy://"
    lasting_ddl = True

    def __init__(self, dialler: Dialler) -> None:
        self._dialler = dialler
        self.json_columns = JsonColumns()

    def session(self, driver: Any, place: ResourcePlace) -> MysqlSession:
        """For one checked-out connection."""
        return MysqlSession(driver, self, place)

    def target(self, place: ResourcePlace) -> str:
        """Without user and password."""
        settings = place.settings
        return f"mysql://{settings.get('host')}:{settings.get('port')}/{settings.get('database')}"

    def explained(self, statement: Statement) -> Statement:
        """The plan as JSON; nothing is run."""
        return statement.after("EXPLAIN FORMAT=JSON ")

    async def connect(self, place: ResourcePlace) -> Any:
        """To the first address that answers."""
        failed = SqlFailed(Failure("connect"), lost=True)
        for address in await self._dialler.addresses(place):
            try:
                return await self._connected(place, address)
            except SqlFailed as error:
                failed = error
                if error.failure.kind != "connect":
                    break
        raise failed

    async def disconnect(self, driver: Any) -> None:
        """With a word to the server, where it still listens."""
        try:
            await driver.ensure_closed()
        finally:
            driver.close()

    async def _connected(self, place: ResourcePlace, address: str) -> Any:
        settings = place.settings
        mode = str(settings.get("tls") or "verify")
        secure = tls.context(mode, str(settings.get("tls_ca") or ""), self._dialler.name(place))
        refused = {} if secure else {"mysql_clear_password": _NoClearText, "dialog": _NoClearText}
        async with _failing():
            connection = await asyncmy.connect(
                host=address,
                port=int(settings.get("port") or 3306),
                database=settings.get("database"),
                user=settings.get("user"),
                password=str(settings.get("password") or "").encode(),
                charset="utf8mb4",
                ssl=secure,
                autocommit=True,
                client_flag=CLIENT.FOUND_ROWS,  # an update counts the rows that it found, as the other databases do
                local_infile=False,
                connect_timeout=10,
                auth_plugin_map=refused,
                conv=_TYPES,
                program_name="ductape",
            )
            driver: Any = connection
            await driver._execute_command(COM_SET_OPTION, _ONE_STATEMENT)
            await driver.read_packet()
            await driver.query(_SETTINGS)
        return driver


class MysqlSession(Answered):
    """One connection in use."""

    def __init__(self, connection: Any, dialect: MysqlDialect, place: ResourcePlace) -> None:
        self._connection, self._dialect, self._place = connection, dialect, place
        self.spent = False
        self._opening: tuple[bool, int] | None = None

    def begin(self, *, read_only: bool, limit_s: float) -> None:
        """Whole seconds, so that they are seldom others than before."""
        self._opening = (read_only, max(1, math.ceil(limit_s)))

    async def execute(self, statement: Statement, bounds: Bounds, *, ends: bool = False) -> Given:
        """One statement; the server was told to refuse more."""
        if self._opening is not None:
            read_only, seconds = self._opening
            async with _failing():
                await self._open(read_only=read_only, seconds=seconds)
            self._opening = None
            self.heard()
        bound = tuple(map(literal, statement.values))
        pieces = statement.pieces
        text = pieces[0] + "".join(value + piece for value, piece in zip(bound, pieces[1:], strict=True))
        given = Given()
        async with _failing(statement, bound, text):
            cursor: Any = SSCursor(self._connection)
            await cursor.execute(text)
            if cursor.description is not None:
                await self._read(cursor, given, bounds)
            else:
                given.changed = max(0, cursor.rowcount)
        return given

    async def commit(self) -> None:
        """Makes it last."""
        if self._opening is None:
            async with _failing():
                await self._connection.commit()

    async def rollback(self) -> None:
        """Takes it back."""
        if self._opening is None:
            async with _failing():
                await self._connection.rollback()

    def hang_up(self) -> None:
        """Without a word to the server."""
        self._connection.close()

    async def stop(self) -> None:
        """Kills what is still running, from another connection, and hangs up."""
        number = self._connection.thread_id()
        self._connection.close()
        with suppress(Exception):
            async with asyncio.timeout(5):
                other = await self._dialect.connect(self._place)
                try:
                    await other.query(f"KILL {int(number)}")
                finally:
                    other.close()

    async def _open(self, *, read_only: bool, seconds: int) -> None:
        """MariaDB ends any statement in time, MySQL only those that read: the rest is killed at the deadline.

        The session itself is read-only as well: a change of the schema would end the transaction and be done after it.
        """
        await self._set(read_only=read_only, seconds=seconds)
        await self._connection.query(f"START TRANSACTION {_access(read_only)}")

    async def _set(self, *, read_only: bool, seconds: int) -> None:
        """Sent only when something is another than before."""
        before = getattr(self._connection, "ductape_set", None)
        if before is None or before[1] != seconds:
            limit = f"max_statement_time = {seconds}" if self._is_maria() else f"max_execution_time = {seconds}000"
            await self._connection.query(f"SET SESSION {limit}, innodb_lock_wait_timeout = {seconds}")
        if before is None or before[0] is not read_only:
            await self._connection.query(f"SET SESSION TRANSACTION {_access(read_only)}")
        self._connection.ductape_set = (read_only, seconds)

    async def _read(self, cursor: Any, given: Given, bounds: Bounds) -> None:
        given.name([column[0] for column in cursor.description])
        documents = suspects(cursor._result.fields) if self._is_maria() else {}
        truths = [number for number, column in enumerate(cursor.description) if _is_truth(column)]
        left = DRAINED
        while rows := await cursor.fetchmany(CHUNK):
            for row in rows:
                values = [value if isinstance(value, (str, int)) else plain(value) for value in row]
                for number in truths:
                    values[number] = _truth(values[number])
                given.take(values, bounds)
            left -= 1 if given.truncated and not bounds.drains else 0
            if not left:
                self.spent = True
                await self.stop()
                return
        if documents and given.rows:
            await self._read_documents(given, documents)

    async def _read_documents(self, given: Given, documents: dict[int, tuple[str, str]]) -> None:
        place = (self._place.id, self._place.fingerprint)
        known = await self._dialect.json_columns.of(self._connection, place)
        names = [given.names[number] for number, column in documents.items() if column in known]
        for row in given.rows or ():
            row.update({name: json_value(row[name]) for name in names if isinstance(row[name], str)})

    def _is_maria(self) -> bool:
        return "maria" in self._connection.get_server_info().lower()


def _access(read_only: bool) -> str:
    return "READ ONLY" if read_only else "READ WRITE"


def literal(value: Value) -> str:
    """A value as text that consists of digits and fixed words only, whatever was given."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value) if value >= 0 else f"({value})"
    if isinstance(value, (float, Decimal)):
        return _number(value)
    data = value.encode("utf-8")
    return f"_utf8mb4 0x{data.hex()}" if data else "''"


def _number(value: float | Decimal) -> str:
    if not math.isfinite(value):
        raise SqlFailed(Failure("value", message="A number that is none cannot be bound."))
    text = str(value)
    return text if text[0] != "-" else f"({text})"


def _is_truth(column: Any) -> bool:
    """TINYINT(1) is what both call BOOLEAN."""
    return bool(column[1] == FIELD_TYPE.TINY and column[3] == 1)


def _truth(value: Any) -> Any:
    return bool(value) if value in {0, 1} and value is not None else value


@asynccontextmanager
async def _failing(
    statement: Statement | None = None, bound: tuple[str, ...] = (), text: str = ""
) -> AsyncIterator[None]:
    """`text` is what was sent, with the values `bound` in it."""
    try:
        yield
    except driver_errors.MySQLError as error:
        failed = _failed(error)
        if statement is not None and failed.failure.sqlstate:
            place = mysql_place(statement, bound, text, str(error.args[1]))
            failed.failure = replace(failed.failure, place=place)
        raise failed from None
    except (OSError, RuntimeError, AssertionError) as error:  # a server that asks for files, or speaks nonsense
        raise SqlFailed(Failure("tls" if _is_tls(error) else "lost"), lost=True) from None


def _failed(error: Any) -> SqlFailed:
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    message = _HEX.sub("…", str(error.args[1])) if len(error.args) > 1 else ""
    state = error.sqlstate or ""
    if not state:  # the driver's own, whose texts name the host
        kind = "tls" if _is_tls(error.__cause__) else _KINDS.get(number, "lost")
        return SqlFailed(Failure(kind), lost=True)
    kind = _KINDS.get(number) or _BY_STATE.get(state[:2], "rejected")
    found = _CONSTRAINT.search(message) if kind == "constraint" else None
    return SqlFailed(Failure(kind, state, message, found[1] if found else ""), lost=kind in {"lost", "auth"})


def _is_tls(error: BaseException | None) -> bool:
    return isinstance(error, ssl.SSLError) or (error is not None and _is_tls(error.__cause__))
