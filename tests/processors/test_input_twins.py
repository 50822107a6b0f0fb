"""An input as fields and as JSON: what was typed in one stands in the other, and nothing of it is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from processors.forms.input_twins import in_step
from products.lib.actions import Parameter

DECLARED = (
    Parameter("name", "body", "string"),
    Parameter("sum", "body", "float"),
    Parameter("items", "body", "array-number"),
    Parameter("more", "body", "object"),
    Parameter("is_gift", "body", "boolean"),
    Parameter("country", "body", "string", schema={"enum": ["NL", "DE"]}),
)


def to_json(fields: dict[str, str], text: str = "") -> Any:
    sent = {**{f"in:{name}": value for name, value in fields.items()}, "json": text}
    return json.loads(in_step(DECLARED, sent, "json")["json"])


def to_fields(text: str, fields: dict[str, str] | None = None) -> dict[str, str]:
    sent = {**{f"in:{name}": value for name, value in (fields or {}).items()}, "json": text}
    found = in_step(DECLARED, sent, "fields")["fields"]
    return {name.removeprefix("in:"): value for name, value in found.items()}


def test_fields_become_typed_values() -> None:
    given = {"name": "Ada", "sum": "12.50", "items": "[1, 2]", "more": '{"a": 1}', "is_gift": "true", "country": "NL"}
    wanted = {"name": "Ada", "sum": 12.5, "items": [1, 2], "more": {"a": 1}, "is_gift": True, "country": "NL"}
    assert to_json(given) == wanted


def test_what_is_no_number_yet_travels_as_it_was_typed() -> None:
    assert to_json({"sum": "12,", "more": "{not yet"}) == {"sum": "12,", "more": "{not yet"}


def test_what_no_field_is_for_and_what_no_field_shows_stays_in_the_json() -> None:
    text = '{"other": [1], "name": "", "sum": null, "country": "•••"}'
    assert to_json({"items": "[3]"}, text) == {**json.loads(text), "items": [3]}


def test_a_field_that_was_emptied_goes_from_the_json() -> None:
    assert to_json({"name": "", "sum": "5"}, '{"name": "Ada", "sum": 5.0}') == {"sum": 5}


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        ("Ada", "name", "Ada"), (12.5, "sum", "12.5"), ([1, 2], "items", "[\n  1,\n  2\n]"), (True, "is_gift", "true"),
        ("XX", "country", "XX"), (None, "name", ""), ({"a": 1}, "name", '{"a": 1}'),
    ],
)  # fmt: skip
def test_json_becomes_texts_of_fields(value: Any, name: str, text: str) -> None:
    assert to_fields(json.dumps({name: value}))[name] == text


def test_there_and_back_is_the_same() -> None:
    whole = {
        "name": "Ada",
        "sum": 12.5,
        "items": [1],
        "more": {"a": [1]},
        "is_gift": False,
        "country": "XX",
        "extra": 1,
    }
    assert to_json(to_fields(json.dumps(whole)), json.dumps(whole)) == whole


def test_what_means_the_same_stays_as_it_was_typed() -> None:
    typed = {"items": "[1,2]", "sum": "12.50"}
    found = to_fields('{"items": [1, 2], "sum": 12.5}', typed)
    assert (found["items"], found["sum"]) == ("[1,2]", "12.50")


@pytest.mark.parametrize("text", ["{", "[1]", "5", '{"a": 1, "a": 2'])
@pytest.mark.parametrize("to", ["json", "fields"])
def test_json_that_cannot_be_read_is_left_alone_and_that_is_said(text: str, to: str) -> None:
    found = in_step(DECLARED, {"json": text, "in:name": "Ada"}, to)
    assert set(found) == {"said"}
    assert "cannot be read" in found["said"]
