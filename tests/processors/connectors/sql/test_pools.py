"""Pools end in time: whoever closes them waits for what is under way, and for nothing that never comes."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from processors.connectors.sql import sqlite
from processors.connectors.sql.pooling import Pool
from tests.contracts.databases import DatabaseUnderTest
from tests.processors.connectors.sql.databases import database

SLOW = "WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x) SELECT COUNT(*) FROM x"


@pytest.fixture
async def lite(tmp_path: Path) -> Any:
    """SQLite."""
    async with database("sqlite", tmp_path) as made:
        yield made


def dialect(under: DatabaseUnderTest) -> Any:
    return under.connector._dialects["sqlite"]  # type: ignore[attr-defined]


async def opened(under: DatabaseUnderTest) -> sqlite.Connection:
    made: sqlite.Connection = await dialect(under).connect(under.place)
    return made


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for an answer that never comes is found out."""
    monkeypatch.setattr(sqlite, "CLOSING_S", 600.0)


@pytest.mark.usefixtures("patient")
async def test_closing_twice_waits_for_nothing(lite: DatabaseUnderTest) -> None:
    connection = await opened(lite)
    async with asyncio.timeout(60):
        await connection.close()
        await connection.close()
    await _ended(connection)


@pytest.mark.usefixtures("patient")
async def test_closing_what_has_been_stopped_waits_for_nothing(lite: DatabaseUnderTest) -> None:
    """The thread is gone: nobody would ever answer."""
    connection = await opened(lite)
    connection.stop()
    async with asyncio.timeout(60):
        await connection.close()
    await _ended(connection)


async def test_closing_that_is_cancelled_ends_and_the_thread_with_it(lite: DatabaseUnderTest) -> None:
    connection = await opened(lite)
    busy = asyncio.ensure_future(connection.in_thread(lambda raw: raw.execute(SLOW).fetchall()))
    closing = asyncio.ensure_future(connection.close())
    await asyncio.sleep(0)
    closing.cancel()
    async with asyncio.timeout(60):
        with pytest.raises(asyncio.CancelledError):
            await closing
        with pytest.raises(Exception, match="interrupted"):
            await busy
    await _ended(connection)


async def test_closing_does_not_wait_for_ever_for_a_thread_that_hangs(
    lite: DatabaseUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "CLOSING_S", 0.1)
    connection, goes_on = await opened(lite), threading.Event()
    hanging = asyncio.ensure_future(connection.in_thread(lambda _: goes_on.wait(60)))
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await connection.close()
    assert not hanging.done()
    goes_on.set()
    assert await hanging is True
    await _ended(connection)


async def test_closing_interrupts_what_runs(lite: DatabaseUnderTest) -> None:
    connection = await opened(lite)
    busy = asyncio.ensure_future(connection.in_thread(lambda raw: raw.execute(SLOW).fetchall()))
    await asyncio.sleep(0)  # it has asked its thread
    async with asyncio.timeout(60):
        await connection.close()
        with pytest.raises(Exception, match="interrupted"):
            await busy
    await _ended(connection)


async def test_an_opening_that_nobody_waits_for_leaves_no_thread(lite: DatabaseUnderTest) -> None:
    before = threading.active_count()
    for turns in range(6):
        opening = asyncio.ensure_future(opened(lite))
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
    workers = asyncio.get_running_loop()._default_executor  # type: ignore[attr-defined]
    own = len(workers._threads) if workers else 0
    async with asyncio.timeout(60):
        while threading.active_count() > before + own:
            await asyncio.sleep(0.01)


async def test_a_file_that_is_no_database_leaves_no_thread(lite: DatabaseUnderTest) -> None:
    path = dialect(lite).path(lite.with_settings(file="broken"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"this is not a database " * 100)
    before = set(threading.enumerate())
    with pytest.raises(Exception, match="broken"):
        await dialect(lite).connect(lite.with_settings(file="broken"))
    async with asyncio.timeout(60):
        while any(type(each) is threading.Thread and "worker" in each.name for each in _new(before)):
            await asyncio.sleep(0.01)


async def test_a_connection_that_is_in_use_when_its_pool_closes_is_closed_when_it_comes_back(
    under: DatabaseUnderTest,
) -> None:
    pool = Pool(under.connector._dialects[under.provider], under.place)  # type: ignore[attr-defined]
    resting, used = await pool.take(), await pool.take()
    await pool.give(resting, keeps=True)
    ended: list[Any] = []
    disconnect = pool._dialect.disconnect

    async def noted(driver: Any) -> None:
        await disconnect(driver)
        ended.append(driver)

    pool._dialect.disconnect = noted  # type: ignore[method-assign]
    async with asyncio.timeout(60):
        await pool.close()
        assert ended == [resting.driver]
        await pool.give(used, keeps=True)
        assert ended == [resting.driver, used.driver]


async def test_a_pool_never_has_more_connections_than_it_may(under: DatabaseUnderTest) -> None:
    pool = Pool(under.connector._dialects[under.provider], under.with_settings(pool_size=2))  # type: ignore[attr-defined]
    first, second = await pool.take(), await pool.take()
    third = asyncio.ensure_future(pool.take())
    fourth = asyncio.ensure_future(pool.take())
    await asyncio.sleep(0)
    fourth.cancel()
    await pool.give(first, keeps=True)
    async with asyncio.timeout(60):
        assert (await third) is first
        await asyncio.gather(fourth, return_exceptions=True)
        await pool.give(first, keeps=False)
        last = await pool.take()
        assert last.used is False
        await pool.give(last, keeps=True)
        await pool.give(second, keeps=False)
        await pool.close()


async def _ended(connection: sqlite.Connection) -> None:
    async with asyncio.timeout(60):
        while connection._thread.is_alive():
            await asyncio.sleep(0.01)


def _new(before: set[threading.Thread]) -> set[threading.Thread]:
    return set(threading.enumerate()) - before
