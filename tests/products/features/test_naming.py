"""What the fields of a feature's editor offer: what the analysis of the same place would accept, and nothing else."""

from __future__ import annotations

import pytest

from products.expressions.operators import OPERATORS
from products.features import RUNNABLE, Connected, World, check_feature, read_feature
from products.features.naming import MOST_NAMES, names_at, operators, shape_of
from products.lib.jsontypes import JsonObject

WORLD = World(
    connections={"shop": Connected(frozenset({"pay"}), frozenset({"region"}), frozenset({"currency"}))},
    secrets=frozenset({"STRIPE_KEY"}),
)
PAY: JsonObject = {"type": "action", "app": "shop", "event": "pay"}
DOCUMENT: JsonObject = {
    "tag": "buy",
    "name": "Buy",
    "input": {"sum": {"type": "float", "required": True}, "items": {"type": "array"}},
    "sequences": [
        {"tag": "main", "events": [{"tag": "ask", "type": "wait_signal", "event": "yes", "approval": True}]},
        {
            "tag": "beside",
            "parents": ["main"],
            "mode": "concurrent",
            "events": [{"tag": "left", **PAY}, {"tag": "right", **PAY, "for_each": "$Input{items}"}],
        },
        {"tag": "rest", "parents": ["beside"], "events": [{"tag": "last", **PAY, "rollback": {**PAY}}]},
    ],
}


def names(pointer: str, document: JsonObject = DOCUMENT) -> JsonObject:
    return names_at(read_feature(document, available=RUNNABLE)[0], WORLD, pointer)


def keys(found: JsonObject, *path: str) -> set[str]:
    node = {"in": found}
    for segment in path:
        node = node["in"][segment]
    return set(node.get("in", {}))


def test_an_event_is_offered_what_ran_before_it_and_nothing_that_did_not() -> None:
    first, beside, last = (
        names("/sequences/0/events/0/input"),
        *(names(f"/sequences/{i}/events/0/input") for i in (1, 2)),
    )
    assert "Step" not in first
    assert "Sequence" not in first
    assert keys(beside, "Step") == {"ask"}  # neither itself nor what runs side by side with it
    assert keys(last, "Sequence") == {"main", "beside"}
    assert keys(last, "Sequence", "beside") == {"left", "right"}
    assert keys(last, "Step", "ask") == {"approved", "comment"}
    assert set(last["Input"]["in"]) == {"sum", "items"}
    assert keys(last, "Variable", "shop") == {"region"}
    assert keys(last, "Constant", "shop") == {"currency"}
    assert keys(last, "Secret") == {"STRIPE_KEY"}
    assert last["Sequence"]["needs"] == 2


@pytest.mark.parametrize(
    ("field", "there"), [("input", True), ("condition", True), ("cache/key", True), ("for_each", False)]
)
def test_the_item_of_a_loop_is_offered_where_there_is_one(field: str, there: bool) -> None:
    found = names(f"/sequences/1/events/1/{field}")
    assert ("Item" in found, "Index" in found) == (there, there)
    assert "Item" not in names(f"/sequences/1/events/0/{field}")


def test_an_undo_is_offered_the_error_and_the_result_that_it_takes_back() -> None:
    assert "Error" not in names("/sequences/2/events/0/input")
    undo = names("/sequences/2/events/0/rollback/input")
    assert keys(undo, "Error") == {"message", "code", "step"}
    assert "last" in keys(undo, "Step")


@pytest.mark.parametrize("field", ["input/number", "rollback/input/number"])
def test_a_field_of_an_input_is_offered_what_the_input_is(field: str) -> None:
    at, whole = "/sequences/2/events/0/", field.rpartition("/")[0]
    assert names(f"{at}{field}") == names(f"{at}{whole}") != {}


def test_the_output_sees_every_event_and_the_key_of_a_limit_none() -> None:
    assert keys(names("/output"), "Step") == {"ask", "left", "right", "last"}
    found = names("/options/concurrency/key")
    assert set(found) == {"Input", "Run"}
    assert keys(found, "Run") == {"environment", "product"}
    assert {"id", "attempt", "parent"} < keys(names("/output"), "Run")
    assert names("/sequences/0/events/0/tag") == {}


def test_what_is_offered_can_be_saved() -> None:
    found = names("/sequences/2/events/0/condition")
    for tag in found["Step"]["in"]:
        changed = {**DOCUMENT, "output": f"$Step{{{tag}}}"}
        assert check_feature(read_feature(changed, available=RUNNABLE)[0], WORLD).errors == ()


def test_every_operator_is_offered_with_its_signature() -> None:
    found = {one["name"]: one for one in operators()}
    assert set(found) == set(OPERATORS)
    assert found["Substring"]["form"].startswith("$Substring(text, start")
    assert found["Now"]["arguments"] == 0


def test_what_a_run_has_shown_is_offered_where_nothing_else_is_known() -> None:
    feature = read_feature(DOCUMENT, available=RUNNABLE)[0]
    seen = {("Step", "left"): shape_of({"id": 1, "lines": [{"sku": "a"}]}), ("Step", "ask"): shape_of({"other": 1})}
    found = names_at(feature, WORLD, "/output", seen)
    assert keys(found, "Step", "left") == {"id", "lines"}
    assert keys(found, "Step", "left", "lines", "0") == {"sku"}
    assert keys(found, "Step", "ask") == {"approved", "comment"}


def test_no_feature_makes_the_list_longer_than_it_may_be() -> None:
    events = [{"tag": f"e{number}", **PAY} for number in range(2_000)]
    found = names("/output", {**DOCUMENT, "sequences": [{"tag": "main", "events": events}]})
    count, waiting = 0, [found]
    while waiting:
        level = waiting.pop()
        count += len(level)
        waiting += [node["in"] for node in level.values() if "in" in node]
    assert 1_000 < count <= MOST_NAMES
