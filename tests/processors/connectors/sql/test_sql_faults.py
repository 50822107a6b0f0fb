"""What goes wrong with databases, and what is said about it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processors.connectors import errors
from processors.connectors.sql.connector import SqlConnector
from products.lib.addresses import AddressPolicy
from products.lib.redaction import Redactor
from tests.chaos.proxy import Fault, Proxy
from tests.contracts.databases import DatabaseUnderTest
from tests.processors.connectors.sql.databases import administer, database, policy, server

NETWORKED = (
    pytest.param("postgresql", marks=pytest.mark.services("postgres")),
    pytest.param("mysql", marks=pytest.mark.services("mysql")),
)
SECRET = "pa55word-of-nobody"


@pytest.fixture(params=NETWORKED)
async def far(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DatabaseUnderTest]:
    """Databases that are reached over a network."""
    async with database(request.param, tmp_path) as made:
        yield made


@contextmanager
def behind_proxy(under: DatabaseUnderTest) -> Iterator[tuple[DatabaseUnderTest, Proxy]]:
    """The same database, over a line that can be spoiled."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    proxy = Proxy(port, server(under.provider)["port"]).start()
    try:
        place = under.with_settings(port=port)
        yield replace(under, place=place, connector=SqlConnector(policy(port), Path("unused"))), proxy
    finally:
        proxy.stop()


def sql(text: Any, kind: str = "update", **more: Any) -> dict[str, Any]:
    return {"type": kind, "sql": text, **more}


async def failing(work: Any, kind: type[errors.ConnectorError] = errors.ConnectorError) -> errors.ConnectorError:
    with pytest.raises(kind) as caught:
        await work
    return caught.value


# Getting there -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "kind", "named"),
    [
        ({"host": "/var/run/postgresql"}, errors.Misconfigured, "host"),
        ({"host": "127.0.0.1?host=/tmp"}, errors.Misconfigured, "host"),
        ({"host": "127.0.0.1,10.0.0.1"}, errors.Misconfigured, "host"),
        ({"host": "10.0.0.1"}, errors.AddressRefused, "host"),
        ({"host": "0x7f.2", "port": 23}, errors.AddressRefused, "host"),
        ({"host": "169.254.169.254"}, errors.AddressRefused, "host"),
        ({"host": "::ffff:10.0.0.1"}, errors.AddressRefused, "host"),
        ({"database": "postgres?options=-c%20x"}, errors.Misconfigured, "host"),
        ({"database": "dbname=postgres host=/tmp"}, errors.Misconfigured, "host"),
        ({"host": "nowhere.invalid"}, errors.NameNotFound, ""),
        ({"database": "no_such_database"}, errors.Misconfigured, "database"),
    ],
)
async def test_S8_only_checked_addresses_are_dialled(
    far: DatabaseUnderTest, settings: dict[str, Any], kind: Any, named: str
) -> None:
    error = await failing(far.call("check", place=far.with_settings(**settings)))
    assert type(error) is kind
    assert error.details.get("field", "") == named


async def test_nothing_is_allowed_that_the_operator_did_not_open(far: DatabaseUnderTest) -> None:
    closed = SqlConnector(AddressPolicy(), Path("unused"))
    await failing(replace(far, connector=closed).call("check"), errors.AddressRefused)


async def test_nobody_listens(far: DatabaseUnderTest) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    opened = SqlConnector(policy(port), Path("unused"))
    error = await failing(replace(far, connector=opened).call("check", place=far.with_settings(port=port)))
    assert type(error) is errors.ConnectFailed
    assert error.retryable


@pytest.mark.services("mysql")
async def test_K5_a_wrong_password_is_said_and_not_shown(tmp_path: Path) -> None:
    async with database("mysql", tmp_path) as under:
        place = under.with_settings(user="root", password=SECRET)
        under.redactor = Redactor([SECRET])
        error = await failing(under.call("check", place=place))
        assert type(error) is errors.AuthFailed
        assert SECRET not in repr((error.to_json(), error.result))


@pytest.mark.services("postgres")
async def test_K5_an_unknown_user_is_said(tmp_path: Path) -> None:
    async with database("postgresql", tmp_path) as under:
        error = await failing(under.call("check", place=under.with_settings(user="nobody_at_all", password=SECRET)))
        assert type(error) is errors.AuthFailed
        assert SECRET not in repr((error.to_json(), error.result))


