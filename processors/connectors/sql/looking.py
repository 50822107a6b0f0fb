"""What the dashboard asks of a database: is it there, what is in it, what would a statement do."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Inspector
from sqlalchemy.engine.default import DefaultDialect

from processors.connectors import errors
from processors.connectors.sql.attempts import Attempt, schema_of
from processors.connectors.sql.sessions import Bounds, Failure, SqlFailed
from processors.connectors.sql.values import plain
from products.lib.database_actions import read_action
from products.lib.errors import Invalid
from products.lib.jsontypes import Json, JsonObject
from products.lib.sql_statements import Place, Statement, statements, without_values
from products.lib.sql_texts import SqlProblem, read_sql

MAX_TABLES: Final = 5_000
MAX_ROWS: Final = 1_000
SOME_ROWS: Final = 50
_VERSION: Final = {
    "postgresql": "SELECT current_setting('server_version') AS version, pg_backend_pid() IS NOT NULL AS alive",
    "mysql": "SELECT VERSION() AS version, 1 AS alive",
    "sqlite": "SELECT sqlite_version() AS version, 1 AS alive",
}


async def check(attempt: Attempt) -> Json:
    """`version`, `latency_ms` of one transaction on an open connection, `read_only`."""
    statement = Statement((_VERSION[attempt.dialect.name],), (), _VERSION[attempt.dialect.name])
    async with attempt.transaction(read_only=True) as session:
        began = time.perf_counter()
        given = await attempt.execute(session, statement, Bounds(1, 10_000))
        took = (time.perf_counter() - began) * 1_000
    version = str((given.rows or [{}])[0].get("version", ""))
    product = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}.get(
        attempt.dialect.name, "MariaDB" if "maria" in version.lower() else "MySQL"
    )
    return {
        "product": product,
        "version": version[:100],
        "latency_ms": round(took, 3),
        "read_only": attempt.read_only,
    }


async def tables(attempt: Attempt) -> Json:
    """`tables`: name and kind (table or view), by name."""
    schema = schema_of(attempt)

    def look(inspector: Inspector) -> list[JsonObject]:
        found = [{"name": name, "kind": "table"} for name in inspector.get_table_names(schema)]
        found += [{"name": name, "kind": "view"} for name in inspector.get_view_names(schema)]
        return sorted(found, key=lambda each: str(each["name"]))

    found = await attempt.inspect(look)
    return {"tables": found[:MAX_TABLES], "truncated": len(found) > MAX_TABLES}


async def columns(attempt: Attempt) -> Json:
    """`columns`, `primary_key`, `foreign_keys` and `indexes` of a table, and the `query` that reads it."""
    name, schema = _text(attempt, "table"), schema_of(attempt)

    def look(inspector: Inspector) -> JsonObject:
        _need(inspector, name, schema)
        return {
            "columns": [_column(each) for each in inspector.get_columns(name, schema)],
            "primary_key": list(inspector.get_pk_constraint(name, schema).get("constrained_columns") or []),
            "foreign_keys": [_foreign_key(each) for each in inspector.get_foreign_keys(name, schema)],
            "indexes": [
                {"name": each.get("name"), "columns": list(each["column_names"]), "unique": bool(each["unique"])}
                for each in inspector.get_indexes(name, schema)
            ],
            "query": f"{_all_of(inspector, name, schema)} LIMIT {SOME_ROWS}",
        }

    return await attempt.inspect(look)


async def rows(attempt: Attempt) -> Json:
    """A page of a table, by a column, and by its key, so that no row is on two pages or on none.

    Its name and those of columns are held against what there is, then quoted.
    """
    name, schema = _text(attempt, "table"), schema_of(attempt)
    order = _text(attempt, "order", required=False)
    limit, offset = _number(attempt, "limit", 50, MAX_ROWS), _number(attempt, "offset", 0, 2**53)

    def look(inspector: Inspector) -> str:
        _need(inspector, name, schema)
        quote, column = _quoting(inspector), order.removeprefix("-")
        if order and column not in {each["name"] for each in inspector.get_columns(name, schema)}:
            raise SqlFailed(Failure("no_table", field="order"))
        by = [f"{quote(column)}{' DESC' if order.startswith('-') else ''}"] if order else []
        by += [quote(each) for each in _key(inspector, name, schema) if each != column]
        return f"{_all_of(inspector, name, schema)}{' ORDER BY ' if by else ''}{', '.join(by)}"

    text = f"{await attempt.inspect(look)} LIMIT {limit} OFFSET {offset}"
    return await _read(attempt, Statement((text,), (), text), limit)


async def query(attempt: Attempt) -> Json:
    """A person's own statement. That one which only reads changes nothing is up to the server's transaction; that it
    neither ends that nor writes elsewhere, to its form (Attempt.execute).
    """
    text = _text(attempt, "text")
    try:
        read = read_sql(text, attempt.dialect.name)
    except SqlProblem as error:
        raise Invalid.field("text", str(error)) from None
    if read.placeholders:
        raise Invalid.field("text", "A query has no placeholders.")
    limit = _number(attempt, "limit", 200, MAX_ROWS)
    only_reads = attempt.read_only or attempt.call.input.get("read_only") is not False
    attempt.leftover = True  # what a person sets in a session is gone with it
    places = (Place(0, len(read.pieces[0])),)
    statement = Statement(read.pieces, (), read.pieces[0], True, text, places, read.reads)
    return await _read(attempt, statement, limit, read_only=only_reads, taken_back=only_reads)


async def explain(attempt: Attempt) -> Json:
    """`plans`, one for each statement. Without any input, every value counts as null."""
    call = attempt.call
    action = read_action(call.definition)
    dialect = attempt.dialect.name
    made = statements(action, dialect, call.input) if call.input else without_values(action, dialect)
    plans: list[Json] = []
    # MySQL refuses even the plan of a change where nothing may be changed.
    async with attempt.transaction(read_only=action.reads or not attempt.dialect.lasting_ddl) as session:
        for each in made:
            if not each.plain:
                plans.append({"statement": each.shown, "plan": None})
                continue
            planned = replace(attempt.dialect.explained(each), reads=True)  # nothing is run
            given = await attempt.execute(session, planned, Bounds(1_000, attempt.max_bytes))
            plans.append({"statement": each.shown, "plan": _plan(given.rows or [])})
    return {"plans": plans}


async def _read(
    attempt: Attempt, statement: Statement, limit: int, *, read_only: bool = True, taken_back: bool = False
) -> Json:
    """`taken_back`: for whoever may only look. Functions that PostgreSQL before 16 lets write large objects in a
    transaction that only reads leave none behind, nor do notifications.
    """
    bounds = Bounds(limit, attempt.max_bytes, drains=not read_only)
    async with attempt.transaction(read_only=read_only) as session:
        given = await attempt.execute(session, statement, bounds, ends=read_only and not taken_back)
        if taken_back and not session.spent and not await session.rolled_back():
            raise SqlFailed(Failure("lost"), lost=True)
    return {
        "columns": list(given.names),
        "rows": given.rows or [],
        "count": len(given.rows or []),
        "changed": given.changed,
        "truncated": given.truncated,
    }


def _plan(rows: list[JsonObject]) -> Json:
    """PostgreSQL and MySQL give one value, which is JSON; SQLite gives rows."""
    if len(rows) == 1 and len(rows[0]) == 1:
        return next(iter(rows[0].values()))
    return rows


def _need(inspector: Inspector, name: str, schema: str | None) -> None:
    known = {*inspector.get_table_names(schema), *inspector.get_view_names(schema)}
    if name not in known:
        raise errors.RemoteRejected("There is no table or view of this name.", details={"field": "table"})


def _all_of(inspector: Inspector, name: str, schema: str | None) -> str:
    quote = _quoting(inspector)
    place = f"{quote(schema)}.{quote(name)}" if schema else quote(name)
    return f"SELECT * FROM {place}"  # noqa: S608 - both are names that there are, quoted by the dialect


def _key(inspector: Inspector, name: str, schema: str | None) -> list[str]:
    """The columns that tell every row of a table from the others: its primary key, or unique ones that are never null.

    None where there are no such columns, as of a view.
    """
    if name in inspector.get_view_names(schema):
        return []
    if key := inspector.get_pk_constraint(name, schema).get("constrained_columns"):
        return list(key)
    filled = {each["name"] for each in inspector.get_columns(name, schema) if not each.get("nullable", True)}
    unique: list[Any] = [*inspector.get_unique_constraints(name, schema)]
    unique += [each for each in inspector.get_indexes(name, schema) if each["unique"] and not _is_partial(each)]
    names = (list(each["column_names"]) for each in unique)
    return next((each for each in names if each and filled.issuperset(each)), [])


def _is_partial(index: Any) -> bool:
    return any(name.endswith("_where") for name in index.get("dialect_options", ()))


def _quoting(inspector: Inspector) -> Any:
    dialect = inspector.bind.dialect
    assert isinstance(dialect, DefaultDialect)  # noqa: S101 - for the type checker
    return dialect.identifier_preparer.quote_identifier


def _column(each: Any) -> JsonObject:
    return {
        "name": each["name"],
        "type": str(each["type"]),
        "nullable": bool(each.get("nullable", True)),
        "default": plain(each.get("default")),
        "comment": plain(each.get("comment")),
    }


def _foreign_key(each: Any) -> JsonObject:
    return {
        "columns": list(each["constrained_columns"]),
        "table": each["referred_table"],
        "referred_columns": list(each["referred_columns"]),
    }


def _text(attempt: Attempt, name: str, *, required: bool = True) -> str:
    value = attempt.call.input.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or "\x00" in value or len(value) > 100_000 or (required and not value.strip()):
        raise Invalid.field(name, "This must be text.", code="type")
    return value


def _number(attempt: Attempt, name: str, default: int, most: int) -> int:
    value = attempt.call.input.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Invalid.field(name, "This must be a whole number that is not below zero.", code="type")
    return min(value, most)
