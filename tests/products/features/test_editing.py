"""Changes that the editor makes to a feature's document."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest

from products.features import Connected, StepName, World, check_feature, read_feature
from products.features.editing import (
    EditError,
    add_event,
    add_sequence,
    change_event,
    change_sequence,
    event_at,
    may_follow,
    move_event,
    move_sequence,
    regroup_event,
    remove_event,
    remove_sequence,
    sequence_at,
)
from products.features.starting_points import starting_points
from products.lib.actions import ActionSpec, Parameter
from products.lib.jsontypes import Json, JsonObject

DOCUMENT: JsonObject = {
    "name": "Fulfil",
    "sequences": [
        {"tag": "charge", "events": [{"tag": "pay", "type": "action", "app": "shop", "event": "pay"}]},
        {
            "tag": "reserve",
            "parents": ["charge"],
            "events": [
                {"tag": "stock", "type": "sleep", "input": "$Sequence{charge}{pay}{wait}"},
                {"tag": "audit", "type": "checkpoint"},
            ],
        },
        {"tag": "tell", "parents": ["reserve", "charge"], "events": [{"tag": "mail", "type": "checkpoint"}]},
    ],
    "output": {"id": "$Sequence{charge}{pay}{id} $Sequence{reserve}{audit}"},
}


def tags(document: JsonObject) -> list[str]:
    return [f"{one['tag']}/{event['tag']}" for one in document["sequences"] for event in one["events"]]


@pytest.fixture(autouse=True)
def nothing_is_changed_in_place() -> object:
    before = deepcopy(DOCUMENT)
    yield
    assert before == DOCUMENT


def test_a_new_event_stands_after_the_chosen_one_under_a_free_tag() -> None:
    document, name = add_event(DOCUMENT, "reserve", "checkpoint", after="stock")
    again, other = add_event(document, "reserve", "checkpoint")
    assert tags(document)[1:4] == ["reserve/stock", "reserve/checkpoint", "reserve/audit"]
    assert (str(name), str(other)) == ("reserve/checkpoint", "reserve/checkpoint-2")
    assert tags(again)[4] == "reserve/checkpoint-2"


def test_a_new_sequence_waits_for_the_chosen_one() -> None:
    document, name = add_sequence(DOCUMENT, "sleep", after="tell")
    assert sequence_at(document, name.sequence)["parents"] == ["tell"]
    assert "parents" not in sequence_at(*_first(add_sequence(DOCUMENT, "sleep")))


def _first(made: tuple[JsonObject, StepName]) -> tuple[JsonObject, str]:
    return made[0], made[1].sequence


def test_expressions_follow_an_event_to_its_new_tag() -> None:
    document, name = change_event(DOCUMENT, StepName("charge", "pay"), {"tag": "payment", "retries": 3, "app": None})
    assert event_at(document, name) == {"tag": "payment", "type": "action", "event": "pay", "retries": 3}
    assert event_at(document, StepName("reserve", "stock"))["input"] == "$Sequence{charge}{payment}{wait}"
    assert document["output"] == {"id": "$Sequence{charge}{payment}{id} $Sequence{reserve}{audit}"}


def test_short_references_follow_too_and_stay_unambiguous() -> None:
    document = {**DOCUMENT, "output": "$Step{pay}{id} $Step{mail}"}
    plain, _ = change_event(document, StepName("charge", "pay"), {"tag": "payment"})
    assert plain["output"] == "$Step{payment}{id} $Step{mail}"
    double, _ = change_event(document, StepName("charge", "pay"), {"tag": "mail"})
    assert double["output"] == "$Sequence{charge}{mail}{id} $Step{mail}"
    moved, _ = regroup_event(document, StepName("charge", "pay"), "tell")
    assert moved["output"] == document["output"]
    assert add_event(document, "charge", "checkpoint")[1].event == "checkpoint"
    taken, _ = add_event(document, "charge", "checkpoint")
    assert add_sequence(taken, "checkpoint")[1].event == "checkpoint-2"


def test_parents_and_expressions_follow_a_sequence_to_its_new_tag() -> None:
    document, tag = change_sequence(DOCUMENT, "charge", {"tag": "bill", "mode": "concurrent"})
    assert (tag, sequence_at(document, "bill")["mode"]) == ("bill", "concurrent")
    assert sequence_at(document, "tell")["parents"] == ["reserve", "bill"]
    assert document["output"]["id"].startswith("$Sequence{bill}{pay}{id} $Sequence{reserve}")


def test_events_and_sequences_move_and_stop_at_the_ends() -> None:
    moved = move_event(DOCUMENT, StepName("reserve", "audit"), "up")
    assert tags(moved)[1:3] == ["reserve/audit", "reserve/stock"]
    assert tags(move_event(moved, StepName("reserve", "audit"), "up")) == tags(moved)
    assert tags(move_sequence(DOCUMENT, "charge", "down"))[-2:] == ["charge/pay", "tell/mail"]


def test_an_event_goes_to_another_sequence_and_expressions_go_with_it() -> None:
    document, name = regroup_event(DOCUMENT, StepName("reserve", "audit"), "charge")
    assert tags(document) == ["charge/pay", "charge/audit", "reserve/stock", "tell/mail"]
    assert (str(name), document["output"]["id"][-24:]) == ("charge/audit", "$Sequence{charge}{audit}")


def test_the_last_event_takes_its_sequence_along_and_children_wait_for_its_parents() -> None:
    document = remove_event(DOCUMENT, StepName("charge", "pay"))
    assert "parents" not in sequence_at(document, "reserve")
    assert sequence_at(document, "tell")["parents"] == ["reserve"]
    assert sequence_at(remove_sequence(DOCUMENT, "reserve"), "tell")["parents"] == ["charge"]


def test_a_sequence_may_not_wait_for_what_waits_for_it() -> None:
    assert may_follow(DOCUMENT, "charge") == []
    assert may_follow(DOCUMENT, "tell") == ["charge", "reserve"]


@pytest.mark.parametrize("tag", [[], {}, None, 5, True])
def test_a_tag_that_is_no_text_stops_nobody(tag: Json) -> None:
    assert may_follow({"sequences": [{"tag": "main"}, {"tag": tag, "parents": [tag]}]}, "main") == [str(tag)]


@pytest.mark.parametrize("document", [{}, {"sequences": 1}, {"sequences": [1, {"tag": "charge", "events": "x"}]}])
def test_what_is_not_there_is_said_whatever_somebody_typed(document: JsonObject) -> None:
    with pytest.raises(EditError, match="any more"):
        remove_event(document, StepName("charge", "pay"))


SHOP = {"shop": Connected(frozenset({"add", "list"}))}
LIST = ActionSpec("list", "List", "GET", "/list")
ADD = replace(LIST, tag="add", parameters=(Parameter("id", "query", required=True),))


@pytest.mark.parametrize(("world", "called"), [
    (World(), ""),
    (World(connections=SHOP), "add"),
    (World(connections=SHOP, specs=lambda _: {("shop", "add"): ADD, ("shop", "list"): LIST}), "list"),
    (World(connections=SHOP, specs=lambda _: {("shop", "add"): ADD, ("shop", "list"): ADD}), ""),
])  # fmt: skip
def test_every_starting_point_can_be_saved_as_it_is(world: World, called: str) -> None:
    found = starting_points(world)
    events = [one.definition["sequences"][0]["events"][0] for one in found if one.key == "call"]
    assert [one["event"] for one in events] == [called] * bool(called)
    for one in found:
        feature, problems = read_feature({"name": "New", **one.definition}, available={"action", "feature"})
        findings = check_feature(feature, world)
        assert (problems, findings.errors, findings.warnings) == ((), (), ()), one.key
