"""What results are kept under, and for how long: pure."""

from __future__ import annotations

import pytest

from processors.connectors.caches.results import cache_key
from processors.connectors.caches.spans import Span, span_for, span_of
from processors.connectors.errors import InputRejected, Misconfigured

GIVEN = ("action", "stripe/charge", "hash", "dev", {"a": 1, "b": {"c": [1, 2]}})


def test_equal_inputs_have_equal_keys_whatever_their_order() -> None:
    assert cache_key(*GIVEN) == cache_key(*GIVEN[:4], {"b": {"c": [1, 2]}, "a": 1})


@pytest.mark.parametrize("at", range(5))
def test_everything_that_a_result_depends_on_changes_its_key(at) -> None:
    changed = list(GIVEN)
    changed[at] = {"a": 2} if at == 4 else "other"
    assert cache_key(*changed) != cache_key(*GIVEN)


@pytest.mark.parametrize(
    ("one", "other"), [("1", 1), (1, True), (None, ""), ([], {}), ([1, 2], [2, 1]), ({"a": None}, {}), ("é", "e\u0301")]
)
def test_what_is_not_the_same_has_another_key(one, other) -> None:
    assert cache_key(*GIVEN[:4], one) != cache_key(*GIVEN[:4], other)


def test_parts_cannot_be_shifted_into_one_another() -> None:
    assert cache_key("a", "b:c", "d", "e", 1) != cache_key("a:b", "c", "d", "e", 1)


def test_a_key_says_what_it_is_of_and_is_bounded() -> None:
    assert cache_key(*GIVEN).startswith("result:action:stripe/charge:")
    assert len(cache_key("action", "x" * 10_000, "h", "dev", 1)) < 400


def test_spans_are_read_as_people_write_them() -> None:
    assert span_of({"for": "10s", "stale_for": "1m"}) == Span(10_000, 70_000)
    assert span_of({"for": "1h30m", "stale_for": "0s"}) == Span(5_400_000, 5_400_000)
    assert span_of({"for": "1d", "stale_for": ""}) == Span(86_400_000, 86_400_000)
    assert span_for("2s", {"for": "1h"}) == Span(2_000, 2_000)
    assert span_for(None, {"for": "1h", "stale_for": "1h"}) == Span(3_600_000, 3_600_000)


@pytest.mark.parametrize("given", [{"for": "soon"}, {"for": "1m", "stale_for": "later"}, {"for": "5 years"}])
def test_a_cache_with_a_wrong_span_is_not_set_up_right(given) -> None:
    with pytest.raises(Misconfigured) as found:
        span_of(given)
    assert found.value.details["field"] in given


def test_a_call_with_a_wrong_span_is_refused() -> None:
    with pytest.raises(InputRejected):
        span_for("soon", {"for": "1m"})
