"""Migrations of a MongoDB: up, down, half-way, changed since, by two at once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from pymongo import MongoClient

from processors.connectors.errors import ConnectionLost, InputRejected, RemoteUnavailable
from products.lib.jsontypes import content_hash
from tests.chaos.proxy import Fault, Proxy
from tests.processors.connectors.mongodb.own_server import PASSWORD, USER, free_port


def migration(tag: str, up: list, down: list | None = None) -> dict:
    return {"tag": tag, "up": up, "down": down or [], "checksum": content_hash([up, down or []])}


def insert(number: int, **more) -> dict:
    return {"operation": "insert", "collection": "things", "documents": [{"_id": number, **more}]}


def remove(number: int) -> dict:
    return {"operation": "delete", "collection": "things", "filter": {"_id": number}}


FIRST = migration(
    "first",
    [
        {"operation": "createCollection", "collection": "things"},
        json.dumps({"operation": "createIndex", "collection": "things", "keys": [["b", 1], ["a", -1]],
                    "options": {"unique": True, "name": "by_b"}}),
        insert(1, a=1, b=1),
    ],
    [{"operation": "dropIndex", "collection": "things", "name": "by_b"},
     {"operation": "dropCollection", "collection": "things"}],
)  # fmt: skip
SECOND = migration("second", [insert(2, b=2)], [remove(2)])
THIRD = migration(
    "third",
    [{"operation": "update", "collection": "things", "filter": {}, "update": {"$set": {"seen": True}}, "many": True}],
    [{"operation": "update", "collection": "things", "filter": {}, "update": {"$unset": {"seen": ""}}, "many": True}],
)  # fmt: skip
ALL = [FIRST, SECOND, THIRD]


@pytest.fixture
def migrate(ask):
    async def migrated(known=ALL, **given):
        return await ask("migrate", known=known, **given)

    return migrated


@pytest.fixture
def states(ask):
    async def found(known=ALL) -> dict:
        return {row["tag"]: row["state"] for row in (await ask("migrations", known=known))["migrations"]}

    return found


@pytest.fixture
def things(place, mongo):
    """What is in the collection, seen by another client."""
    with MongoClient("127.0.0.1", mongo.port, username=USER, password=PASSWORD, directConnection=True) as client:
        yield client[place.settings["database"]]["things"]


async def test_all_are_run_in_order_and_rolled_back(migrate, states, things) -> None:
    assert await states() == {"first": "pending", "second": "pending", "third": "pending"}
    given = await migrate()
    assert given["done"] == ["first", "second", "third"]
    assert [row["state"] for row in given["migrations"]] == ["applied"] * 3
    assert all(row["applied_at"].endswith("Z") and row["took_ms"] >= 0 for row in given["migrations"])
    assert [(row["_id"], row["seen"]) for row in things.find(sort=[("_id", 1)])] == [(1, True), (2, True)]
    assert list(things.index_information()["by_b"]["key"]) == [("b", 1), ("a", -1)]
    assert (await migrate())["done"] == []
    assert (await migrate(direction="down"))["done"] == ["third"]
    assert all("seen" not in row for row in things.find())
    assert (await migrate(direction="down", to="first"))["done"] == ["second"]
    assert [row["_id"] for row in things.find()] == [1]
    assert await states() == {"first": "applied", "second": "pending", "third": "pending"}
    await migrate()
    assert (await migrate(direction="down", to="*"))["done"] == ["third", "second", "first"]
    assert things.name not in things.database.list_collection_names()


async def test_they_are_run_up_to_one(migrate, states) -> None:
    assert (await migrate(to="second"))["done"] == ["first", "second"]
    assert await states() == {"first": "applied", "second": "applied", "third": "pending"}


async def test_one_that_was_changed_since_is_seen_and_stops_what_comes(migrate, states) -> None:
    await migrate(to="second")
    changed = migration("second", [insert(3)], [remove(3)])
    assert await states([FIRST, changed]) == {"first": "applied", "second": "drifted"}
    assert await states([FIRST]) == {"first": "applied", "second": "missing"}
    with pytest.raises(InputRejected, match="changed since"):
        await migrate([FIRST, changed, THIRD])
    with pytest.raises(InputRejected, match="not known any more"):
        await migrate([FIRST], direction="down")
    await migrate([FIRST, changed, THIRD], repair="skip", to="second")
    assert (await migrate([FIRST, changed, THIRD]))["done"] == ["third"]


async def test_one_that_is_missing_is_forgotten_and_the_others_are_rolled_back(migrate, states, things) -> None:
    await migrate(to="second")
    with pytest.raises(InputRejected, match="not known any more"):
        await migrate([FIRST], direction="down", to="*")
    assert (await migrate([FIRST], repair="forget", to="second"))["done"] == []
    assert (await migrate([FIRST], direction="down", to="*"))["done"] == ["first"]


async def test_one_that_fails_half_way_stops_everything_until_it_is_repaired(migrate, ask, states, things) -> None:
    broken = migration("second", [insert(2, b=2), insert(1, b=3), insert(4, b=4)], [remove(2), remove(4)])
    known = [FIRST, broken, THIRD]
    with pytest.raises(InputRejected, match="“second” failed at statement 2") as failed:
        await migrate(known)
    assert failed.value.details["statement"] == 2
    row = (await ask("migrations", known=known))["migrations"][1]
    assert (row["state"], row["done"], row["statement"]) == ("failed", 1, 2)
    assert "E11000" in row["message"]
    for direction in ("up", "down"):
        with pytest.raises(InputRejected, match="half-way"):
            await migrate(known, direction=direction)
    with pytest.raises(InputRejected, match="statement 2"):
        await migrate(known, repair="retry")
    things.delete_one({"_id": 1})
    assert (await migrate(known, repair="retry"))["done"] == ["second"]
    assert sorted(row["_id"] for row in things.find()) == [1, 2, 4]
    assert (await migrate(known))["done"] == ["third"]


async def test_one_that_failed_is_skipped_or_forgotten(migrate, states, things) -> None:
    broken = migration("second", [insert(2, b=2), insert(1)], [remove(2)])
    with pytest.raises(InputRejected):
        await migrate([FIRST, broken, THIRD])
    assert (await migrate([FIRST, broken, THIRD], repair="skip"))["done"] == []
    assert await states([FIRST, broken]) == {"first": "applied", "second": "applied"}
    await migrate([FIRST, broken], direction="down", to="first")
    assert [row["_id"] for row in things.find()] == [1]
    with pytest.raises(InputRejected):
        await migrate([FIRST, broken])
    things.delete_one({"_id": 2})
    await migrate([FIRST, SECOND], repair="forget")
    assert (await migrate([FIRST, SECOND]))["done"] == ["second"]


async def test_one_that_failed_at_its_first_statement_is_simply_run_again(migrate, states, things) -> None:
    await migrate([FIRST])
    things.insert_one({"_id": 2, "b": 9})
    with pytest.raises(InputRejected, match="statement 1"):
        await migrate([FIRST, SECOND])
    things.delete_one({"_id": 2})
    assert (await migrate([FIRST, SECOND]))["done"] == ["second"]


async def test_one_whose_process_died_goes_on_where_it_was(migrate, states, things) -> None:
    await migrate(to="first")
    ledger, rows = things.database["ductape_migrations"], {"state": "running", "direction": "up", "done": 0}
    ledger.insert_one({"_id": "second", "position": 2, "checksum": SECOND["checksum"], **rows})
    assert (await states())["second"] == "failed"
    with pytest.raises(InputRejected, match="half-way"):
        await migrate()
    assert (await migrate(repair="retry"))["done"] == ["second"]
    again = migration("again", [{"operation": "createCollection", "collection": "things"}])
    ledger.insert_one({"_id": "again", "position": 4, "checksum": again["checksum"], **rows})
    assert (await migrate([*ALL, again], repair="retry"))["done"] == ["again"]  # it had been done already


@pytest.fixture
def line(mongo):
    """To the same server, and it can be spoiled."""
    proxy = Proxy(free_port(), mongo.port).start()
    yield proxy
    proxy.stop()


@pytest.fixture
def afar(line, place):
    return replace(place, settings={**place.settings, "hosts": f"127.0.0.1:{line.port}"}, fingerprint="afar")


async def test_R22_one_whose_answer_was_lost_may_have_been_done_and_is_not_run_again_by_itself(
    line, afar, migrate, ask, things
) -> None:
    """Also its first statement: that of one that did nothing would simply be run again."""
    await migrate(to="first")
    known = [FIRST, migration("second", [insert(2, b=2, mark="lose-my-answer"), insert(3, b=3)])]
    line.spoil(Fault(drop_reply_to=(b"lose-my-answer",)))
    with pytest.raises(ConnectionLost, match="“second” failed at statement 1") as lost:
        await migrate(known, place_=afar)
    assert (line.dropped, lost.value.outcome_unknown) == (1, True)
    assert things.count_documents({"_id": 2}) == 1
    row = (await ask("migrations", known=known))["migrations"][1]
    assert (row["state"], row["done"], row["statement"]) == ("failed", 0, 1)
    with pytest.raises(InputRejected, match="half-way"):
        await migrate(known)
    things.delete_one({"_id": 2})
    assert (await migrate(known, repair="retry"))["done"] == ["second"]
    assert [row["_id"] for row in things.find(sort=[("_id", 1)])] == [1, 2, 3]


async def test_R22_so_may_one_of_which_not_even_that_could_be_noted(line, afar, migrate, ask) -> None:
    """That it was begun stands there already."""
    await migrate(to="first")
    known = [FIRST, migration("second", [insert(2, b=2, mark="lose-my-answer")])]
    line.spoil(Fault(drop_reply_to=(b"lose-my-answer", b"1: The connection")))
    with pytest.raises(ConnectionLost, match="“second” failed at statement 1") as lost:
        await migrate(known, place_=afar)
    assert (line.dropped, lost.value.outcome_unknown) == (2, True)
    assert (await ask("migrations", known=known))["migrations"][1]["state"] == "failed"


async def test_two_at_once_run_each_of_them_once(migrate, things) -> None:
    given = await asyncio.gather(*(migrate() for _ in range(5)), return_exceptions=True)
    assert all(isinstance(each, (dict, RemoteUnavailable)) for each in given)
    done = [tag for each in given if isinstance(each, dict) for tag in each["done"]]
    assert sorted(done) == ["first", "second", "third"]


async def test_a_lock_whose_holder_died_ends_by_itself(migrate, things) -> None:
    await migrate(to="first")
    ledger = things.database["ductape_migrations"]
    now = things.database.command("hello")["localTime"]
    ledger.insert_one({"_id": ":lock", "owner": "dead", "until": now.replace(year=now.year + 1)})
    with pytest.raises(RemoteUnavailable, match="under way"):
        await migrate()
    ledger.update_one({"_id": ":lock"}, {"$set": {"until": now.replace(year=now.year - 1)}})
    assert (await migrate())["done"] == ["second", "third"]


async def test_one_without_a_way_back_is_not_rolled_back(migrate, states) -> None:
    last = migration("only-up", [insert(9, b=9)])
    await migrate([FIRST, last])
    with pytest.raises(InputRejected, match="no statements to roll it back"):
        await migrate([FIRST, last], direction="down")
    assert await states([FIRST, last]) == {"first": "applied", "only-up": "applied"}


def on_a(operation: str, **more) -> dict:
    return {"operation": operation, "collection": "a", **more}


NO_STATEMENTS = [
    "not json",
    "[]",
    "{}",
    on_a("dropDatabase"),
    {"operation": "find"},
    on_a("createUser"),
    {"operation": "dropCollection", "collection": "system.users"},
    {"operation": "dropCollection", "collection": "ductape_migrations"},
    on_a("renameCollection", to="admin.$cmd"),
    on_a("dropIndex", name="*"),
    on_a("createIndex", keys={"a": 1, "b": 1}),
    on_a("createIndex", keys=[]),
    on_a("createIndex", keys={"a": {"x": 1}}),
    on_a("createIndex", keys={"a": True}),
    on_a("createCollection", options={"writeConcern": {}}),
    on_a("createCollection", options={"validator": {"$where": "1"}}),
    on_a("createCollection", options={"viewOn": "system.users"}),
    on_a("update", filter={"$where": "1"}, update={"$set": {"b": 1}}),
    on_a("delete", filter={"x": "{{x:STRING}}"}),
]


@pytest.mark.parametrize("statement", NO_STATEMENTS, ids=str)
async def test_J3_what_is_no_statement_is_refused_before_anything_is_run(migrate, states, things, statement) -> None:
    known = [FIRST, migration("bad", [insert(5, b=5), statement])]
    with pytest.raises(InputRejected):
        await migrate(known)
    assert (await states(known))["bad"] == "pending"
    assert things.count_documents({"_id": 5}) == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [({"known": "x"}, "known"), ({"known": [{}]}, "known"), ({"direction": "sideways"}, "direction"),
     ({"repair": "pray"}, "repair"), ({"to": "none"}, "to")],
)  # fmt: skip
async def test_J12_what_cannot_be_asked_is_refused_by_name(migrate, given, field) -> None:
    with pytest.raises(InputRejected) as refused:
        await migrate(**given)
    assert refused.value.details["field"].split("/")[0] == field
