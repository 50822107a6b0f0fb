"""J4 J12 D5: what `make fuzz` looks for with coverage as its guide, here by chance alone; and what it has found."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from products.expressions import analyse, surroundings
from tests.fuzz.language.examine import examine
from tests.fuzz.language.making import BASES, Bytes, document
from tests.fuzz.language.probe import examine_condition, examine_feature, examine_template

QUICK = settings(
    max_examples=int(os.environ.get("EXAMPLES", "300")), deadline=None, suppress_health_check=list(HealthCheck)
)
FOUND = {
    "a warning without a code": "It costs $Input.",
    "half a character in quotes": "'\udcc6<\x03'",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_what_was_found_before_is_no_more(source: str) -> None:
    examine_template(source)
    examine_condition(source)


@QUICK
@given(st.binary(max_size=60))
def test_D5_whatever_bytes_say_is_refused_or_understood_and_gives_json(data: bytes) -> None:
    examine(data)


@QUICK
@given(st.binary(min_size=2, max_size=30))
def test_J12_a_definition_with_damages_is_read_with_all_that_is_wrong_with_it(data: bytes) -> None:
    examine_feature(document(Bytes(data)))


def test_the_definitions_that_are_damaged_are_right_before() -> None:
    assert [examine_feature(base) for base in BASES] == [True, True]


def test_a_reference_without_its_field_is_warned_of_with_a_code() -> None:
    (found,) = analyse("It costs $Input.", surroundings(inputs={})).findings
    assert (found.severity, found.as_record()["code"]) == ("warning", "expression_syntax")