async def test_TLS_is_asked_for_and_not_given_up(far: DatabaseUnderTest) -> None:
    """The servers of a test machine have no certificate that anybody trusts."""
    error = await failing(far.call("check", place=far.with_settings(tls="verify")))
    assert type(error) is errors.TlsFailed
    error = await failing(far.call("check", place=far.with_settings(tls="verify", tls_ca="no certificate")))
    assert (type(error), error.details["field"]) == (errors.Misconfigured, "tls_ca")


# On the way ----------------------------------------------------------------------------------------------------------


async def test_R22_a_connection_that_breaks_in_a_statement_changed_nothing(far: DatabaseUnderTest) -> None:
    sleep = "SELECT pg_sleep(30)" if far.provider == "postgresql" else "SELECT SLEEP(30)"
    order = await far.order(stock=5)
    with behind_proxy(far) as (near, proxy):
        statements = ["UPDATE orders SET stock = 0 WHERE id = {{id:UUID}}", sleep]
        task = asyncio.create_task(near.run(sql(statements), id=order))
        await asyncio.sleep(0.5)
        proxy.reset_all()
        error = await failing(task)
        assert (type(error), error.outcome_unknown) == (errors.ConnectionLost, False)
        assert (await near.run("read", id=order))["rows"][0]["stock"] == 5
        await near.connector.close()


async def test_a_lost_reply_to_COMMIT_is_unknown_and_a_lost_read_is_not(far: DatabaseUnderTest) -> None:
    order = await far.order(stock=5)
    with behind_proxy(far) as (near, proxy):
        assert (await near.run("read", id=order))["count"] == 1
        proxy.spoil(Fault(drop_reply_to=(b"COMMIT",)))
        error = await failing(near.run("reserve", id=order, n=1))
        assert (type(error), error.outcome_unknown) == (errors.ConnectionLost, True)
        error = await failing(near.run("read", id=order))
        assert error.outcome_unknown is False
        proxy.heal()
        await near.connector.close()
    assert (await far.run("read", id=order))["rows"][0]["stock"] == 4  # it was done: who retries has to know


async def test_an_idempotency_key_makes_the_retry_after_a_lost_COMMIT_harmless(far: DatabaseUnderTest) -> None:
    order = await far.order(stock=5)
    with behind_proxy(far) as (near, proxy):
        place = near.with_settings(exactly_once=True)
        await near.call("run", near.action("reserve"), key="warm", place=place, id=order, n=1)
        proxy.spoil(Fault(drop_reply_to=(b"COMMIT",)))
        error = await failing(near.call("run", near.action("reserve"), key="k", place=place, id=order, n=1))
        assert error.outcome_unknown is True
        proxy.heal()
        again = await near.call("run", near.action("reserve"), key="k", place=place, id=order, n=1)
        assert again.output["changed"] == 1
        assert again.notices
        await near.connector.close()
    assert (await far.run("read", id=order))["rows"][0]["stock"] == 3


async def test_connections_that_died_in_the_pool_are_replaced_unnoticed(far: DatabaseUnderTest) -> None:
    order = await far.order(stock=5)
    with behind_proxy(far) as (near, proxy):
        await asyncio.gather(*(near.run("reserve", id=order, n=1) for _ in range(5)))
        proxy.reset_all()
        assert (await near.run("read", id=order))["count"] == 1
        await asyncio.gather(*(near.run("read", id=order) for _ in range(5)))
        proxy.deafen()  # half-open: nobody was told
        assert (await near.run("read", id=order))["count"] == 1
        await near.connector.close()


