"""Actions of databases: by primary key through the connector, against the bare driver, in the same run."""

from __future__ import annotations

import asyncio
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import aiosqlite
import asyncmy
import psycopg

from bench.figures import Figure, figure
from processors.connectors.resources import ResourceCall, ResourcePlace
from processors.connectors.sql.connector import SqlConnector
from products.lib.addresses import AddressPolicy

URLS = {
    "postgresql": os.environ.get("DUCTAPE_TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "mysql": os.environ.get("DUCTAPE_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/mysql"),
}
READ = {"type": "read", "sql": "SELECT id, name, stock FROM bench WHERE id = {{id:INTEGER}}"}
RESERVE = {"type": "update", "sql": "UPDATE bench SET stock = stock - 1 WHERE id = {{id:INTEGER}} AND stock > 0"}
MAKE = "CREATE TABLE bench (id INTEGER PRIMARY KEY, name VARCHAR(100), stock INTEGER)"
ROWS = 1_000
SETTINGS = {"pool_size": 5, "idle_s": 300, "statement_s": 30}
Once = Callable[[int], Awaitable[Any]]


def of_databases(*, quick: bool) -> list[Figure]:
    """Milliseconds of a call, one after the other; what of it is our own; calls a second with many at once."""
    return [each for provider in ("postgresql", "mysql", "sqlite") for each in asyncio.run(_of(provider, quick=quick))]


async def _of(provider: str, *, quick: bool) -> list[Figure]:
    rounds, count = (3, 200) if quick else (5, 1_000)
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="ductape-bench-") as folder:
        async with _database(provider, Path(folder)) as (connector, place, bare):
            for name, action, changes in (("read by key", READ, False), ("conditional update", RESERVE, True)):
                call = _caller(connector, place, action)
                pairs = [(await _each(call, count), await _each(bare(changes), count)) for _ in range(rounds)]
                through, alone = ([pair[side] * 1_000 for pair in pairs] for side in (0, 1))
                own = [one - other for one, other in zip(through, alone, strict=True)]
                found.append(figure(f"{provider}, {name}, through the connector", "ms", through))
                found.append(figure(f"{provider}, {name}, bare driver, the same transaction", "ms", alone))
                found.append(figure(f"{provider}, {name}, our own part", "ms", own))
            many = [await _many(_caller(connector, place, READ), count) for _ in range(rounds)]
            found.append(figure(f"{provider}, read by key, 100 at once on 5 connections", "calls/s", many))
            once = _caller(connector, _exactly_once(place), RESERVE, keyed=True)
            noted = [await _each(once, count) * 1_000 for _ in range(rounds)]
            found.append(figure(f"{provider}, conditional update, exactly once", "ms", noted))
    return found


async def _each(once: Once, count: int) -> float:
    """The median of a call, in seconds."""
    for number in range(20):
        await once(number)
    took = []
    for number in range(count):
        began = time.perf_counter()
        await once(number)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


async def _many(once: Once, count: int) -> float:
    gate = asyncio.Semaphore(100)

    async def one(number: int) -> None:
        async with gate:
            await once(number)

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(count)))
    return count / (time.perf_counter() - began)


def _caller(connector: SqlConnector, place: ResourcePlace, action: Any, *, keyed: bool = False) -> Once:
    async def once(number: int) -> Any:
        call = ResourceCall(place, "run", action, {"id": number % ROWS})
        key = uuid4().hex if keyed else ""
        return await connector.call(call, deadline_s=30.0, max_bytes=1_000_000, idempotency_key=key)

    return once


def _exactly_once(place: ResourcePlace) -> ResourcePlace:
    settings = {**place.settings, "exactly_once": True}
    return ResourcePlace(uuid4(), place.workspace_id, place.provider, settings, "once", place.folder)


