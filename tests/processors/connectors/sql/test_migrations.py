"""Migrations: in order, once, one at a time; what changed since or failed half-way is shown and can be repaired."""

import asyncio
from typing import Any

import pytest

from processors.connectors import errors
from products.lib.jsontypes import content_hash
from tests.contracts.databases import DatabaseUnderTest


def migration(tag: str, up: Any, down: Any = ()) -> dict[str, Any]:
    up, down = [up] if isinstance(up, str) else list(up), [down] if isinstance(down, str) else list(down)
    return {"tag": tag, "up": up, "down": down, "checksum": content_hash([up, down])}


KNOWN = [
    migration("one", ["CREATE TABLE a (id INTEGER)", "INSERT INTO a VALUES (1)"], "DROP TABLE a"),
    migration("two", "CREATE TABLE b (id INTEGER)", "DROP TABLE b"),
    migration("three", "CREATE TABLE c (id INTEGER)", "DROP TABLE c"),
]
BROKEN = migration("two", ["CREATE TABLE b (id INTEGER)", "INSERT INTO nowhere VALUES (1)", "INSERT INTO b VALUES (7)"])


async def states(under: DatabaseUnderTest, known: Any = KNOWN) -> dict[str, str]:
    listed = (await under.call("migrations", known=known)).output["migrations"]
    return {each["tag"]: each["state"] for each in listed}


async def migrate(under: DatabaseUnderTest, known: Any = KNOWN, **given: Any) -> list[str]:
    return (await under.call("migrate", known=known, **given)).output["done"]


async def tables(under: DatabaseUnderTest) -> set[str]:
    names = {each["name"] for each in (await under.call("tables")).output["tables"]}
    return names - {"orders", "ductape_migrations"}


async def test_up_and_down_in_order_and_only_once(under: DatabaseUnderTest) -> None:
    assert await states(under) == {"one": "pending", "two": "pending", "three": "pending"}
    assert await tables(under) == set()
    assert await migrate(under, to="two") == ["one", "two"]
    assert await states(under) == {"one": "applied", "two": "applied", "three": "pending"}
    assert await migrate(under) == ["three"]
    assert await migrate(under) == []
    assert await tables(under) == {"a", "b", "c"}
    assert await migrate(under, direction="down") == ["three"]
    assert await migrate(under, direction="down", to="one") == ["two"]
    assert await tables(under) == {"a"}
    assert await migrate(under, direction="down", to="*") == ["one"]
    assert await states(under) == {"one": "pending", "two": "pending", "three": "pending"}
    assert await tables(under) == set()


async def test_what_changed_since_is_shown_and_nothing_runs_on_top_of_it(under: DatabaseUnderTest) -> None:
    await migrate(under, to="one")
    changed = [migration("one", "CREATE TABLE other (id INTEGER)"), *KNOWN[1:]]
    assert (await states(under, changed))["one"] == "drifted"
    for direction in ("up", "down"):
        with pytest.raises(errors.InputRejected) as caught:
            await migrate(under, changed, direction=direction)
        assert caught.value.details["errors"][0]["pointer"] == "/known/0"
    assert await tables(under) == {"a"}
    await migrate(under, changed, repair="skip", to="one")
    assert (await states(under, changed))["one"] == "applied"
    assert (await states(under, KNOWN[1:]))["one"] == "missing"


async def test_one_that_fails_says_where_and_can_be_run_again(under: DatabaseUnderTest) -> None:
    known = [KNOWN[0], BROKEN, KNOWN[2]]
    with pytest.raises(errors.RemoteRejected) as caught:
        await migrate(under, known)
    assert caught.value.details["statement"] == 2
    assert "two" in caught.value.message
    row = next(
        each for each in (await under.call("migrations", known=known)).output["migrations"] if each["tag"] == "two"
    )
    assert (row["state"], row["statement"]) == ("failed", 2)
    assert "nowhere" in row["message"]
    lasting = under.provider == "mysql"
    assert await tables(under) == ({"a", "b"} if lasting else {"a"})
    assert row["done"] == (1 if lasting else 0)
    await under.run({"type": "create", "sql": "CREATE TABLE nowhere (id INTEGER)"})
    if lasting:
        with pytest.raises(errors.InputRejected, match="repair"):
            await migrate(under, known)
    assert await migrate(under, known, repair="retry") == ["two"]
    assert await migrate(under, known) == ["three"]
    found = await under.run({"type": "read", "sql": "SELECT id FROM b"})
    assert found["rows"] == [{"id": 7}]


@pytest.mark.parametrize(("repair", "state"), [("skip", "applied"), ("forget", "pending")])
async def test_a_person_may_say_what_became_of_one_that_failed(
    under: DatabaseUnderTest, repair: str, state: str
) -> None:
    known = [BROKEN]
    with pytest.raises(errors.RemoteRejected):
        await migrate(under, known)
    assert await migrate(under, known, repair=repair) == []
    assert await states(under, known) == {"two": state}


