"""Operations of MongoDB, checked before anything is sent: pure."""

from __future__ import annotations

import pytest

from products.lib.errors import Invalid
from products.lib.mongodb_operations import filled, read_operation
from tests.patience import ends


def on_a(operation: str = "find", **parts) -> dict:
    return {"collection": "a", "operation": operation, **parts}


DEEP: dict = {"a": 1}
for _ in range(60):
    DEEP = {"$and": [DEEP]}
DEEP = {"$and": [DEEP, {"$where": "1"}]}

REFUSED = [
    (None, "/operation"),
    ({}, "/operation"),
    ({"operation": "find"}, "/collection"),
    (on_a("drop"), "/operation"),
    (on_a("mapReduce"), "/operation"),
    (on_a(["find"]), "/operation"),
    (on_a(pipeline=[]), "/pipeline"),
    (on_a(filter=[]), "/filter"),
    (on_a(filter="x"), "/filter"),
    (on_a(filter={"$where": "1"}), "/filter/$where"),
    (on_a(filter={"a": {"$not": {"$where": "1"}}}), "/filter/a/$not/$where"),
    (on_a(filter=DEEP), None),
    (on_a(filter={"a": {"$code": "1"}}), "/filter/a/$code"),
    (on_a(limit=0), "/limit"),
    (on_a(limit=True), "/limit"),
    (on_a(filter={"$expr": {"$function": {"body": "x"}}}), "/filter/$expr/$function"),
    (on_a(limit="5"), "/limit"),
    (on_a(sort={"a": 1, "b": 1}), "/sort"),
    (on_a(sort="a"), "/sort"),
    (on_a(sort=[["a"]]), "/sort"),
    (on_a(collection="{{c:STRING}}"), "/collection"),
    (on_a(collection="system.users"), "/collection"),
    (on_a(collection="$cmd"), "/collection"),
    (on_a(collection="a\x00b"), "/collection"),
    (on_a(collection=""), "/collection"),
    (on_a(collection="ductape_migrations"), "/collection"),
    (on_a(collection="x" * 300), "/collection"),
    (on_a("insert"), "/documents"),
    (on_a("insert", documents=[]), "/documents"),
    (on_a("insert", documents=[1]), "/documents/0"),
    (on_a("insert", documents=[{}] * 10_001), "/documents"),
    (on_a("delete"), "/filter"),
    (on_a("update", filter={}), "/update"),
    (on_a("update", filter={}, update={"a": 1}), "/update"),
    (on_a("update", filter={}, update="{{u:OBJECT}}"), "/update"),
    (on_a("update", filter={}, update={}), "/update"),
    (on_a("update", filter={}, update={"$set": {}}, many="yes"), "/many"),
    (on_a("aggregate"), "/pipeline"),
    (on_a("aggregate", pipeline={}), "/pipeline"),
    (on_a("aggregate", pipeline=["x"]), "/pipeline/0"),
    (on_a("aggregate", pipeline=[{"$match": {}, "$limit": 1}]), "/pipeline/0"),
    (on_a("aggregate", pipeline=[{}] * 101), "/pipeline"),
    (on_a("aggregate", pipeline=[{"$sort": {"a": 1, "b": 1}}]), "/pipeline/0/$sort"),
    (
        on_a("aggregate", pipeline=[{"$lookup": {"from": {"db": "admin", "coll": "x"}, "as": "y"}}]),
        "/pipeline/0/$lookup",
    ),
    (on_a("aggregate", pipeline=[{"$lookup": {"from": "system.users", "as": "y"}}]), "/pipeline/0/$lookup"),
    (on_a("aggregate", pipeline=[{"$lookup": {"from": "{{f:STRING}}", "as": "y"}}]), "/pipeline/0/$lookup"),
    (on_a("aggregate", pipeline=[{"$unionWith": {"coll": "b", "db": "admin"}}]), "/pipeline/0/$unionWith"),
    (on_a("aggregate", pipeline=[{"$facet": {"a": [{"$graphLookup": {"from": "system.users"}}]}}]), None),
    (on_a("aggregate", pipeline=[{"$out": {"db": "other", "coll": "x"}}]), "/pipeline/0/$out"),
    (on_a("aggregate", pipeline=[{"$merge": {"into": {"db": "other", "coll": "x"}}}]), "/pipeline/0/$merge"),
    (on_a("aggregate", pipeline=[{"$currentOp": {}}]), "/pipeline/0/$currentOp"),
    (on_a("aggregate", pipeline=[{"$listSessions": {}}]), "/pipeline/0/$listSessions"),
    (
        on_a("aggregate", pipeline=[{"$group": {"_id": 1, "x": {"$accumulator": {}}}}]),
        "/pipeline/0/$group/x/$accumulator",
    ),
]


