"""Declared fields come back from their store in the order in which they were written."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from products.features.key_order import KEPT, in_order, with_order
from products.lib.jsontypes import Json, JsonObject


def stored(document: Json) -> Json:
    """As jsonb gives it back: keys by length, then by their bytes."""
    if isinstance(document, dict):
        keys = sorted(document, key=lambda key: (len(key.encode()), key.encode()))
        return {key: stored(document[key]) for key in keys}
    return [stored(one) for one in document] if isinstance(document, list) else document


NAMES = st.lists(st.text(min_size=1, max_size=4), max_size=6, unique=True)


@given(NAMES, NAMES)
def test_fields_of_the_input_and_of_signals_keep_their_order(names: list[str], carried: list[str]) -> None:
    wait = {"tag": "w", "type": "wait_signal", "event": "go", "schema": dict.fromkeys(carried, "string")}
    document: JsonObject = {
        "input": {name: {"type": "string"} for name in names},
        "sequences": [{"tag": "s", "events": [{"tag": "a", "type": "checkpoint"}, wait]}],
    }
    back = in_order(json.loads(json.dumps(stored(with_order(document)))))
    assert back == document
    assert list(back["input"]) == names
    assert list(back["sequences"][0]["events"][1]["schema"]) == carried


def test_what_the_kept_order_does_not_know_comes_last_and_what_is_gone_is_no_matter() -> None:
    found = in_order({"input": {"a": 1, "b": 2, "c": 3}, KEPT: {"/input": ["gone", "c", "a"]}})
    assert list(found["input"]) == ["c", "a", "b"]
    assert KEPT not in found
    for odd in (None, [], "x", {}, {"input": []}, {"sequences": [1, {"events": [2, {}]}]}, {KEPT: 3, "input": {}}):
        assert with_order(odd) == odd
        assert in_order(odd) == odd
