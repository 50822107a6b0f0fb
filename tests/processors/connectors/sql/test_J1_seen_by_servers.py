"""J1: what a server says of the statement that it was sent, which is what its log shows: no value is part of it."""

from __future__ import annotations

import pytest

from tests.contracts.databases import DatabaseUnderTest
from tests.contracts.payloads import EVIL
from tests.processors.connectors.sql.databases import database

SEEN = {
    "postgresql": "SELECT query AS seen FROM pg_stat_activity WHERE pid = pg_backend_pid() AND {{value:STRING}} <> ''",
    "mysql": "SELECT info AS seen FROM information_schema.processlist WHERE id = CONNECTION_ID() "
    "AND {{value:STRING}} <> ''",
}
CANARY = "canary-4417"


async def seen(under: DatabaseUnderTest, value: str) -> str:
    (row,) = (await under.run({"type": "read", "sql": SEEN[under.provider]}, value=value))["rows"]
    return str(row["seen"])


@pytest.mark.services("postgres")
async def test_J1_postgresql_is_sent_a_placeholder(tmp_path) -> None:
    async with database("postgresql", tmp_path, with_orders=False) as under:
        for evil in EVIL:  # so many that it is a prepared statement before long
            text = await seen(under, f"{CANARY}{evil}")
            assert text == SEEN["postgresql"].replace("{{value:STRING}}", "$1"), evil


@pytest.mark.services("mysql")
async def test_J1_mysql_is_sent_a_number_whose_text_ends_nothing(tmp_path) -> None:
    """Its text protocol has no placeholders: the value is digits, with no quote around it."""
    async with database("mysql", tmp_path, with_orders=False) as under:
        for evil in EVIL:
            text = await seen(under, f"{CANARY}{evil}")
            digits = f"_utf8mb4 0x{f'{CANARY}{evil}'.encode().hex()}"
            assert text == SEEN["mysql"].replace("{{value:STRING}}", digits), evil
