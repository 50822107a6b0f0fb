"""What the dashboard asks of a MongoDB: what is in it, and a person's own queries."""

from __future__ import annotations

import json

import pytest

from processors.connectors.errors import InputRejected, Misconfigured

ORDERS = [
    {"_id": n, "number": n, "status": "open" if n % 2 else None, "at": {"$date": "2026-01-01"}} for n in range(1, 6)
]


@pytest.fixture
async def orders(act, ask):
    await act("create", "insert", documents=ORDERS)
    await act("update", "update", filter={"_id": 5}, update={"$unset": {"number": ""}})
    index = {
        "operation": "createIndex",
        "collection": "orders",
        "keys": [["status", 1], ["number", -1]],
        "options": {"unique": True},
    }
    await ask("migrate", known=[{"tag": "index", "up": [index], "down": [], "checksum": "x"}])


async def test_collections_are_listed(ask, orders) -> None:
    given = await ask("tables")
    assert [(each["name"], each["kind"], each["rows"]) for each in given["tables"]] == [
        ("ductape_migrations", "collection", 1),
        ("orders", "collection", 5),
    ]


async def test_fields_are_told_from_documents(ask, orders) -> None:
    given = await ask("columns", table="orders")
    found = {each["name"]: (each["type"], each["nullable"], each["seen"]) for each in given["columns"]}
    assert found == {
        "_id": ("int", False, 5),
        "number": ("int", True, 4),
        "status": ("null | string", True, 5),
        "at": ("date", False, 5),
    }
    assert given["primary_key"] == ["_id"]
    (index,) = [each for each in given["indexes"] if each["name"] != "_id_"]
    assert (index["columns"], index["unique"]) == (["status", "number"], True)


async def test_documents_that_are_alike_in_a_field_are_ordered_by_their_key(act, ask) -> None:
    await act("create", "insert", documents=[{"_id": n, "kind": n % 2} for n in (7, 3, 9, 1, 5, 8, 2, 6, 4, 0)])
    seen = []
    for offset in range(0, 10, 2):
        page = await ask("rows", table="orders", limit=2, offset=offset, order="-kind")
        seen += [row["_id"] for row in page["rows"]]
    assert seen == [1, 3, 5, 7, 9, 0, 2, 4, 6, 8]


@pytest.mark.parametrize("name", ["orders", "two words", 'a"b', "Größe"])
async def test_the_query_that_reads_a_collection_can_be_run_as_it_is(ask, orders, name) -> None:
    given = await ask("columns", table=name)
    assert json.loads(given["query"]) == {"operation": "find", "collection": name, "limit": 50}
    found = await ask("query", text=given["query"])
    assert len(found["rows"]) == (5 if name == "orders" else 0)


async def test_rows_come_in_pages_and_in_order(ask, orders) -> None:
    page = await ask("rows", table="orders", limit=2, offset=1, order="-_id")
    assert [row["_id"] for row in page["rows"]] == [4, 3]
    assert page["truncated"] is True
    assert page["columns"] == ["_id", "number", "status", "at"]
    assert (await ask("rows", table="orders", limit=5))["truncated"] is False


@pytest.mark.parametrize(
    "given",
    [
        {"table": "system.users"},
        {"table": "$cmd"},
        {"table": {"$gt": ""}},
        {"table": None},
        {"limit": 0},
        {"limit": "5"},
        {"limit": 10**9},
        {"offset": -1},
        {"order": "$where"},
        {"order": "-"},
        {"order": ["a"]},
    ],
    ids=str,
)
async def test_J2_J12_what_cannot_be_asked_is_refused_by_name(ask, orders, given) -> None:
    with pytest.raises(InputRejected) as refused:
        await ask("rows", **{"table": "orders", **given})
    assert refused.value.details["field"] in given


async def test_a_persons_own_query_reads_unless_it_may_change(ask, orders) -> None:
    found = await ask(
        "query", text=json.dumps({"collection": "orders", "operation": "find", "filter": {"_id": {"$gt": 3}}})
    )
    assert [row["_id"] for row in found["rows"]] == [4, 5]
    change = json.dumps({"collection": "orders", "operation": "delete", "filter": {}, "many": True})
    for given in ({}, {"read_only": True}, {"read_only": None}, {"read_only": 0}):
        with pytest.raises(Misconfigured, match="may change nothing"):
            await ask("query", text=change, **given)
    assert (await ask("query", text=change, read_only=False))["changed"] == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "db.orders.find()",
        "[]",
        "5",
        None,
        7,
        '{"operation": "find"}',
        '{"collection": "a", "operation": "eval"}',
        '{"collection": "a", "operation": "find", "filter": {"$where": "1"}}',
        '{"collection": "a", "operation": "find", "filter": {"a": "{{a:STRING}}"}}',
        "[" * 5_000,
    ],
)
async def test_J3_what_is_no_query_is_refused(ask, text) -> None:
    with pytest.raises(InputRejected):
        await ask("query", text=text)


async def test_operations_that_there_are_not_are_refused(ask) -> None:
    with pytest.raises(Misconfigured, match="no operation"):
        await ask("dropDatabase")
