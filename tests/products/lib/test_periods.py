"""Lengths of time."""

from __future__ import annotations

import pytest

from products.lib.periods import PERIODS, PeriodError, period_seconds


def test_every_period_of_the_domain_has_its_seconds():
    assert [period_seconds(1, name) for name in PERIODS] == [1, 60, 3600, 86400, 604800, 2592000, 31536000]
    assert period_seconds(7, " Hours ") == 25_200
    assert period_seconds(0.5, "min") == 30


@pytest.mark.parametrize(("count", "period"), [(1, "fortnights"), (0, "secs"), (-1, "days"), (float("nan"), "secs"),
                                               (float("inf"), "secs"), (True, "secs"), (1, "")])  # fmt: skip
def test_what_is_no_length_of_time_is_refused(count, period):
    with pytest.raises(PeriodError):
        period_seconds(count, period)
