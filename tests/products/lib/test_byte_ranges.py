"""Ranges of bytes as browsers and programs ask for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from products.lib.byte_ranges import NotSatisfiable, Span, asked_span, http_date, still_holds


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-", Span(0, 100)), ("bytes=0-0", Span(0, 1)), ("bytes=10-19", Span(10, 20)),
        ("bytes=99-", Span(99, 100)), ("bytes=90-1000", Span(90, 100)), ("bytes=-1", Span(99, 100)),
        ("bytes=-1000", Span(0, 100)), ("Bytes = 5 - 6", Span(5, 7)),
    ],
)  # fmt: skip
def test_D6_one_range_is_what_it_says_within_the_content(header: str, span: Span) -> None:
    assert asked_span(header, 100) == span
    assert span.length == span.end - span.start


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,5-6", "items=0-1", "bytes=a-b", "bytes=1.5-2", "0-5",
     "bytes=٣-٤", "bytes=--1", "bytes=" + "9" * 30 + "-"],
)  # fmt: skip
def test_what_is_no_single_range_asks_for_all(header: str) -> None:
    assert asked_span(header, 100) is None


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=100-200", 100), ("bytes=-0", 100),
                                              ("bytes=0-", 0), ("bytes=-5", 0)])  # fmt: skip
def test_a_range_behind_the_end_cannot_be_had(header: str, size: int) -> None:
    with pytest.raises(NotSatisfiable):
        asked_span(header, size)


def test_a_part_of_another_content_is_not_gone_on_with() -> None:
    now = datetime(2026, 11, 21, 12, 0, 0, 5, tzinfo=UTC)
    assert http_date(now) == "Sat, 21 Nov 2026 12:00:00 GMT"
    for given, holds in (
        ("", True), ('"a"', True), ('"b"', False), ('W/"a"', False), (http_date(now), True),
        (http_date(now + timedelta(seconds=1)), False), ("nonsense", False),
    ):  # fmt: skip
        assert still_holds(given, '"a"', now) is holds, given
