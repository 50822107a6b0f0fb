"""The help of features says what the reader takes, no more and no less."""

from __future__ import annotations

import json

import pytest

from products.catalog.event_fields import FIELDS
from products.catalog.event_types import EVENT_TYPES, FEATURE_EXAMPLE, FEATURE_EXAMPLE_TEXT, EventType, written
from products.catalog.resources import KINDS
from products.features import CONTROL_TYPES, Connected, World, check_feature, read_feature
from products.features.types import keys_of
from products.lib.actions import Parameter
from products.lib.jsontypes import Json, JsonObject

AVAILABLE = ("action", "feature", "db_action", "storage", "cache")
WORLD = World(
    connections={"shop": Connected(frozenset({"create-payment", "refund-payment", "create-shipment"}))},
    inputs={"send-invoice": (Parameter("order", "query", required=True),)},
    resources={
        "db_action": {"orders-db": {"create-order": None, "delete-order": None}},
        "storage": {"receipts": {each.name: each.input for each in KINDS["storage"].operations}},
        "cache": {"rates": {each.name: each.input for each in KINDS["cache"].operations}},
    },
)


def problems(document: JsonObject) -> list[str]:
    """What is wrong with a definition."""
    feature, found = read_feature({"name": "Example", **document}, available=AVAILABLE)
    return [f"{one.pointer}: {one.detail}" for one in (*found, *check_feature(feature, WORLD).errors)]


def test_every_type_that_can_be_used_has_its_page() -> None:
    assert {each.name for each in EVENT_TYPES} == {*AVAILABLE, *CONTROL_TYPES}


def test_no_field_is_explained_that_there_is_not() -> None:
    known = {key for each in EVENT_TYPES for key in keys_of(each.name)}
    assert {name for _, name in FIELDS} == known
    assert all(name in keys_of(of) for of, name in FIELDS if of)


@pytest.mark.parametrize("each", EVENT_TYPES, ids=lambda each: each.name)
def test_every_example_can_be_saved(each: EventType) -> None:
    fields = {"amount": "float", "grace": "string", "order_id": "string"}
    assert problems({"input": fields, "sequences": [{"tag": "main", "events": [each.sample]}]}) == []
    assert set(each.sample) <= {field.name for field in each.fields}


def test_the_whole_example_can_be_saved() -> None:
    assert problems(FEATURE_EXAMPLE) == []
    assert json.loads(FEATURE_EXAMPLE_TEXT) == FEATURE_EXAMPLE


@pytest.mark.parametrize("value", [None, [], {}, 'ä"', [[]] * 50, {"a": {"b": ["x" * 90, {}]}, "c": [1.0, None]}])
def test_what_is_written_for_people_is_the_same_json(value: Json) -> None:
    assert json.loads(written(value)) == value