async def test_ten_at_once_run_each_migration_once(under: DatabaseUnderTest) -> None:
    counting = [migration("one", ["CREATE TABLE a (id INTEGER)"]), migration("two", ["INSERT INTO a VALUES (1)"])]
    given = await asyncio.gather(*(migrate(under, counting) for _ in range(10)), return_exceptions=True)
    assert all(isinstance(each, (list, errors.RemoteUnavailable)) for each in given), given
    async with asyncio.timeout(120):
        while "pending" in (await states(under, counting)).values():
            await asyncio.gather(migrate(under, counting), return_exceptions=True)
    assert (await under.run({"type": "count", "sql": "SELECT COUNT(*) FROM a"})) == {"count": 1}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"known": None}, errors.InputRejected),
        ({"known": [5]}, errors.InputRejected),
        ({"known": [{"tag": "x"}]}, errors.InputRejected),
        ({"known": [KNOWN[0], KNOWN[0]]}, errors.InputRejected),
        ({"known": [migration("x", [{"create": "c"}])]}, errors.InputRejected),
        ({"known": KNOWN, "to": "nowhere"}, errors.InputRejected),
        ({"known": KNOWN, "to": 5}, errors.InputRejected),
        ({"known": KNOWN, "direction": "sideways"}, errors.InputRejected),
        ({"known": KNOWN, "repair": "pray"}, errors.InputRejected),
        ({"known": KNOWN, "repair": "retry"}, errors.InputRejected),
    ],
)
async def test_J12_what_is_no_migration_is_refused(under: DatabaseUnderTest, given: Any, kind: Any) -> None:
    with pytest.raises(kind):
        await under.call("migrate", **given)
    assert await tables(under) == set()


async def test_one_without_a_way_back_stays(under: DatabaseUnderTest) -> None:
    known = [migration("one", "CREATE TABLE a (id INTEGER)")]
    await migrate(under, known)
    with pytest.raises(errors.InputRejected, match="roll it back"):
        await migrate(under, known, direction="down")


async def test_a_read_only_environment_is_not_migrated(under: DatabaseUnderTest) -> None:
    with pytest.raises(errors.Misconfigured):
        await under.call("migrate", known=KNOWN, place=under.with_settings(read_only=True))
    assert await tables(under) == set()


async def test_a_way_back_that_failed_at_its_first_statement_can_be_tried_again(under: DatabaseUnderTest) -> None:
    known = [migration("one", "CREATE TABLE a (id INTEGER)", ["INSERT INTO nowhere VALUES (1)", "DROP TABLE a"])]
    await migrate(under, known)
    with pytest.raises(errors.RemoteRejected) as caught:
        await migrate(under, known, direction="down")
    assert caught.value.details["statement"] == 1
    await under.run({"type": "create", "sql": "CREATE TABLE nowhere (id INTEGER)"})
    again = {"repair": "retry"} if under.provider == "mysql" else {"direction": "down"}  # there it is done as a whole
    assert await migrate(under, known, **again) == ["one"]
    assert await tables(under) == {"nowhere"}
    assert await states(under, known) == {"one": "pending"}


async def test_several_that_try_again_go_on_once(under: DatabaseUnderTest) -> None:
    known = [migration("one", ["CREATE TABLE a (id INTEGER)", "INSERT INTO nowhere VALUES (1)"])]
    with pytest.raises(errors.RemoteRejected):
        await migrate(under, known)
    await under.run({"type": "create", "sql": "CREATE TABLE nowhere (id INTEGER)"})
    given = await asyncio.gather(*(migrate(under, known, repair="retry") for _ in range(5)), return_exceptions=True)
    refused = (
        errors.RemoteUnavailable,
        errors.InputRejected,
    )  # it is under way, or there is nothing to repair any more
    assert all(isinstance(each, (list, *refused)) for each in given), given
    assert [each for each in given if isinstance(each, list) and each] == [["one"]]
    assert await under.run({"type": "count", "sql": "SELECT COUNT(*) FROM nowhere"}) == {"count": 1}


async def test_one_that_left_nothing_behind_is_not_what_is_rolled_back(under: DatabaseUnderTest) -> None:
    known = [KNOWN[0], migration("two", "INSERT INTO nowhere VALUES (1)", "DROP TABLE nowhere")]
    with pytest.raises(errors.RemoteRejected):
        await migrate(under, known)
    assert await migrate(under, known, direction="down") == ["one"]
    assert await tables(under) == set()


async def test_one_that_is_missing_is_forgotten_and_the_others_are_rolled_back(under: DatabaseUnderTest) -> None:
    await migrate(under, KNOWN[:2])
    for to in ("", "*"):
        with pytest.raises(errors.InputRejected, match="“two” was run here and is not known any more"):
            await migrate(under, KNOWN[:1], direction="down", to=to)
    with pytest.raises(errors.InputRejected):
        await migrate(under, KNOWN[:1], repair="skip", to="two")
    assert await migrate(under, KNOWN[:1], repair="forget", to="two") == []
    assert await migrate(under, KNOWN[:1], direction="down", to="*") == ["one"]
    assert await tables(under) == {"b"}  # what it did stays there
