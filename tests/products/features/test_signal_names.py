"""The name of a signal is fixed text, and says whose answer it is."""

from __future__ import annotations

from typing import Any

import pytest

from products.features import World, check_feature, read_feature


def wrong(*events: dict[str, Any]) -> list[tuple[str, str]]:
    """The errors of a feature that waits so: pointer and sentence."""
    waits = [{"tag": f"w{number}", "type": "wait_signal", "event": "go", **one} for number, one in enumerate(events)]
    feature, problems = read_feature({"name": "F", "sequences": [{"tag": "main", "events": waits}]}, available=())
    assert not problems, problems
    return [(one.pointer, one.detail) for one in check_feature(feature, World()).errors]


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ({}, "roles and schema and approval"),
        ({"roles": ["owner", "admin"], "schema": {"n": "number"}}, "approval"),
        ({"roles": ["owner"], "approval": True, "schema": {"n": "number"}}, "roles"),
        ({"roles": ["owner", "admin"], "approval": True, "schema": {"n": "string"}}, "schema"),
    ],
)
def test_A2_events_of_one_name_that_take_different_answers_are_refused(second: dict[str, Any], words: str) -> None:
    first = {"approval": True, "roles": ["owner", "admin"], "schema": {"n": "number"}}
    ((pointer, detail),) = wrong(first, second)
    assert pointer == "/sequences/0/events/1/event"
    assert detail.startswith(f"main/w0 waits for “go” too, with other {words}: ")
    assert not wrong(first, {**second, "event": "other"})


def test_events_of_one_name_that_take_the_same_answers_are_right() -> None:
    alike = {"approval": True, "schema": {"n": "number"}}
    assert not wrong({**alike, "roles": ["owner", "admin"], "timeout": "1h"}, {**alike, "roles": ["admin", "owner"]})


@pytest.mark.parametrize(
    ("more", "words"), [({}, "not evaluated"), ({"for_each": [1, 2], "concurrency": 2}, "a signal of its own")]
)
def test_a_name_that_looks_like_an_expression_is_refused(more: dict[str, Any], words: str) -> None:
    ((pointer, detail),) = wrong({"event": "go-$Item", **more})
    assert pointer == "/sequences/0/events/0/event"
    assert words in detail
