"""The cases of the specification, and the examples of the help."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from products.expressions import ExpressionError, ValuesScope, compile_condition, compile_template
from products.expressions.operators import GROUPS, OPERATORS, Operator
from products.expressions.references import REFERENCES
from products.expressions.values import same

CASES: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "data" / "conformance" / "expressions.json").read_text(encoding="utf-8")
)
OPERATOR_NAMES = """Add Subtract Multiply Divide Modulo Round Floor Ceil Abs Min Max Sum Average Concat Join Substring
    Trim Uppercase Lowercase Capitalize Split Replace Pick Slice Reverse Unique Flatten Sort Filter Find Pluck Length
    Size Contains StartsWith EndsWith Matches Keys Values Merge Get Default If Number String Boolean ParseJson Stringify
    Now Dateformat Format DateAdd DateDiff Uuid Base64 Base64Decode UrlEncode Hash Hmac"""
REFERENCE_NAMES = "Input Sequence Step Item Index Variable Constant Auth Secret Session Response Event Run Error"
SCOPE = ValuesScope(CASES["context"], now=1_700_000_000_000)


@pytest.mark.parametrize("case", CASES["values"], ids=lambda case: str(case["expression"])[:60])
def test_values(case: dict[str, Any]) -> None:
    assert same(compile_template(case["expression"]).evaluate(SCOPE), case["expected"])


@pytest.mark.parametrize("case", CASES["conditions"], ids=lambda case: case["condition"][:60])
def test_conditions(case: dict[str, Any]) -> None:
    assert compile_condition(case["condition"]).evaluate(SCOPE) is case["expected"]


@pytest.mark.parametrize("case", CASES["errors"], ids=lambda case: case["expression"][:60])
def test_errors(case: dict[str, Any]) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template(case["expression"]).evaluate(SCOPE)
    record = caught.value.as_record()
    assert json.loads(json.dumps(record)) == record
    assert record["caret"].count("\n") == 1
    assert "^" in record["caret"]


@pytest.mark.parametrize("declared", OPERATORS.values(), ids=lambda declared: declared.name)
def test_every_example_of_the_help_is_true(declared: Operator) -> None:
    assert declared.examples
    for example in declared.examples:
        # As a condition, an operator's value is its truth: a template keeps the value.
        if example.source == "$Now > 0":
            assert compile_condition(example.source).evaluate(SCOPE) is example.value
        else:
            assert same(compile_template(example.source).evaluate(SCOPE), example.value), example.source


@pytest.mark.parametrize("kind", REFERENCES.values(), ids=lambda kind: kind.name)
def test_every_example_of_a_reference_can_be_read(kind: Any) -> None:
    assert compile_template(kind.example).uses[0].root == kind.name


def test_every_operator_of_the_specification_is_there_and_no_other() -> None:
    assert set(OPERATORS) == set(OPERATOR_NAMES.split())
    assert sorted(each.name for group in GROUPS.values() for each in group) == sorted(OPERATORS)


def test_every_reference_of_the_specification_is_there_and_no_other() -> None:
    assert list(REFERENCES) == REFERENCE_NAMES.split()
