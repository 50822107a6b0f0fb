"""R21: no statement of SQLite takes a worker along, whatever it asks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from processors.connectors import errors
from processors.connectors.sql import sqlite
from tests.processors.connectors.sql.databases import database
from tests.processors.connectors.sql.test_sql_faults import failing, sql

MOST_MB = 900
MANY = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {many}) SELECT "
# A process of its own, so that what it takes is this statement's alone.
ASK = """
import asyncio, resource, sys
from pathlib import Path
from uuid import uuid4
from processors.connectors.errors import ConnectorError
from processors.connectors.resources import ResourceCall, ResourcePlace
from processors.connectors.sql.connector import SqlConnector
from products.lib.addresses import AddressPolicy

async def main():
    settings = {"file": "data", "max_mb": 64, "pool_size": 5, "idle_s": 300, "statement_s": 60, "read_only": False}
    place = ResourcePlace(uuid4(), uuid4(), "sqlite", settings, "one", "shop")
    connector = SqlConnector(AddressPolicy.from_entries([]), Path(sys.argv[1]))
    async def query(text):
        call = ResourceCall(place, "query", {}, {"text": text, "limit": 200})
        return (await connector.call(call, deadline_s=60, max_bytes=10_000_000)).output
    await query("SELECT 1")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        print("rows", len((await query(sys.argv[2]))["rows"]))
    except ConnectorError as error:
        print("refused", type(error).__name__)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
    assert (await query("SELECT 2 AS two"))["rows"] == [{"two": 2}], "the next one is served"
    await connector.close()

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "text",
    [
        MANY.format(many=25) + "randomblob(60000000) AS b FROM n ORDER BY b",
        MANY.format(many=120) + "randomblob(9900000) AS b FROM n ORDER BY b",
        MANY.format(many=250) + "randomblob(9900000) AS b FROM n",
        "SELECT " + ", ".join("zeroblob(9900000)" for _ in range(900)),
        "SELECT " + ", ".join(f"randomblob(9900000) AS a{number}" for number in range(30)),
    ],
    ids=["too long", "sorted", "rows", "columns", "a row"],
)
def test_R21_the_memory_of_a_statement_is_bounded(tmp_path: Path, text: str) -> None:
    done = subprocess.run([sys.executable, "-c", ASK, str(tmp_path), text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, grew = done.stdout.splitlines()
    assert int(grew) < MOST_MB, done.stdout


async def test_R21_a_large_sort_of_small_rows_is_put_aside_on_the_disk(tmp_path: Path) -> None:
    async with database("sqlite", tmp_path) as under:
        text = MANY.format(many=60_000) + "hex(randomblob(4000)) AS b FROM n ORDER BY b"
        got = await under.call("query", text=text, limit=3)
        assert len(got.output["rows"]) == 3, "more than SQLite may have in memory"


async def test_R21_a_statement_that_fills_the_disk_with_what_it_puts_aside_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote = iter(range(0, 10**15, sqlite.SPILLED // 2))
    async with database("sqlite", tmp_path) as under:
        with monkeypatch.context() as patched:
            patched.setattr(sqlite, "_written", lambda: next(wrote))
            error = await failing(under.run(sql(MANY.format(many=10**9) + "i FROM n ORDER BY i DESC", "read")))
        assert type(error) is errors.RemoteUnavailable
        assert "space" in error.message
        assert (await under.run("count", least=0)) == {"count": 0}