async def test_a_killed_backend_is_replaced(far: DatabaseUnderTest) -> None:
    order = await far.order(stock=5)
    name = far.place.settings["database"]
    if far.provider == "postgresql":
        await administer(
            "postgresql", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
    else:
        rows = await administer("mysql", f"SELECT id FROM information_schema.processlist WHERE db = '{name}'")
        for (number,) in rows:
            await administer("mysql", f"KILL {number}")
    assert (await far.run("read", id=order))["count"] == 1


async def test_R22_a_silent_line_ends_at_the_deadline(far: DatabaseUnderTest) -> None:
    with behind_proxy(far) as (near, proxy):
        await near.run("count", least=0)
        proxy.spoil(Fault(silent=True))
        async with asyncio.timeout(60):  # and not whenever the kernel gives up, which takes a quarter of an hour
            error = await failing(near.call("run", near.action("count"), deadline_s=2.0, least=0))
        assert type(error) is errors.DeadlineExceeded
        proxy.heal()
        await near.connector.close()


# At the other end ----------------------------------------------------------------------------------------------------


async def test_a_deadlock_is_worth_another_try(far: DatabaseUnderTest) -> None:
    one, two = await far.order(stock=1), await far.order(stock=1)
    sleep = "SELECT pg_sleep(1)" if far.provider == "postgresql" else "SELECT SLEEP(1)"
    change = "UPDATE orders SET stock = stock + 1 WHERE id = "
    action = sql([change + "{{first:UUID}}", sleep, change + "{{second:UUID}}"])
    given = await asyncio.gather(
        far.run(action, first=one, second=two), far.run(action, first=two, second=one), return_exceptions=True
    )
    (lost,) = [each for each in given if isinstance(each, Exception)]
    assert type(lost) is errors.RemoteUnavailable
    assert (lost.retryable, lost.outcome_unknown) == (True, False)
    stocks = [(await far.run("read", id=each))["rows"][0]["stock"] for each in (one, two)]
    assert stocks == [2, 2]


@pytest.mark.services("mysql")
async def test_S8_a_server_that_asks_for_our_files_gets_none(tmp_path: Path) -> None:
    async with database("mysql", tmp_path) as under:
        await under.run(sql("CREATE TABLE stolen (line TEXT)", "create"))
        await failing(under.run(sql("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE stolen", "create")))
        assert (await under.run(sql("SELECT COUNT(*) FROM stolen", "count"))) == {"count": 0}


async def test_a_missing_table_a_syntax_error_and_a_bad_value(under: DatabaseUnderTest) -> None:
    error = await failing(under.run(sql("SELECT * FROM nowhere", "read")))
    assert type(error) is errors.RemoteRejected
    assert "nowhere" in str(error.details["remote_message"])
    assert type(await failing(under.run(sql("SELEKT 1", "update")))) is errors.RemoteRejected
    error = await failing(under.order(amount=-1.0))
    assert type(error) is errors.InputRejected
    error = await failing(under.order(customer="x" * 200, stock=2**40)) if under.provider != "sqlite" else error
    assert type(error) is errors.InputRejected


async def test_K5_the_servers_own_words_are_masked(under: DatabaseUnderTest) -> None:
    under.redactor = Redactor([SECRET])
    await under.order(customer=SECRET)
    error = await failing(under.order(customer=SECRET), errors.InputRejected)
    assert SECRET not in repr((error.to_json(), error.result))
    assert SECRET.encode().hex() not in repr((error.to_json(), error.result))


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/tmp/x", "a/b", "", "x" * 300, "a\x00b", "file:x?mode=rw", "A B"]
)
async def test_D6_a_file_of_SQLite_is_a_name_and_no_path(tmp_path: Path, name: str) -> None:
    async with database("sqlite", tmp_path) as under:
        error = await failing(under.call("check", place=under.with_settings(file=name)))
        assert (type(error), error.details["field"]) == (errors.Misconfigured, "file")
        files = {each.name for each in tmp_path.rglob("*") if each.is_file()}
        assert files <= {"data.sqlite3", "data.sqlite3-wal", "data.sqlite3-shm"}


@pytest.mark.parametrize(
    "text",
    [
        "ATTACH DATABASE '{root}/other.db' AS x", "VACUUM INTO '{root}/other.db'", "PRAGMA writable_schema = 1",
        "PRAGMA query_only = 0", "PRAGMA journal_mode = DELETE", "PRAGMA temp_store_directory = '{root}'",
        "SELECT load_extension('{root}/x')", "CREATE VIRTUAL TABLE x USING dbstat", "SELECT zeroblob(900000000)",
        "SELECT 'a' REGEXP '(a+)+$'", "DETACH DATABASE main", "SELECT writefile('{root}/x', 'y')",
        "INSERT INTO sqlite_master VALUES (1, 2, 3, 4, 5)",
    ],
)  # fmt: skip
async def test_D6_a_statement_of_SQLite_stays_in_its_file(tmp_path: Path, text: str) -> None:
    async with database("sqlite", tmp_path) as under:
        await failing(under.run(sql(text.format(root=tmp_path), "update")))
        names = {each.name for each in tmp_path.rglob("*") if each.is_file()}
        assert names <= {"data.sqlite3", "data.sqlite3-wal", "data.sqlite3-shm"}
        assert (await under.run("count", least=0)) == {"count": 0}