@asynccontextmanager
async def _database(provider: str, root: Path) -> AsyncIterator[tuple[SqlConnector, ResourcePlace, Any]]:
    """A connector, a place with a filled table, and what makes bare callers."""
    name = f"ductape_bench_{secrets.token_hex(4)}"
    settings: dict[str, Any] = {**SETTINGS, "file": "data"}
    ports: list[str] = []
    if provider != "sqlite":
        parts = urlsplit(URLS[provider])
        settings |= {"host": parts.hostname, "port": parts.port, "database": name, "tls": "off", "schema": "public"}
        settings |= {"user": unquote(parts.username or ""), "password": unquote(parts.password or "")}
        ports.append(f"{parts.hostname}:{parts.port}")
    await _administer(provider, settings, f"CREATE DATABASE {name}")
    connector = SqlConnector(AddressPolicy.from_entries(ports), root)
    place = ResourcePlace(uuid4(), UUID(int=0), provider, settings, "one", "bench")
    bare, close = None, None
    try:
        await _fill(connector, place)
        bare, close = await _BARE[provider](settings, root)
        yield connector, place, bare
    finally:
        if close:
            await close()
        await connector.close()
        force = " WITH (FORCE)" if provider == "postgresql" else ""
        await _administer(provider, settings, f"DROP DATABASE {name}{force}")


async def _fill(connector: SqlConnector, place: ResourcePlace) -> None:
    rows = ", ".join(f"({number}, 'name {number}', 1000000)" for number in range(ROWS))
    for sql in (MAKE, f"INSERT INTO bench VALUES {rows}"):
        call = ResourceCall(place, "run", {"type": "create", "sql": sql})
        await connector.call(call, deadline_s=60.0, max_bytes=1_000_000)


async def _administer(provider: str, settings: dict[str, Any], statement: str) -> None:
    if provider == "postgresql":
        url = URLS[provider]
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute(statement.encode())
    elif provider == "mysql":
        async with await _mysql(settings, "mysql") as connection, connection.cursor() as cursor:
            await cursor.execute(statement)


async def _mysql(settings: dict[str, Any], database: str) -> Any:
    known = {name: settings[name] for name in ("host", "port", "user")}
    return await asyncmy.connect(**known, password=settings["password"].encode(), database=database, autocommit=True)


async def _bare_postgresql(settings: dict[str, Any], _: Path) -> tuple[Callable[[bool], Once], Any]:
    names = {name: settings[name] for name in ("host", "port", "user", "password")}
    connection = await psycopg.AsyncConnection.connect(**names, dbname=settings["database"], autocommit=True)

    def caller(changes: bool) -> Once:
        mode = "READ WRITE" if changes else "READ ONLY"
        text = RESERVE["sql"] if changes else READ["sql"]
        sql = text.replace("{{id:INTEGER}}", "%s").encode()

        async def once(number: int) -> Any:
            await connection.execute(f"BEGIN {mode}; SET LOCAL statement_timeout = 30000".encode())
            cursor = await connection.execute(sql, [number % ROWS])
            rows = await cursor.fetchall() if cursor.description else []
            await connection.execute(b"COMMIT")
            return rows

        return once

    return caller, connection.close


async def _bare_mysql(settings: dict[str, Any], _: Path) -> tuple[Callable[[bool], Once], Any]:
    connection = await _mysql(settings, settings["database"])

    def caller(changes: bool) -> Once:
        text = (RESERVE["sql"] if changes else READ["sql"]).replace("{{id:INTEGER}}", "%s")

        async def once(number: int) -> Any:
            async with connection.cursor() as cursor:
                await cursor.execute(f"START TRANSACTION READ {'WRITE' if changes else 'ONLY'}")
                await cursor.execute(text, [number % ROWS])
                rows = await cursor.fetchall() if cursor.description else []
                await connection.commit()
            return rows

        return once

    return caller, connection.ensure_closed


async def _bare_sqlite(_: dict[str, Any], root: Path) -> tuple[Callable[[bool], Once], Any]:
    connection = await aiosqlite.connect(root / "bench" / "data.sqlite3", isolation_level=None)

    def caller(changes: bool) -> Once:
        text = (RESERVE["sql"] if changes else READ["sql"]).replace("{{id:INTEGER}}", "?")

        async def once(number: int) -> Any:
            await connection.execute_fetchall("BEGIN IMMEDIATE" if changes else "BEGIN")
            rows = await connection.execute_fetchall(text, [number % ROWS])
            await connection.execute_fetchall("COMMIT")
            return rows

        return once

    return caller, connection.close


_BARE: dict[str, Any] = {"postgresql": _bare_postgresql, "mysql": _bare_mysql, "sqlite": _bare_sqlite}
