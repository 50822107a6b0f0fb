"""What an expression would have given in a run that has been, and that nothing secret is opened for it."""

from __future__ import annotations

import pytest

from products.expressions.limits import MAX_RESULT
from products.features import RUNNABLE, StepName, read_feature
from products.features.trying import HIDDEN, ROUGH, SHOWN_MOST, Past, Tried, events_named, first_item, tried
from products.lib.jsontypes import Json

PAST = Past(
    {
        "Input": {"sum": 12.5, "name": "Ada", "password": "•••"},
        "Sequence": {"main": {"pay": {"id": "p1", "lines": [{"sku": "a"}, {"sku": "b"}]}}},
        "Step": {"pay": {"id": "p1", "lines": [{"sku": "a"}, {"sku": "b"}]}},
    },
    now_ms=1_700_000_000_000,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("$Input{sum}", "12.5"),
        ("Dear $Input{name}", '"Dear Ada"'),
        ({"id": "$Step{pay}{id}", "kept": 1}, '{\n  "id": "p1",\n  "kept": 1\n}'),
        ("$Pluck($Sequence{main}{pay}{lines}, 'sku')", '[\n  "a",\n  "b"\n]'),
        ("$Now()", "1700000000000"),
    ],
)
def test_the_value_is_what_a_run_would_have_seen(value: Json, text: str) -> None:
    assert tried(value, PAST) == Tried(text)


def test_a_condition_gives_true_or_false() -> None:
    assert tried("$Input{sum} > 12 && $Input{name} == 'Ada'", PAST, is_condition=True) == Tried("true")


def test_what_has_no_expression_has_no_value_of_its_own() -> None:
    assert tried({"a": "text", "b": 5}, PAST) is None


def test_an_error_stands_at_its_character() -> None:
    found = tried("$Uppercase($Input{nme})", PAST)
    assert found is not None
    assert "nme" in found.error
    assert found.caret.splitlines()[1].index("^") == "$Uppercase($Input{nme})".index("nme")
    unread = tried("$Uppercase(", PAST)
    assert unread is not None
    assert unread.caret


def test_secrets_are_never_asked_for() -> None:
    found = tried({"key": "Bearer $Secret{STRIPE_KEY}", "to": "$Input{name}"}, PAST)
    assert found is not None
    assert '"key": "•••"' in found.text
    assert '"to": "Ada"' in found.text
    assert tried("$Secret{STRIPE_KEY} == 'a'", PAST, is_condition=True) == Tried(note=HIDDEN)


def test_what_is_masked_in_the_run_is_said_to_be() -> None:
    found = tried("$Length($Input{password})", PAST)
    assert found == Tried("3", note=ROUGH)


def test_the_limits_of_every_evaluation_hold_and_long_values_are_cut() -> None:
    long = Past({"Input": {"text": "x" * (MAX_RESULT // 3)}})
    shown = tried("$Input{text}", long)
    assert shown is not None
    assert len(shown.text) < SHOWN_MOST + 50
    beyond = tried("$Concat([$Input{text}, $Input{text}, $Input{text}, $Input{text}])", long)
    assert beyond is not None
    assert beyond.error


def test_only_the_events_that_are_named_are_read() -> None:
    main, rest = ([{"tag": tag, "type": "checkpoint"} for tag in tags] for tags in (("pay", "twin"), ("twin", "last")))
    sequences = [{"tag": "main", "events": main}, {"tag": "rest", "events": rest}]
    feature = read_feature({"tag": "f", "name": "F", "sequences": sequences}, available=RUNNABLE)[0]
    values: list[tuple[Json, bool]] = [("$Step{pay.id}", False), ("$Sequence{rest}{twin} == 1", True), ("$Ste{", False)]
    assert events_named(values, feature) == {StepName("main", "pay"), StepName("rest", "twin")}


def test_a_loop_is_looked_at_with_its_first_item() -> None:
    assert first_item("$Step{pay}{lines}", PAST) == ({"sku": "a"}, 2)
    assert first_item("$Step{pay}{id}", PAST) == (None, 0)
    assert first_item("$Secret{LIST}", PAST) == (None, 0)
