"""Schemas of strangers: their patterns and their choices cannot take longer than a value is worth."""

from __future__ import annotations

import threading

import pytest

from products.importers.keyword_values import compiles
from products.lib.actions import ActionSpec, Body, Parameter
from products.lib.inputs import InputError, validate_input
from products.lib.json_schemas import MAX_VISITS, schema_errors
from products.lib.schema_cost import UNBOUNDED, SchemaCost

# A backtracking engine would not come back from any of these within this test's four minutes.
SLOW = [
    (r"(a+)+$", "a" * 50_000 + "!"),
    (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 50_000 + "!"),
    (r"^(a|aa)+$", "a" * 50_000 + "!"),
    (r"(x+x+)+y", "x" * 50_000),
    (r"^(?=a)((a+)+)+$", "a" * 50_000 + "!"),
    (r"(a+)+\1$", "a" * 50_000 + "!"),
    (r"(.*)*(?<=x)$", "a" * 50_000),
    (r"^(?!.*(.+).*\1.*\1x)(a+)+$", "a" * 50_000 + "!"),
]


@pytest.mark.parametrize(("pattern", "text"), SLOW)
def test_J10_a_slow_pattern_is_decided_or_given_up(pattern, text):
    assert compiles(pattern)
    assert [error.code for error in schema_errors({"type": "string", "pattern": pattern}, text, pointer="")] == [
        "pattern"
    ]
    schema_errors({"patternProperties": {pattern: {"type": "null"}}}, {text: 1}, pointer="")


def test_J10_the_input_of_an_action_with_a_slow_pattern_is_refused():
    pattern, text = SLOW[5]
    spec = ActionSpec(
        "t", "T", "POST", "/", parameters=(Parameter("q", "query", schema={"type": "string", "pattern": pattern}),),
        body=Body(schema={"type": "object", "properties": {"b": {"pattern": pattern}}}),
    )  # fmt: skip
    with pytest.raises(InputError) as caught:
        validate_input(spec, {"query": {"q": text}, "body": {"b": text}})
    assert [(error.pointer, error.code) for error in caught.value.errors] == [
        ("/query/q", "pattern"),
        ("/body/b", "pattern"),
    ]


def test_ordinary_patterns_that_look_around_still_work():
    strong = {"pattern": r"^(?=.*[A-Z])(?=.*\d)(?!.*\s).{8,64}$"}
    assert schema_errors(strong, "Abcdefgh1", pointer="") == []
    assert schema_errors(strong, "abcdefgh1", pointer="")


def ref(name):
    return {"$ref": f"#/$defs/{name}"}


def doubling(levels):
    """Each definition is one of two equal ones: a value is checked two to the power of `levels` times."""
    defs = {f"A{number}": {"oneOf": [ref(f"A{number + 1}")] * 2} for number in range(levels)}
    return {**defs, f"A{levels}": {"type": "string"}}


NODE = {"N": {"type": "object", "properties": {"child": {"anyOf": [ref("N"), ref("N")]}}}}


def nested(levels, end):
    value = end
    for _ in range(levels):
        value = {"child": value}
    return value


def test_J10_choices_that_multiply_check_nothing_instead_of_taking_years():
    assert schema_errors(ref("A0"), 1, pointer="", defs=doubling(60)) == []
    assert schema_errors(ref("N"), nested(60, 1), pointer="", defs=NODE) == []


def test_choices_of_a_reasonable_size_are_checked():
    assert schema_errors(ref("A0"), 1, pointer="", defs=doubling(3))
    assert [error.code for error in schema_errors(ref("N"), nested(4, 1), pointer="/x", defs=NODE)] == ["no_match"]
    assert [error.code for error in schema_errors(ref("N"), nested(13, 1), pointer="/x", defs=NODE)] == ["no_match"]
    assert schema_errors(ref("N"), nested(13, {}), pointer="", defs=NODE) == []


def test_what_is_counted_are_the_visits_of_the_validator():
    assert SchemaCost({"type": "object", "properties": {"a": {"type": "string"}}}, {}).visits({"a": 1}) == 0
    assert SchemaCost(ref("A0"), doubling(1)).visits(1) == 1 + 1 + 2 * 2, "the reference, the choice, its branches"
    assert SchemaCost(ref("N"), NODE).visits(nested(10, 1)) > 2**10
    assert SchemaCost(ref("N"), NODE).visits(nested(90, 1)) > MAX_VISITS


def test_a_schema_that_leads_back_to_itself_is_unbounded():
    defs = {"A": {"allOf": [ref("B"), {"items": {}}]}, "B": {"anyOf": [ref("A"), {"items": {}}]}}
    assert SchemaCost(ref("A"), defs).visits(1) == UNBOUNDED


def test_costs_are_the_same_from_several_threads():
    cost, found = SchemaCost(ref("N"), NODE), []
    threads = [threading.Thread(target=lambda: found.append(cost.visits(nested(40, 1)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert found == [SchemaCost(ref("N"), NODE).visits(nested(40, 1))] * 8
