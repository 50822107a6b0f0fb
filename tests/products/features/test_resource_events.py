"""Events that use databases, storages and caches: what is not there is named before anything runs."""

from __future__ import annotations

import pytest

from products.catalog.resources import KINDS
from products.features import World, check_feature, read_feature
from products.features.naming import names_at
from products.features.operation_results import FIELDS
from products.lib.database_actions import parameters, read_action
from products.lib.jsontypes import Json, JsonObject

STORAGE = {each.name: each.input for each in KINDS["storage"].operations if not each.inner}
WORLD = World(resources={
    "db_action": {"orders-db": {"create-order": None}},
    "storage": {"receipts": STORAGE},
    "cache": {"rates": {each.name: each.input for each in KINDS["cache"].operations if not each.inner}},
})  # fmt: skip


def problems(event: JsonObject, world: World = WORLD) -> list[tuple[str, str]]:
    """What is wrong with the one event of a feature, below it."""
    document = {"name": "One", "sequences": [{"tag": "main", "events": [{"tag": "one", **event}]}]}
    feature, found = read_feature(document, available=("action", "db_action", "storage", "cache"))
    pairs = [*found, *check_feature(feature, world).errors]
    return [(each.pointer.removeprefix("/sequences/0/events/0"), each.detail) for each in pairs]


@pytest.mark.parametrize(("kind", "event", "given"), [
    ("db_action", "orders-db:create-order", {"anything": 1}),
    ("storage", "receipts:read", {"key": "a"}),
    ("storage", "receipts:list", None),
    ("cache", "rates:set", {"key": "$Run{id}", "value": 1}),
    ("storage", "receipts:save", "$Default(null, null)"),
])  # fmt: skip
def test_what_is_there_is_right(kind: str, event: str, given: Json) -> None:
    assert problems({"type": kind, "event": event, "input": given}) == []


@pytest.mark.parametrize(("kind", "event", "detail"), [
    ("storage", "receits:read", "no storage called “receits” in this product. Did you mean “receipts”?"),
    ("storage", "receipts:raed", "Did you mean “read”?"),
    ("db_action", "orders-db:creat-order", "no action of “orders-db” called “creat-order”"),
    ("db_action", "orders", "no database called “orders” in this product. Did you mean “orders-db”?"),
    ("cache", "rates:purge", "no operation of “rates” called “purge”"),
    ("cache", "rates", "no operation of “rates” called “”"),
])  # fmt: skip
def test_what_is_not_there_is_named_with_what_was_meant(kind: str, event: str, detail: str) -> None:
    found = problems({"type": kind, "event": event, "input": {"key": "a", "value": 1}})
    assert [pointer for pointer, _ in found] == ["/event"]
    assert detail in found[0][1]


def test_fields_of_an_operation_that_it_has_not_or_lacks_are_named() -> None:
    found = problems({"type": "storage", "event": "receipts:copy", "input": {"kez": "a", "to": "b"}})
    assert found == [
        ("/input/kez", "There is no field “kez” here. Did you mean “key”?"),
        ("/input/key", "“key” is missing."),
    ]


def test_an_undo_and_a_named_cache_are_looked_for_too() -> None:
    undo = {"type": "storage", "event": "gone:delete", "input": {"key": "a"}}
    kept = {"type": "storage", "event": "receipts:read", "input": {"key": "a"}, "cache": {"name": "rate"}}
    found = problems({**kept, "rollback": undo})
    assert [pointer for pointer, _ in found] == ["/rollback/event", "/cache/name"]
    assert "Did you mean “rates”?" in found[1][1]


def test_what_an_operation_gives_is_offered_to_the_events_after_it() -> None:
    events: list[JsonObject] = [
        {"tag": "order", "type": "db_action", "event": "orders-db:create-order"},
        {"tag": "page", "type": "storage", "event": "receipts:list"},
        {"tag": "last", "type": "action", "app": "a", "event": "b", "input": "$Run{id}"},
    ]
    document = {"name": "One", "sequences": [{"tag": "main", "events": events}]}
    feature, _ = read_feature(document, available=("action", "db_action", "storage", "cache"))
    steps = names_at(feature, WORLD, "/sequences/0/events/2/input")["Step"]["in"]
    assert set(steps["order"]["in"]) == {"rows", "count", "changed", "truncated"}
    assert set(steps["page"]["in"]) == {"files", "folders", "next"}


def test_every_operation_says_what_it_gives() -> None:
    declared = {
        (kind.event_type, each.name) for kind in KINDS.values() for each in kind.operations
        if not each.inner and not kind.defined
    }  # fmt: skip
    assert set(FIELDS) == {*declared, ("db_action", "")}


def test_where_nothing_is_known_of_resources_nothing_is_said() -> None:
    assert problems({"type": "storage", "event": "any:thing"}, World()) == []


ACTION = {
    "type": "update",
    "sql": "UPDATE t SET a = {{total:FLOAT:0:100}}, b = {{note:STRING?::5}} WHERE id IN ({{ids:ARRAY_NUMBER:1:3}})",
}
DEFINED = World(resources={"db_action": {"orders-db": {"change": parameters(read_action(ACTION))}}})


@pytest.mark.parametrize(("given", "found"), [
    ({"total": 5, "ids": [1, 2]}, []),
    ({"total": "$Run{id}", "ids": "$Default(null, null)", "note": None}, []),
    ({"total": 5, "ids": [1, "$Run{id}"]}, []),
    ({"totl": 5, "ids": [1]}, [("/totl", "There is no placeholder “totl” here. Did you mean “total”?"),
                               ("/total", "“total” is missing.")]),
    ({"total": None, "ids": [1]}, [("/total", "“total” is missing.")]),
    ({"total": "5", "ids": [1]}, [("/total", "This must be a number, not text.")]),
    ({"total": 500, "ids": [1]}, [("/total", "This may be at most 100.")]),
    ({"total": {"a": "$Run{id}"}, "ids": [1]}, [("/total", "This must be a number, not an object.")]),
    ({"total": 5, "ids": [1, "b", "$Run{id}"]}, [("/ids/1", "This must be a whole number, not text.")]),
    ({"total": 5, "ids": [1, 2, 3, "$Run{id}"]}, [("/ids", "This may have at most 3 items.")]),
    ({"total": 5, "ids": [1], "note": "too long"}, [("/note", "This may have at most 5 characters.")]),
    ({"total": 5, "ids": [1], "note": ["a"]}, [("/note", "This must be null or text, not a list.")]),
])  # fmt: skip
def test_J12_what_placeholders_cannot_be_is_said_at_its_place(given: Json, found: list[tuple[str, str]]) -> None:
    event = {"type": "db_action", "event": "orders-db:change", "input": given}
    assert problems(event, DEFINED) == [(f"/input{pointer}", detail) for pointer, detail in found]
    undo = {"type": "db_action", "event": "orders-db:change", "input": {"total": 1, "ids": [1]}, "rollback": event}
    assert problems(undo, DEFINED) == [(f"/rollback/input{pointer}", detail) for pointer, detail in found]


def test_null_is_a_value_of_a_cache_and_nothing_is_not() -> None:
    assert problems({"type": "cache", "event": "rates:set", "input": {"key": "a", "value": None}}) == []
    found = problems({"type": "cache", "event": "rates:set", "input": {"key": "", "for": 5}})
    assert found == [
        ("/input/value", "“value” is missing."),
        ("/input/key", "This field may not be empty."),
        ("/input/for", "This must be text, not a number."),
    ]
