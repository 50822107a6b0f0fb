"""An empty database for a test, on each of the servers that the machine has, and its end."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import asyncmy
import psycopg

from processors.connectors.resources import ResourcePlace
from processors.connectors.sql.connector import SqlConnector
from products.lib.addresses import AddressPolicy
from tests.conftest import SERVICES
from tests.contracts.databases import ORDERS, DatabaseUnderTest

URLS = {
    "postgresql": os.environ.get("DUCTAPE_TEST_POSTGRESQL_URL", SERVICES["postgres"]),
    "mysql": os.environ.get("DUCTAPE_TEST_MYSQL_URL", SERVICES["mysql"]),
}
ROOT_ID = UUID("6f1c2a9e-3b47-4a35-9d55-0f8e6f2b7a11")
LIMITS = {"pool_size": 5, "idle_s": 300, "statement_s": 30, "read_only": False}


def server(provider: str) -> dict[str, Any]:
    """How the machine's server is reached."""
    parts = urlsplit(URLS[provider])
    return {
        "host": parts.hostname, "port": parts.port, "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""), "tls": "off",
    }  # fmt: skip


def policy(*ports: int) -> AddressPolicy:
    """This machine's servers may be called."""
    known = {server(provider)["port"] for provider in URLS}
    return AddressPolicy.from_entries([f"127.0.0.1:{port}" for port in (*known, *ports)])


@asynccontextmanager
async def database(provider: str, root: Path, *, with_orders: bool = True) -> AsyncIterator[DatabaseUnderTest]:
    """A database that nobody else has, dropped afterwards."""
    name = f"ductape_test_{secrets.token_hex(6)}"
    settings = {"file": "data", "max_mb": 64} if provider == "sqlite" else {**server(provider), "database": name}
    if provider == "postgresql":
        settings["schema"] = "public"
    await administer(provider, f"CREATE DATABASE {name}")
    connector = SqlConnector(policy(), root)
    place = ResourcePlace(uuid4(), ROOT_ID, provider, {**LIMITS, **settings}, "one", "acme-shop")
    under = DatabaseUnderTest(provider, place, connector)
    try:
        if with_orders:
            await under.run({"type": "create", **ORDERS})
        yield under
    finally:
        await connector.close()
        await administer(provider, f"DROP DATABASE {name}{' WITH (FORCE)' if provider == 'postgresql' else ''}")


async def administer(provider: str, statement: str) -> list[Any]:
    """One statement by the server's owner, outside of what is tested."""
    if provider == "sqlite":
        return []
    known = server(provider)
    if provider == "postgresql":
        async with await psycopg.AsyncConnection.connect(
            host=known["host"], port=known["port"], user=known["user"], password=known["password"], dbname="postgres",
            autocommit=True,
        ) as connection:  # fmt: skip
            cursor = await connection.execute(statement.encode())
            return await cursor.fetchall() if cursor.description else []
    connection = await asyncmy.connect(
        host=known["host"], port=known["port"], user=known["user"], password=known["password"].encode(), autocommit=True
    )
    async with connection, connection.cursor() as cursor:
        await cursor.execute(statement)
        return list(await cursor.fetchall()) if cursor.description else []
