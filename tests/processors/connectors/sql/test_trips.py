"""Few trips to the server, and everything that they must not cost."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from processors.connectors import errors
from processors.connectors.sql import attempts, postgresql_trips
from tests.contracts.databases import DatabaseUnderTest
from tests.processors.connectors.sql.databases import database, server
from tests.processors.connectors.sql.test_sql_faults import behind_proxy
from tests.required import missing

pytestmark = pytest.mark.services("postgres")


@pytest.fixture
async def far(tmp_path: Path) -> Any:
    """PostgreSQL."""
    async with database("postgresql", tmp_path) as made:
        yield made


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One more number for each time that somebody waits for the server."""
    waited: list[int] = []
    wait = postgresql_trips.Connection.wait

    async def counted(self: Any, *given: Any, **more: Any) -> Any:
        waited.append(len(waited))
        return await wait(self, *given, **more)

    monkeypatch.setattr(postgresql_trips.Connection, "wait", counted)
    return waited


async def test_a_read_is_one_trip_and_a_change_two(far: DatabaseUnderTest, trips: list[int]) -> None:
    order = await far.order(stock=5)
    for action, expected in (("read", 1), ("count", 1), ("reserve", 2)):
        given = {"least": 0} if action == "count" else {"id": order, "n": 1} if action == "reserve" else {"id": order}
        for _ in range(8):  # also when the statement is prepared on the way
            trips.clear()
            await far.run(action, **given)
            assert len(trips) == expected, action


async def test_a_slow_statement_on_a_connection_that_was_used_is_not_taken_for_a_dead_line(
    far: DatabaseUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "STALE_S", 0.3)
    quick = await far.run({"type": "read", "sql": "SELECT pg_backend_pid() AS pid"})
    slow = await far.run({"type": "read", "sql": "SELECT pg_backend_pid() AS pid FROM pg_sleep(1.5)"})
    assert slow["rows"] == quick["rows"]  # it is the same connection


async def test_a_change_on_a_line_that_died_unnoticed_is_made_once(far: DatabaseUnderTest) -> None:
    order = await far.order(stock=5)
    with behind_proxy(far) as (near, proxy):
        assert (await near.run("reserve", id=order, n=1))["changed"] == 1
        proxy.deafen()
        assert (await near.run("reserve", id=order, n=1))["changed"] == 1
        proxy.reset_all()
        assert (await near.run("reserve", id=order, n=1))["changed"] == 1
        await near.connector.close()
    assert (await far.run("read", id=order))["rows"][0]["stock"] == 2


async def test_a_prepared_statement_outlives_a_change_of_its_table(far: DatabaseUnderTest) -> None:
    await far.run({"type": "create", "sql": "CREATE TABLE things (a INTEGER)"})
    await far.run({"type": "create", "sql": "INSERT INTO things VALUES (1)"})
    everything = {"type": "read", "sql": "SELECT * FROM things"}
    for _ in range(postgresql_trips.PREPARED_AFTER + 2):
        assert (await far.run(everything))["rows"] == [{"a": 1}]
    known = {name: value for name, value in server("postgresql").items() if name != "tls"}
    async with await psycopg.AsyncConnection.connect(
        **known, dbname=far.place.settings["database"], autocommit=True
    ) as other:
        await other.execute("ALTER TABLE things ADD COLUMN b INTEGER DEFAULT 2")
    for _ in range(3):
        assert (await far.run(everything))["rows"] == [{"a": 1, "b": 2}]


async def test_more_statements_than_are_counted_are_all_run(
    far: DatabaseUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_trips, "KNOWN", 4)
    for _ in range(2):
        for number in range(6):
            for _ in range(postgresql_trips.PREPARED_AFTER + 1):
                found = await far.run({"type": "read", "sql": f"SELECT {number} AS n"})
                assert found["rows"] == [{"n": number}]


async def test_rows_that_a_change_returns_are_counted_as_changed(far: DatabaseUnderTest) -> None:
    await far.order(stock=5)
    await far.order(stock=5)
    given = await far.run({"type": "update", "sql": "UPDATE orders SET stock = 6 RETURNING stock"})
    assert (given["changed"], given["count"], given["rows"][0]) == (2, 2, {"stock": 6})


@pytest.mark.parametrize("kind", ["read", "update"])
@pytest.mark.parametrize("text", ["COPY orders TO STDOUT", "COPY orders FROM STDIN", "SELECT 1 / 0", "CALL nothing()"])
async def test_what_fails_in_a_trip_leaves_the_pool_in_order(far: DatabaseUnderTest, kind: str, text: str) -> None:
    for _ in range(3):
        with pytest.raises(errors.ConnectorError) as caught:
            await far.run({"type": kind, "sql": text})
        assert caught.value.outcome_unknown is False
        assert (await far.run("count", least=0)) == {"count": 0}


async def test_the_kinds_of_hstore_are_known_where_the_database_has_it(far: DatabaseUnderTest) -> None:
    if not (await far.run({"type": "read", "sql": "SELECT 1 FROM pg_available_extensions WHERE name = 'hstore'"}))[
        "count"
    ]:
        missing("this server has no hstore")
    await far.run({"type": "create", "sql": "CREATE EXTENSION hstore"})
    fresh = far.with_settings(pool_size=1)
    found = await far.call("run", {"type": "read", "sql": "SELECT 'a=>1'::hstore AS pairs"}, place=fresh)
    assert found.output["rows"] == [{"pairs": {"a": "1"}}]
