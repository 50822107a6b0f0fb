"""What SQL has beyond the contract: values of every type, transactions, limits, looking around."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from processors.connectors import errors
from tests.contracts.databases import DatabaseUnderTest
from tests.processors.connectors.sql.databases import administer

TYPES = {
    "postgresql": "(n NUMERIC(30, 10), big BIGINT, f DOUBLE PRECISION, t TIMESTAMP, z TIMESTAMPTZ, d DATE, c TIME, "
    "b BYTEA, u UUID, j JSONB, y BOOLEAN, s TEXT)",
    "mysql": "(n DECIMAL(30, 10), big BIGINT, f DOUBLE, t DATETIME(6), z TIMESTAMP(6) NULL, d DATE, c TIME(6), "
    "b BLOB, u CHAR(36), j JSON, y BOOLEAN, s TEXT)",
    "sqlite": "(n TEXT, big BIGINT, f DOUBLE, t DATETIME, z TIMESTAMPTZ, d DATE, c TIME, b BLOB, u UUID, j JSON, "
    "y BOOLEAN, s TEXT)",
}
BYTES = {"postgresql": "decode('00ff10', 'hex')", "mysql": "x'00ff10'", "sqlite": "x'00ff10'"}
SLEEP = {
    "postgresql": "SELECT pg_sleep(60)",
    "mysql": "SELECT SLEEP(60)",
    "sqlite": "WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x) SELECT COUNT(*) FROM x",
}
ENDLESS = {
    "postgresql": "SELECT a, repeat('x', 1000) AS b FROM generate_series(1, 1000000) a, generate_series(1, 1000) c",
    "mysql": "WITH RECURSIVE x AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM x WHERE i < 900) "
    "SELECT a.i, REPEAT('x', 1000) AS b FROM x a, x b, x c",
    "sqlite": "WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x) SELECT i, hex(zeroblob(500)) FROM x",
}


def action(sql: Any, kind: str = "read", **more: Any) -> dict[str, Any]:
    return {"type": kind, "sql": sql, **more}


async def refused(kind: type[errors.ConnectorError], work: Any) -> errors.ConnectorError:
    with pytest.raises(kind) as caught:
        await work
    assert type(caught.value) is kind
    return caught.value


# Values --------------------------------------------------------------------------------------------------------------


async def test_every_type_comes_back_the_same_from_every_database(under: DatabaseUnderTest) -> None:
    await under.run(action(f"CREATE TABLE kinds {TYPES[under.provider]}", "create"))
    given = {"n": "12345678901234567890.1234567890", "t": "2026-01-31T09:30:00.5Z", "j": {"a": [1, None, "é"]}}
    await under.run(
        action(
            "INSERT INTO kinds VALUES ({{n:NUMBERSTRING}}, 9007199254740993, 1.5, {{t:DATE}}, {{t}}, '2026-01-31', "
            f"'10:00:00.25', {BYTES[under.provider]}, '6f1c2a9e-3b47-4a35-9d55-0f8e6f2b7a11', {{{{j:OBJECT}}}}, "
            "TRUE, 'ü🦆')",
            "create",
        ),
        **given,
    )
    (row,) = (await under.run(action("SELECT * FROM kinds")))["rows"]
    assert row == {
        "n": "12345678901234567890.1234567890", "big": 9007199254740993, "f": 1.5, "t": "2026-01-31T09:30:00.5",
        "z": "2026-01-31T09:30:00.5Z", "d": "2026-01-31", "c": "10:00:00.25", "b": "AP8Q",
        "u": "6f1c2a9e-3b47-4a35-9d55-0f8e6f2b7a11", "j": {"a": [1, None, "é"]}, "y": True, "s": "ü🦆",
    }  # fmt: skip
    await under.run(action("INSERT INTO kinds (s) VALUES ('empty')", "create"))
    (empty,) = (await under.run(action("SELECT * FROM kinds WHERE s = 'empty'")))["rows"]
    assert {key for key, value in empty.items() if value is not None} == {"s"}


async def test_two_columns_of_one_name_are_both_there(under: DatabaseUnderTest) -> None:
    found = await under.run(action("SELECT 1 AS id, 2 AS id, 3 AS id_2"))
    assert sorted(found["rows"][0].values()) == [1, 2, 3]


async def test_J1_a_value_of_another_type_stays_a_value(under: DatabaseUnderTest) -> None:
    found = await under.run(
        action("SELECT {{s:STRING}} AS s, {{n:INTEGER}} + 0 AS n, {{f:FLOAT}} + 0 AS f, {{o:OBJECT}} AS o"),
        s="x'; DROP TABLE orders; --", n=-5, f=-0.5, o={"a'": "\\' -- "},
    )  # fmt: skip
    row = found["rows"][0]
    assert (row["s"], row["n"], float(row["f"])) == ("x'; DROP TABLE orders; --", -5, -0.5)
    assert "a'" in row["o"]
    assert (await under.run("count", least=0)) == {"count": 0}


# Transactions --------------------------------------------------------------------------------------------------------


async def test_statements_are_one_transaction(under: DatabaseUnderTest) -> None:
    order = await under.order(stock=5)
    both = action(["UPDATE orders SET stock = 0 WHERE id = {{id:UUID}}", "INSERT INTO nowhere VALUES (1)"], "update")
    error = await refused(errors.RemoteRejected, under.run(both, id=order))
    assert error.details["statement"] == 2
    assert (await under.run("read", id=order))["rows"][0]["stock"] == 5
    good = action(
        ["SELECT stock FROM orders WHERE id = {{id:UUID}} FOR UPDATE",
         "UPDATE orders SET stock = stock + 1 WHERE id = {{id}}", "SELECT stock FROM orders WHERE id = {{id}}"],
        "update",
    )  # fmt: skip
    if under.provider == "sqlite":  # whose transactions that write have the file to themselves
        good["sql"][0] = good["sql"][0].removesuffix(" FOR UPDATE")
    assert await under.run(good, id=order) == {
        "rows": [{"stock": 6}], "count": 1, "changed": 1, "truncated": False,
        "statements": [{"changed": 0, "count": 1}, {"changed": 1, "count": None}, {"changed": 0, "count": 1}],
    }  # fmt: skip


async def test_two_that_read_and_then_write_lose_nothing(under: DatabaseUnderTest) -> None:
    order = await under.order(stock=0)
    lock = "" if under.provider == "sqlite" else " FOR UPDATE"
    add = action(
        [f"SELECT stock FROM orders WHERE id = {{{{id:UUID}}}}{lock}",
         "UPDATE orders SET stock = stock + 1 WHERE id = {{id}}"],
        "update",
    )  # fmt: skip
    await asyncio.gather(*(under.run(add, id=order) for _ in range(40)))
    assert (await under.run("read", id=order))["rows"][0]["stock"] == 40


@pytest.mark.parametrize("kind", ["read", "aggregate", "count"])
async def test_what_only_reads_is_held_to_it_by_the_server(under: DatabaseUnderTest, kind: str) -> None:
    order = await under.order()
    for sql in ("DELETE FROM orders", "CREATE TABLE sneaky (id INTEGER)", ["SELECT 1", "UPDATE orders SET stock = 0"]):
        await refused(errors.Misconfigured, under.run(action(sql, kind)))
    assert (await under.run("read", id=order))["rows"][0]["stock"] == 10
    tables = (await under.call("tables")).output["tables"]
    assert [each["name"] for each in tables] == ["orders"]


async def test_an_idempotency_key_makes_a_change_happen_once(under: DatabaseUnderTest) -> None:
    order = await under.order(stock=10)
    place = under.with_settings(exactly_once=True)

    async def reserve(key: str) -> Any:
        return (await under.call("run", under.action("reserve"), key=key, place=place, id=order, n=1)).output

    first = await reserve("step-1")
    assert await reserve("step-1") == first
    given = await asyncio.gather(*(reserve("step-2") for _ in range(8)), return_exceptions=True)
    assert all(each == first or isinstance(each, errors.RemoteUnavailable) for each in given)
    assert (await under.run("read", id=order))["rows"][0]["stock"] == 8


# Limits --------------------------------------------------------------------------------------------------------------


async def test_R22_a_huge_result_is_cut_by_rows_and_by_bytes(under: DatabaseUnderTest) -> None:
    by_rows = await under.run(action(ENDLESS[under.provider], max_rows=10))
    assert (by_rows["count"], by_rows["truncated"]) == (10, True)
    by_bytes = (await under.call("run", action(ENDLESS[under.provider], max_rows=100_000), max_bytes=50_000)).output
    assert 10 < by_bytes["count"] < 60
    assert by_bytes["truncated"] is True
    assert (await under.run("count", least=0)) == {"count": 0}  # the connections are in order


async def test_R22_the_server_itself_ends_what_takes_too_long(under: DatabaseUnderTest) -> None:
    error = await refused(errors.DeadlineExceeded, under.run(action(SLEEP[under.provider], timeout="1s")))
    assert (error.details["limit_s"], error.outcome_unknown) == (1.0, False)


@pytest.mark.parametrize("how", ["deadline", "cancel"])
async def test_what_nobody_waits_for_is_ended_on_the_server(under: DatabaseUnderTest, how: str) -> None:
    call = under.call("run", action(SLEEP[under.provider], "update"), deadline_s=1.0 if how == "deadline" else 30.0)
    task = asyncio.create_task(call)
    if how == "cancel":
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        error = await refused(errors.DeadlineExceeded, task)
        assert error.outcome_unknown is False  # nothing was committed
    if under.provider == "sqlite":
        await under.order()  # the one that writes has the file to itself: it must have ended
        return
    async with asyncio.timeout(120):
        while await _sleeping(under):
            await asyncio.sleep(0.05)
    assert (await under.run("count", least=0)) == {"count": 0}


async def _sleeping(under: DatabaseUnderTest) -> list[Any]:
    name = under.place.settings["database"]
    if under.provider == "postgresql":
        return await administer(
            "postgresql", f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name}' AND state = 'active'"
        )
    found = await administer("mysql", f"SELECT info FROM information_schema.processlist WHERE db = '{name}'")
    return [row for row in found if row[0]]


async def test_a_pool_has_no_leak_when_calls_are_cancelled(under: DatabaseUnderTest) -> None:
    order = await under.order(stock=1000)
    for _ in range(20):
        tasks = [asyncio.create_task(under.run("reserve", id=order, n=1)) for _ in range(10)]
        await asyncio.sleep(0.003)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert (await under.run("count", least=0)) == {"count": 1}
    given = await asyncio.gather(*(under.run("reserve", id=order, n=1) for _ in range(20)))
    assert all(each["changed"] == 1 for each in given)


# Looking around ------------------------------------------------------------------------------------------------------


async def test_tables_columns_and_rows(under: DatabaseUnderTest) -> None:
    for stock in (1, 2, 3):
        await under.order(stock=stock)
    await under.run(action("CREATE VIEW cheap AS SELECT * FROM orders", "create"))
    assert (await under.call("tables")).output["tables"] == [
        {"name": "cheap", "kind": "view"}, {"name": "orders", "kind": "table"},
    ]  # fmt: skip
    shape = (await under.call("columns", table="orders")).output
    assert [each["name"] for each in shape["columns"]] == [
        "id",
        "customer",
        "amount",
        "stock",
        "paid",
        "made",
        "payload",
    ]
    assert shape["primary_key"] == ["id"]
    page = (await under.call("rows", table="orders", order="-stock", limit=2, offset=1)).output
    assert [each["stock"] for each in page["rows"]] == [2, 1]
    assert (await under.call("check")).output["version"]


SHUFFLED = (7, 3, 9, 1, 5, 8, 2, 6, 4, 0)
TABLES = {
    "key": "CREATE TABLE pages (kind INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (number))",
    "two": "CREATE TABLE pages (kind INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (kind, number))",
    "unique": "CREATE TABLE pages (kind INTEGER NOT NULL, number INTEGER NOT NULL, UNIQUE (number))",
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("order", ["", "kind", "-kind"])
async def test_every_row_is_on_one_page_of_a_table_whose_rows_are_changed(
    under: DatabaseUnderTest, table: str, order: str
) -> None:
    await under.run(action(TABLES[table], "create"))
    values = ", ".join(f"({number % 2}, {number})" for number in SHUFFLED)
    await under.run(action(f"INSERT INTO pages (kind, number) VALUES {values}", "create"))
    seen = []
    for offset in range(0, len(SHUFFLED), 2):
        given = {"order": order} if order else {}
        page = (await under.call("rows", table="pages", limit=2, offset=offset, **given)).output
        seen += [(each["kind"], each["number"]) for each in page["rows"]]
        # PostgreSQL puts a row that is changed behind the others.
        await under.run(action(f"UPDATE pages SET kind = kind WHERE number = {SHUFFLED[offset]}", "update"))
    by_kind = -1 if order == "-kind" else int(order == "kind" or table == "two")
    assert seen == sorted(((number % 2, number) for number in SHUFFLED), key=lambda row: (by_kind * row[0], row[1]))


@pytest.mark.parametrize("name", ["orders", "select", "two words", "Größe", 'a"b', "a`b"])
async def test_the_query_that_reads_a_table_can_be_run_as_it_is(under: DatabaseUnderTest, name: str) -> None:
    mark = "`" if under.provider == "mysql" else '"'
    quoted = mark + name.replace(mark, mark * 2) + mark
    if name != "orders":
        await under.run(action(f"CREATE TABLE {quoted} (id INTEGER)", "create"))
        await under.run(action(f"INSERT INTO {quoted} (id) VALUES (7)", "create"))
    query = (await under.call("columns", table=name)).output["query"]
    found = (await under.call("query", text=query)).output
    assert found["rows"] == ([] if name == "orders" else [{"id": 7}])
    assert query.endswith(" LIMIT 50")


@pytest.mark.parametrize(
    "name", ["nowhere", 'orders"; DROP TABLE orders; --', "orders`", "pg_catalog.pg_user", "mysql.user"]
)
async def test_J2_names_are_held_against_what_there_is(under: DatabaseUnderTest, name: str) -> None:
    await refused(errors.RemoteRejected, under.call("rows", table=name))
    await refused(errors.RemoteRejected, under.call("columns", table=name))
    await refused(errors.RemoteRejected, under.call("rows", table="orders", order=name))
    for wrong in ({"table": 5}, {"table": "orders", "limit": "5"}, {"table": "orders", "offset": -1}, {}):
        await refused(errors.InputRejected, under.call("rows", **wrong))


async def test_a_query_reads_unless_it_is_said_to_write(under: DatabaseUnderTest) -> None:
    order = await under.order()
    await refused(errors.Misconfigured, under.call("query", text="DELETE FROM orders"))
    found = (await under.call("query", text="SELECT stock FROM orders;")).output
    assert (found["columns"], found["rows"]) == (["stock"], [{"stock": 10}])
    for text in ("SELECT 1; DELETE FROM orders", "COMMIT", "SELECT {{a:STRING}}", ""):
        await refused(errors.InputRejected, under.call("query", text=text, read_only=False))
    changed = (await under.call("query", text="DELETE FROM orders", read_only=False)).output
    assert changed["changed"] == 1
    assert (await under.run("read", id=order))["rows"] == []


async def test_a_plan_is_shown_and_nothing_is_run(under: DatabaseUnderTest) -> None:
    order = await under.order()
    plans = (await under.call("explain", under.action("delete"), id=order)).output["plans"]
    assert plans[0]["plan"]
    assert (await under.call("explain", under.action("reserve"))).output["plans"][0]["plan"]
    assert (await under.run("read", id=order))["count"] == 1


async def test_a_count_has_to_be_one(under: DatabaseUnderTest) -> None:
    for sql in ("SELECT id FROM orders", "SELECT 1, 2", "SELECT 'x'"):
        await refused(errors.RemoteRejected, under.run(action(sql, "count")))


async def test_pools_close_with_another_fingerprint_and_when_idle(under: DatabaseUnderTest) -> None:
    if under.provider == "sqlite":
        assert (await under.run("count", least=0)) == {"count": 0}
        return
    place = under.with_settings(idle_s=0.2)
    await under.call("run", under.action("count"), place=place, least=0)
    name = under.place.settings["database"]
    where = {
        "postgresql": f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name}'",
        "mysql": f"SELECT 1 FROM information_schema.processlist WHERE db = '{name}'",
    }[under.provider]
    async with asyncio.timeout(120):
        while await administer(under.provider, where):
            await asyncio.sleep(0.05)


async def test_an_order_of_a_stranger_is_not_there(under: DatabaseUnderTest) -> None:
    assert (await under.run("read", id=str(uuid4())))["rows"] == []