@pytest.mark.parametrize(("document", "pointer"), REFUSED, ids=lambda value: str(value)[:80])
def test_J2_J3_what_is_no_operation_is_refused_at_its_place(document, pointer) -> None:
    with pytest.raises(Invalid) as refused:
        read_operation(document)
    assert refused.value.errors
    if pointer is not None:
        assert pointer in {each.pointer for each in refused.value.errors}


@pytest.mark.parametrize("type_", ["read", "count", "aggregate"])
@pytest.mark.parametrize(
    "document",
    [
        on_a("insert", documents={}),
        on_a("update", filter={}, update={"$set": {"a": 1}}),
        on_a("delete", filter={}),
        on_a("aggregate", pipeline=[{"$out": "b"}]),
        on_a("aggregate", pipeline=[{"$merge": {"into": "b"}}]),
    ],
)
def test_J3_an_action_that_reads_cannot_change_anything(type_, document) -> None:
    assert not read_operation(document, type="update").reads
    with pytest.raises(Invalid, match="can change nothing"):
        read_operation(document, type=type_)


def test_what_was_given_is_put_in_once_and_not_read_again() -> None:
    operation = read_operation(on_a(filter={"a": "{{x:STRING}}", "b": ["{{y:NUMBER}}", "fixed"]}))
    made = filled(operation, {"x": "{{y:NUMBER}}", "y": 5}, {"x": "string", "y": "number"})
    assert made.parts["filter"] == {"a": "{{y:NUMBER}}", "b": [5, "fixed"]}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"filter": {"a": "{{x:STRING}}"}}, {"a": "$b"}),
        ({"filter": {"$expr": {"$eq": ["$a", "{{x:STRING}}"]}}}, {"$expr": {"$eq": ["$a", {"$literal": "$b"}]}}),
        ({"operation": "aggregate", "pipeline": [{"$match": {"a": "{{x:STRING}}"}}]}, [{"$match": {"a": "$b"}}]),
        (
            {"operation": "aggregate", "pipeline": [{"$set": {"a": "{{x:STRING}}"}}]},
            [{"$set": {"a": {"$literal": "$b"}}}],
        ),
        (
            {"operation": "aggregate", "pipeline": [{"$match": {"$expr": {"$eq": ["$a", "{{x:STRING}}"]}}}]},
            [{"$match": {"$expr": {"$eq": ["$a", {"$literal": "$b"}]}}}],
        ),
        ({"operation": "insert", "documents": [{"a": "{{x:STRING}}"}]}, [{"a": "$b"}]),
    ],
)
def test_J3_a_text_that_looks_like_a_field_is_a_text_wherever_it_stands(parts, expected) -> None:
    made = filled(read_operation(on_a(**parts)), {"x": "$b"}, {"x": "string"})
    assert expected in made.parts.values()


def test_J3_a_filter_that_is_left_out_does_not_become_all() -> None:
    operation = read_operation(on_a("delete", filter="{{f:OBJECT?}}", many=True))
    with pytest.raises(Invalid):
        filled(operation, {"f": None}, {"f": "object"})


def test_keys_with_points_may_be_stored_but_not_lead_anywhere() -> None:
    given = {"o": {"example.com": 1}}
    stored = filled(read_operation(on_a("insert", documents="{{o:OBJECT}}")), given, {"o": "object"})
    assert stored.parts["documents"] == {"example.com": 1}
    with pytest.raises(Invalid):
        filled(read_operation(on_a("update", filter={}, update={"$set": "{{o:OBJECT}}"})), given, {"o": "object"})


def test_a_large_operation_is_checked_in_its_time() -> None:
    with ends(20):
        read_operation(on_a("insert", documents=[{f"k{n}": [n] * 50 for n in range(20)}] * 2_000))
