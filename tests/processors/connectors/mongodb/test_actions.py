"""Database actions against a MongoDB: what they give, what they change, what never becomes an operator."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from processors.connectors import errors
from processors.connectors.errors import DeadlineExceeded, InputRejected, Misconfigured

ORDERS = [{"number": n, "status": "paid" if n % 2 else "open", "total": n * 1.5} for n in range(1, 7)]
PAYLOADS = [
    {"$gt": ""}, {"$ne": None}, {"$where": "sleep(5000)"}, {"$function": {"body": "x", "args": [], "lang": "js"}},
    {"a": {"$gt": ""}}, {"$or": [{}]}, {"a.b": 1}, {"a\x00b": 1}, {"$oid": "5f43a1b2c3d4e5f601234567"},
]  # fmt: skip


@pytest.fixture
async def orders(act):
    """Six of them."""
    return await act("create", "insert", documents=ORDERS)


async def test_what_is_inserted_is_found(act) -> None:
    made = await act(
        "create", "insert", given={"name": "Ann", "at": "2026-01-02T03:04:05+01:00", "tags": ["a"], "more": {"b": 1}},
        documents={"name": "{{name:STRING}}", "at": "{{at:DATE}}", "tags": "{{tags:ARRAY}}", "more": "{{more:OBJECT}}",
                   "note": "{{note:STRING?}}"},
    )  # fmt: skip
    assert made["changed"] == 1
    identity = made["rows"][0]["_id"]
    assert len(identity) == 24
    found = await act(
        "read", "find", given={"id": identity}, filter={"_id": {"$oid": "{{id:STRING}}"}}
    )  # fmt: skip
    row = {"_id": identity, "name": "Ann", "at": "2026-01-02T02:04:05Z", "tags": ["a"], "more": {"b": 1}, "note": None}
    assert found == {"rows": [row], "count": 1, "changed": 0, "truncated": False}


async def test_finding_filters_sorts_projects_and_limits(act, orders) -> None:
    found = await act(
        "read", "find", given={"least": 2.0, "most": 2}, filter={"total": {"$gt": "{{least:FLOAT}}"}},
        projection={"_id": 0, "number": 1}, sort=[["status", 1], ["number", -1]], limit="{{most:NUMBER:1:10}}",
    )  # fmt: skip
    assert found["rows"] == [{"number": 6}, {"number": 4}]
    assert found["truncated"] is False


async def test_rows_over_the_bounds_are_left_out_and_said(act, ask, orders) -> None:
    found = await act("read", "find", filter={}, more={"max_rows": 4})
    assert (found["count"], len(found["rows"]), found["truncated"]) == (4, 4, True)
    assert (await act("read", "find", filter={}, more={"max_rows": 6}))["truncated"] is False
    definition = {"type": "read", "mongodb": {"collection": "orders", "operation": "find"}}
    small = await ask("run", definition, max_bytes=200)
    assert small["truncated"] is True
    assert 0 < small["count"] < 6
    summed = await act("aggregate", "aggregate", pipeline=[{"$match": {}}], more={"max_rows": 4})
    assert (summed["count"], summed["truncated"]) == (4, True)


async def test_counting_and_aggregating(act, orders) -> None:
    counted = await act("count", "count", given={"status": "paid"}, filter={"status": "{{status:STRING}}"})
    assert counted == {"count": 3}
    pipeline = [{"$group": {"_id": "$status", "sum": {"$sum": "$number"}}}, {"$sort": [["sum", -1]]}]
    summed = await act("aggregate", "aggregate", pipeline=pipeline)
    assert summed["rows"] == [{"_id": "open", "sum": 12}, {"_id": "paid", "sum": 9}]


async def test_updating_and_deleting_say_how_many(act, orders) -> None:
    by_status = {"filter": {"status": "{{status:STRING}}"}, "given": {"status": "open"}}
    assert (await act("update", "update", update={"$set": {"seen": True}}, **by_status))["changed"] == 1
    assert (await act("update", "update", update={"$inc": {"n": 1}}, many=True, **by_status))["changed"] == 3
    upserted = await act("update", "update", update={"$set": {"a": 1}}, filter={"number": 99}, upsert=True)
    assert (upserted["changed"], len(upserted["rows"])) == (1, 1)
    assert (await act("delete", "delete", **by_status))["changed"] == 1
    assert (await act("delete", "delete", many=True, **by_status))["changed"] == 2
    assert (await act("delete", "delete", many=True, filter={"number": 1_000}))["changed"] == 0


@pytest.mark.parametrize("payload", PAYLOADS, ids=str)
async def test_J3_an_object_that_is_given_never_becomes_an_operator(act, orders, payload) -> None:
    for parts in (
        {"filter": {"status": "{{x:OBJECT}}"}}, {"filter": "{{x:OBJECT}}"},
        {"filter": {"$or": [{"status": "{{x:OBJECT}}"}]}},
    ):  # fmt: skip
        with pytest.raises(InputRejected) as refused:
            await act("read", "find", given={"x": payload}, **parts)
        assert refused.value.details["field"].startswith("x")
    for update in ({"$set": {"a": "{{x:OBJECT}}"}}, {"$set": "{{x:OBJECT}}"}, {"$push": {"a": "{{x:OBJECT}}"}}):
        with pytest.raises(InputRejected):
            await act("update", "update", given={"x": payload}, filter={}, update=update)
    with pytest.raises(InputRejected):
        await act("read", "find", given={"x": [payload]}, filter={"$or": "{{x:ARRAY}}"})


TEXTS = ["$status", "$$ROOT", "$$NOW", "' || 1==1", "{$gt: ''}", '{"$gt": ""}', "{{id:STRING}}", "\\"]


@pytest.mark.parametrize("text", TEXTS)
async def test_J3_a_text_that_is_given_is_a_text(act, orders, text) -> None:
    by_field = await act("read", "find", given={"x": text}, filter={"status": "{{x:STRING}}"})
    assert by_field["count"] == 0
    by_expression = await act(
        "read", "find", given={"x": text}, filter={"$expr": {"$eq": ["$status", "{{x:STRING}}"]}}
    )  # fmt: skip
    assert by_expression["count"] == 0
    pipeline = [{"$match": {"number": 1}}, {"$project": {"_id": 0, "x": "{{x:STRING}}", "y": ["{{x:STRING}}"]}}]
    shown = await act("aggregate", "aggregate", given={"x": text}, pipeline=pipeline)
    assert shown["rows"] == [{"x": text, "y": [text]}]
    matched = [{"$match": {"status": "{{x:STRING}}"}}]
    assert (await act("aggregate", "aggregate", given={"x": text}, pipeline=matched))["count"] == 0
    await act("update", "update", given={"x": text}, filter={"number": 1}, update=[{"$set": {"note": "{{x:STRING}}"}}])
    (row,) = (await act("read", "find", filter={"number": 1}))["rows"]
    assert row["note"] == text


@pytest.mark.parametrize(
    ("given", "mark"),
    [
        ({"x": {"$gt": ""}}, "STRING"), ({"x": ["a"]}, "STRING"), ({"x": 5}, "STRING"), ({"x": True}, "NUMBER"),
        ({"x": "5"}, "NUMBER"), ({"x": None}, "STRING"), ({}, "STRING"), ({"x": "no"}, "UUID"),
        ({"x": "a", "y": 1}, "STRING"),
        ({"x": "abc"}, "STRING::2"), ({"x": 2**63}, "NUMBER"), ({"x": "31.1.2026"}, "DATE"),
    ],
)  # fmt: skip
async def test_J12_what_does_not_fit_a_placeholder_is_refused_by_name(act, given, mark) -> None:
    with pytest.raises(InputRejected) as refused:
        await act("read", "find", given=given, filter={"status": "{{x:" + mark + "}}"})
    assert refused.value.details["field"] in {"x", "y"}


@pytest.mark.parametrize("given", ["nonsense", "", "5f43a1b2c3d4e5f60123456", "z" * 24])
async def test_J12_what_is_no_object_id_is_refused(act, given) -> None:
    with pytest.raises(InputRejected):
        await act("read", "find", given={"id": given}, filter={"_id": {"$oid": "{{id:STRING}}"}})


async def test_a_unique_index_is_told_without_what_the_secrets_are(ask, act) -> None:
    index = {"tag": "1", "up": [{"operation": "createIndex", "collection": "orders", "keys": {"key": 1},
                                 "options": {"unique": True}}], "down": [], "checksum": "x"}  # fmt: skip
    await ask("migrate", known=[index])
    await act("create", "insert", documents={"key": "hush-hush"})
    with pytest.raises(InputRejected, match="unique index") as refused:
        await act("create", "insert", documents=[{"key": "other"}, {"key": "hush-hush"}, {"key": "third"}])
    assert "hush" not in str(refused.value.to_json())
    assert "1 documents before it were inserted" in refused.value.message
    assert await act("count", "count") == {"count": 2}


@pytest.mark.parametrize("operation", ["insert", "update", "delete"])
@pytest.mark.parametrize("how", ["place", "settings"])
async def test_a_read_only_environment_is_not_changed(ask, place, orders, operation, how) -> None:
    closed = replace(place, read_only=True) if how == "place" else replace(
        place, settings={**place.settings, "read_only": True}, fingerprint="two"
    )  # fmt: skip
    parts = {
        "insert": {"documents": {}},
        "update": {"filter": {}, "update": {"$set": {"a": 1}}},
        "delete": {"filter": {}},
    }
    mongodb = {"collection": "orders", "operation": operation, **parts[operation]}
    with pytest.raises(Misconfigured, match="only reads"):
        await ask("run", {"type": "update", "mongodb": mongodb}, place_=closed)
    with pytest.raises(Misconfigured, match="only reads"):
        await ask("migrate", place_=closed, known=[])
    assert (await ask("rows", place_=closed, table="orders"))["count"] == 6


async def test_a_dry_run_shows_the_plan_and_changes_nothing(ask, orders) -> None:
    for kind, parts in {
        "find": {"filter": {"number": 1}, "sort": {"number": 1}}, "count": {"filter": {}},
        "aggregate": {"pipeline": [{"$match": {"number": 1}}]},
        "update": {"filter": {}, "update": {"$set": {"x": 1}}, "many": True}, "delete": {"filter": {}, "many": True},
    }.items():  # fmt: skip
        type_ = {"find": "read", "count": "count", "aggregate": "aggregate"}.get(kind, "delete")
        given = await ask("explain", {"type": type_, "mongodb": {"collection": "orders", "operation": kind, **parts}})
        assert given["plans"][0]["plan"], kind
    assert (await ask("rows", table="orders", limit=10))["count"] == 6


async def test_an_action_for_other_databases_is_told(ask) -> None:
    with pytest.raises(Misconfigured, match="nothing about MongoDB"):
        await ask("run", {"type": "read", "sql": "SELECT 1"})


async def test_a_timeout_of_the_action_ends_it(act, orders, mongo) -> None:
    mongo.freeze()
    try:
        with pytest.raises(DeadlineExceeded) as late:
            await act("update", "update", filter={}, update={"$set": {"a": 1}}, more={"timeout": "300ms"})
        assert late.value.outcome_unknown is True
        with pytest.raises((DeadlineExceeded, errors.ConnectFailed)):
            await act("read", "find", more={"timeout": "300ms"})
    finally:
        mongo.thaw()
    assert await act("count", "count") == {"count": 6}


async def test_calls_side_by_side_share_a_bounded_pool(act, mongo) -> None:
    await asyncio.gather(*(act("create", "insert", documents={"n": n}) for n in range(100)))
    assert await act("count", "count") == {"count": 100}
