"""A feature up to one of its events: what comes before it stays, what comes after or stands beside it goes."""

from __future__ import annotations

from copy import deepcopy

import pytest

from products.features import RUNNABLE, StepName, World, check_feature, read_feature
from products.features.partial import up_to
from products.lib.jsontypes import JsonObject


def _point(tag: str, **more: str) -> JsonObject:
    return {"tag": tag, "type": "checkpoint", **more}


WHOLE: JsonObject = {
    "input": {"sum": {"type": "float"}},
    "options": {"timeout": "5m"},
    "sequences": [
        {"tag": "last", "parents": ["both"], "events": [_point("end", input="$Step{left}")]},
        {"tag": "both", "parents": ["first"], "mode": "concurrent", "events": [_point("left"), _point("right")]},
        {"tag": "first", "events": [_point("one"), _point("two", input="$Step{one}"), _point("three")]},
        {"tag": "alone", "events": [_point("other")]},
    ],
    "output": {"all": "$Step{end}"},
}


@pytest.mark.parametrize(
    ("at", "left"),
    [
        ("first/one", ["first/one"]),
        ("first/two", ["first/one", "first/two"]),
        ("both/right", ["first/one", "first/two", "first/three", "both/right"]),
        ("last/end", ["first/one", "first/two", "first/three", "both/left", "both/right", "last/end"]),
    ],
)
def test_what_comes_before_an_event_is_kept_and_nothing_else(at: str, left: list[str]) -> None:
    before = deepcopy(WHOLE)
    found = up_to(WHOLE, StepName(*at.split("/")))
    assert found is not None
    feature, problems = read_feature({"tag": "f", "name": "F", **found}, available=RUNNABLE)
    assert problems == ()
    assert [str(event.name) for event in feature.events()] == left
    assert check_feature(feature, World()).errors == ()
    assert found["output"] == f"$Sequence{{{at.replace('/', '}{')}}}"
    assert (found["input"], found["options"]) == (WHOLE["input"], WHOLE["options"])
    assert before == WHOLE


@pytest.mark.parametrize("at", ["first/no", "no/one", "first/", "/"])
def test_an_event_that_is_not_there_is_no_end(at: str) -> None:
    assert up_to(WHOLE, StepName(*at.split("/"))) is None