async def test_R21_a_full_disk_is_said_and_the_rest_is_whole(tmp_path: Path) -> None:
    async with database("sqlite", tmp_path) as under:
        under.place = under.with_settings(max_mb=1)
        fill = sql(
            "WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x WHERE i < 3000) INSERT INTO orders "
            "(id, customer, amount, stock) SELECT hex(randomblob(16)), hex(randomblob(400)), 1, 1 FROM x",
            "create",
        )
        error = await failing(under.run(fill))
        assert type(error) is errors.RemoteUnavailable
        assert "space" in error.message
        assert (await under.run("count", least=0)) == {"count": 0}
        assert (await under.run(sql("PRAGMA integrity_check", "read")))["rows"] == [{"integrity_check": "ok"}]
        await under.order()


FULL = {
    "postgresql": ["DO $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' "
                   "USING ERRCODE = '53100'; END $$"],
    "mysql": [f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'No space left on device'"
              for number in (1021, 1041, 1114)],
}  # fmt: skip


async def test_R21_a_full_disk_of_a_server_is_said_and_nothing_is_changed(far: DatabaseUnderTest) -> None:
    """The servers raise what they raise when they have no space; the change before it is taken back."""
    await far.order(stock=1)
    for full in FULL[far.provider]:
        error = await failing(far.run(sql(["UPDATE orders SET stock = 2", full])))
        check_full(error)
        assert error.details["statement"] == 2
        assert "No space left" in str(error.details["remote_message"])
        assert await far.run("count", least=2) == {"count": 0}
    assert (await far.run(sql("UPDATE orders SET stock = 2")))["changed"] == 1  # there is space again


@pytest.mark.services("mysql")
async def test_R21_a_table_of_mysql_that_is_full_is_said(tmp_path: Path) -> None:
    async with database("mysql", tmp_path) as under:
        made = "CREATE TABLE small (a CHAR(250)) ENGINE = MEMORY"
        fill = (
            "INSERT INTO small WITH RECURSIVE x AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM x WHERE i < 900) "
            "SELECT 'a' FROM x"
        )
        check_full(await failing(under.run(sql(["SET SESSION max_heap_table_size = 16384", made, fill]))))


@pytest.mark.services("postgres")
async def test_R21_no_space_for_a_commit_of_postgresql_is_no_doubt(tmp_path: Path) -> None:
    """It is refused while it is made: what the server says so is not done."""
    async with database("postgresql", tmp_path) as under:
        await under.order(stock=1)
        raising = (
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
            "'No space left on device' USING ERRCODE = '53100'; END $$"
        )
        late = (
            "CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON orders DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION full_disk()"
        )
        await under.run(sql([raising, late]))
        check_full(await failing(under.run(sql("UPDATE orders SET stock = 2"))))
        assert await under.run("count", least=2) == {"count": 0}


def check_full(error: errors.ConnectorError) -> None:
    assert type(error) is errors.RemoteUnavailable
    assert error.message == "The database has no space left, so nothing was changed."
    assert (error.retryable, error.outcome_unknown) == (True, False)


@pytest.mark.services("mysql")
async def test_R22_a_migration_whose_statement_was_committed_unheard_goes_on_after_it(tmp_path: Path) -> None:
    """The reply is lost to the COMMIT that follows the note of how far it came, not to one before."""
    noted_and_committed = b")\x07\x00\x00\x00\x03COMMIT"
    up = ["CREATE TABLE a (id INTEGER)", "INSERT INTO a VALUES (1)", "INSERT INTO a VALUES (2)"]
    known = [{"tag": "one", "up": up, "down": [], "checksum": "x"}]
    async with database("mysql", tmp_path) as under:
        await under.call("migrate", known=[{**known[0], "tag": "none", "up": ["SELECT 1"]}])
        with behind_proxy(under) as (near, proxy):
            proxy.spoil(Fault(drop_reply_to=(noted_and_committed,)))
            error = await failing(near.call("migrate", known=known), errors.ConnectionLost)
            assert (proxy.dropped, error.outcome_unknown) == (1, True)
            await near.connector.close()
        (row, _) = (await under.call("migrations", known=known)).output["migrations"]
        assert (row["state"], row["done"]) == ("failed", 1)
        await under.call("migrate", known=known, repair="retry", to="one")
        assert (await under.run(sql("SELECT id FROM a ORDER BY id", "read")))["rows"] == [{"id": 1}, {"id": 2}]
