"""Where nothing may be changed nothing is, whatever a statement says: in queries, actions and environments."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from processors.connectors import errors
from tests.contracts.databases import DatabaseUnderTest
from tests.processors.connectors.sql.databases import database

WRITES = [
    "DELETE FROM orders",
    "WITH old AS (SELECT 1) DELETE FROM orders",
    "WITH old AS (DELETE FROM orders RETURNING stock) SELECT stock FROM old",
    "EXPLAIN ANALYZE DELETE FROM orders",
    "EXECUTE IMMEDIATE 'BEGIN NOT ATOMIC COMMIT; SET SESSION TRANSACTION READ WRITE; DELETE FROM orders; END'",
    "--\x01SELECT\nEXECUTE IMMEDIATE 'BEGIN NOT ATOMIC COMMIT; DROP TABLE orders; END'",
    "PREPARE made FROM 'DELETE FROM orders'",
    "PREPARE made AS DELETE FROM orders",
    "EXECUTE made",
    "CALL made()",
    "DO $$ BEGIN COMMIT; DELETE FROM orders; END $$",
    "DO SLEEP(0)",
    "SET SESSION transaction_read_only = 0",
    "SET STATEMENT max_statement_time = 1 FOR DELETE FROM orders",
    "COPY (SELECT 1) TO '{file}'",
    "COPY (SELECT 1) TO PROGRAM 'cat > {file}'",
    "LOAD 'auto_explain'",
    "SELECT 1 INTO OUTFILE '{file}'",
    "SELECT 1 INTO/**/DUMPFILE '{file}'",
    "SELECT 1.5INTO OUTFILE '{file}'",
    "VALUES (1) INTO OUTFILE '{file}'",
    "SELECT a --\xa0 INTO OUTFILE '{file}' FROM (SELECT 1 AS a, 2 AS `\xa0`) t",
    "SELECT 1 AS a INTO made",
    "CREATE TABLE made (a INTEGER)",
    "EXPLAIN ANALYZE CREATE TABLE made AS SELECT 1 AS a",
    'EXPLAIN ("analyze") SELECT 1 AS a INTO made',
    "EXPLAIN (ANALYZE) CREATE MATERIALIZED VIEW made AS SELECT 1 AS a",
    "HANDLER orders OPEN",
    "LOCK TABLE orders",
    "ATTACH 'made' AS made",
    "PRAGMA query_only = 0",
    "PRAGMA user_version = 7",
]
OWN_WRITES = {"postgresql": ["-- \rCOPY (SELECT 1) TO '{file}' /*\nSELECT 1 --*/"]}  # a return ends its comments
READS = [
    "SELECT stock FROM orders;",
    "/* a */ SELECT stock FROM orders -- b",
    "with a as (select stock from orders) select stock from a",
    "EXPLAIN SELECT stock FROM orders",
]
OWN_READS = {
    "postgresql": ["((SELECT stock FROM orders))", "TABLE orders", "VALUES (1)", "SHOW server_version",
                   "EXPLAIN (ANALYZE) SELECT 1", "EXPLAIN INSERT INTO orders SELECT * FROM orders"],
    "mysql": ["((SELECT stock FROM orders))", "VALUES (1)", "SHOW CREATE TABLE orders", "DESCRIBE orders",
              "DESC orders"],
    "sqlite": ["VALUES (1)", "PRAGMA table_info(orders)", "EXPLAIN QUERY PLAN SELECT 1"],
}  # fmt: skip
REFUSALS = (errors.Misconfigured, errors.InputRejected, errors.RemoteRejected)


async def tried(under: DatabaseUnderTest, how: str, text: str) -> Any:
    if how == "query":
        return await under.call("query", text=text)
    if how == "action":
        return await under.call("run", {"type": "read", "sql": text})
    return await under.call("run", {"type": "update", "sql": text}, place=under.with_settings(read_only=True))


@pytest.mark.parametrize("how", ["query", "action", "environment"])
async def test_what_only_reads_cannot_be_talked_into_changes(under: DatabaseUnderTest, how: str) -> None:
    file = Path("/tmp") / f"ductape-{secrets.token_hex(8)}"  # where every server may write
    await under.order()
    for text in (*WRITES, *OWN_WRITES.get(under.provider, ())):
        with pytest.raises(REFUSALS):
            await tried(under, how, text.replace("{file}", str(file)))
    assert not file.exists()
    assert [each["name"] for each in (await under.call("tables")).output["tables"]] == ["orders"]
    assert await under.run("count", least=0) == {"count": 1}


@pytest.mark.parametrize("how", ["query", "action", "environment"])
async def test_what_reads_is_done_where_nothing_may_be_changed(under: DatabaseUnderTest, how: str) -> None:
    await under.order(stock=3)
    for text in (*READS, *OWN_READS[under.provider]):
        assert (await tried(under, how, text)).output["count"] > 0, text


async def test_a_refused_statement_says_what_may_be_run(under: DatabaseUnderTest) -> None:
    with pytest.raises(errors.Misconfigured, match=r"only reads\. So a statement begins with SELECT"):
        await under.call("query", text="CALL made()")


@pytest.mark.services("postgres")
@pytest.mark.parametrize(
    "write", ["lo_from_bytea(0, 'made')", "lo_create(0)", "query_to_xml('SELECT lo_create(0)', true, true, '')"]
)
async def test_a_query_that_only_reads_leaves_no_large_object_behind(tmp_path: Path, write: str) -> None:
    async with database("postgresql", tmp_path) as under:
        assert (await under.call("query", text=f"SELECT {write} AS made")).output["count"] == 1
        found = (await under.call("query", text="SELECT COUNT(*) AS n FROM pg_largeobject_metadata")).output
        assert found["rows"] == [{"n": 0}]
