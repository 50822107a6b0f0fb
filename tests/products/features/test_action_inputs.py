"""What an action is given is checked when it is saved, as far as it is written out, and by the rules of the call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from products.features import Connected, World, check_feature, read_feature
from products.features.action_inputs import given_to
from products.lib.actions import ActionSpec, Body, Parameter
from products.lib.inputs import InputError
from products.lib.jsontypes import Json, JsonObject

ORDER: JsonObject = {
    "type": "object",
    "properties": {
        "product": {"type": "string"},
        "count": {"$ref": "#/$defs/Count"},
        "gift": {"type": "boolean"},
        "body": {"type": "object"},
    },
    "required": ["product", "count"],
    "additionalProperties": False,
}
PAY = ActionSpec(
    "pay", "Pay", "POST", "/shops/{shop}/orders",
    parameters=(
        Parameter("shop", "path", "number", required=True),
        Parameter("limit", "query", "number", maximum=50),
        Parameter("kind", "query", "string", schema={"type": "string", "enum": ["new", "old"]}),
        Parameter("X-Trace", "header", "string"),
    ),
    body=Body(required=True, schema=ORDER),
    defs={"Count": {"type": "integer", "minimum": 1}},
)  # fmt: skip
CLOSED = replace(PAY, body=None)
# Where one value decides what another may be.
CONDITIONAL = replace(PAY, body=Body(schema={
    "type": "object",
    "if": {"properties": {"gift": {"const": True}}},
    "else": {"required": ["count"], "properties": {"product": {"maxLength": 3}}},
}))  # fmt: skip


def problems(given: Json, spec: ActionSpec = PAY, *, undo: bool = False) -> list[tuple[str, str]]:
    """What is said of an event with this input."""
    world = World({"shop": Connected(frozenset({"pay", "other"}))}, specs=lambda _: {("shop", "pay"): spec})
    call = {"type": "action", "app": "shop", "event": "pay", "input": given}
    whole = {"tag": "one", **({**call, "event": "other", "rollback": call} if undo else call)}
    document = {"name": "One", "input": {"a": "string"}, "sequences": [{"tag": "main", "events": [whole]}]}
    feature, found = read_feature(document, available=("action",))
    pairs = [*found, *check_feature(feature, world).errors]
    place = "/sequences/0/events/0/rollback/input" if undo else "/sequences/0/events/0/input"
    assert all(each.pointer.startswith(place) for each in pairs)
    return [(each.pointer.removeprefix(place), each.code) for each in pairs]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, [("/shop", "required"), ("", "required")]),
        ({"shop": 1}, [("", "required")]),
        ({"shop": 1, "product": "a"}, [("/count", "required")]),
        ({"params": {"shop": "x"}, "body": {"product": "a", "count": 1}}, [("/params/shop", "type")]),
        ({"shop": 1, "limit": 51, "product": "a", "count": 1}, [("/limit", "too_large")]),
        ({"shop": 1, "query:kind": "odd", "product": "$Input{a}", "count": 1}, [("/query:kind", "not_allowed")]),
        ({"shop": "$Input{a}", "kind": "odd", "product": "$Input{a}", "count": 1}, [("/kind", "not_allowed")]),
        ({"shop": 1, "product": 7, "count": "$Input{a}"}, [("/product", "type")]),
        ({"shop": 1, "product": "$Input{a}"}, [("/count", "required")]),
        ({"shop": 1, "prodcut": "$Input{a}"}, [("/prodcut", "unknown_field")]),
        ({"params": {"shop": 1}, "body": {"product": "$Input{a}", "count": 0}}, [("/body/count", "too_small")]),
        ("order", [("", "type")]),
        (["$Input{a}"], [("", "type")]),
    ],
)
def test_what_the_call_would_refuse_is_refused_where_it_is_written(given: Json, found: list[tuple[str, str]]) -> None:
    assert problems(given) == problems(given, undo=True) == found
    with pytest.raises(InputError):
        given_to(PAY, {} if given is None else given)


@pytest.mark.parametrize(
    "given",
    [
        {"shop": 1, "product": "a", "count": 2},
        {"shop": "12", "X-Trace": 7, "product": "a", "count": 2},
        {
            "shop": "$Input{a}",
            "product": "$Input{a}",
            "count": "$Input{a}",
            "kind": "$Input{a}",
            "x-trace": "$Input{a}",
        },
        {"params": {"shop": "$Input{a}"}, "query": {"limit": "$Input{a}"}, "body": "$Input{a}"},
        {"params": "$Input{a}"},
        {"shop": 1, "body": "$Input{a}"},
        {"shop": 1, "product": "a", "count": 2, "gift": "$If(true, true, false)"},
        "$Input{a}",
    ],
)
def test_what_may_be_right_is_left_alone(given: Json) -> None:
    assert problems(given) == []


def test_what_depends_on_an_expression_is_left_to_the_run() -> None:
    assert problems({"shop": 1, "gift": "$Input{a}", "product": "long"}, CONDITIONAL) == []
    assert problems({"shop": 1, "gift": False, "product": "long", "count": 1}, CONDITIONAL) == [
        ("/product", "too_long")
    ]


def test_an_action_without_a_body_takes_none() -> None:
    assert problems({"shop": 1}, CLOSED) == []
    assert problems({"shop": 1, "body": {"a": 1}}, CLOSED) == [("/body", "unknown_field")]
