"""R16: the schedule of tries, by numbers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.engine.limits import MAX_RETRIES, MAX_RETRY_AFTER_S, MAX_RETRY_DELAY_S
from processors.engine.retry import RetryPolicy, decide
from processors.engine.step import StepError
from processors.engine.testing import START

BUSY = StepError("remote_unavailable", "The remote side answered 503.", "remote", retryable=True)


def wait_of(policy: RetryPolicy, failures: int, error: StepError = BUSY, jitter: float = 0) -> float | None:
    decision = decide(policy, failures, error, now=START, jitter=jitter)
    if decision is None:
        return None
    assert decision.at == START + timedelta(seconds=decision.wait_s)
    return decision.wait_s


def test_R16_the_wait_doubles() -> None:
    policy = RetryPolicy(retries=4, delay_s=1)
    assert [wait_of(policy, n) for n in (1, 2, 3, 4, 5)] == [1, 2, 4, 8, None]


def test_R16_without_retries_there_is_one_try() -> None:
    assert wait_of(RetryPolicy(), 1) is None


def test_R16_an_error_that_stays_is_not_tried_again() -> None:
    assert wait_of(RetryPolicy(retries=5), 1, StepError("remote_rejected", "400", "caller")) is None


@given(st.integers(1, 10), st.floats(0.05, 60), st.floats(1, 4), st.floats(-5, 5))
def test_R16_jitter_stays_within_a_fifth(failures: int, delay: float, backoff: float, jitter: float) -> None:
    policy = RetryPolicy(retries=10, delay_s=delay, backoff=backoff)
    plain = min(delay * backoff ** (failures - 1), MAX_RETRY_DELAY_S)
    waited = wait_of(policy, failures, jitter=jitter)
    assert waited is not None
    assert 0.8 * plain - 1e-6 <= waited <= 1.2 * plain + 1e-6


@pytest.mark.parametrize(
    ("delay", "backoff", "waits"),
    [
        (3_600, 2, [3_600, 7_200, 14_400]),
        (86_400, 2, [86_400, 86_400, 86_400]),
        (60, 10, [60, 600, 6_000, 60_000, 86_400, 86_400]),
    ],
)
def test_R16_a_delay_is_kept_as_it_is_given_up_to_a_day(delay: float, backoff: float, waits: list[float]) -> None:
    policy = RetryPolicy.of({"delay_s": delay, "backoff": backoff}, retries=10)
    assert [wait_of(policy, n) for n in range(1, len(waits) + 1)] == waits


@pytest.mark.parametrize(
    ("asked", "waited"),
    [(0, 1), (2, 2), (120.5, 120.5), (99_999_999, MAX_RETRY_AFTER_S), (float("inf"), MAX_RETRY_AFTER_S)],
)
def test_R16_retry_after_is_honoured_but_capped(asked: float, waited: float) -> None:
    error = StepError("remote_throttled", "429", "remote", retryable=True, retry_after_s=asked)
    assert wait_of(RetryPolicy(retries=1, delay_s=1), 1, error) == waited


@pytest.mark.parametrize(
    ("stored", "retries", "made"),
    [
        ({}, 3, RetryPolicy(3, 1.0, 2.0)),
        ({"delay_s": 0, "backoff": 0.5}, -1, RetryPolicy(0, 0.05, 1.0)),
        ({"delay_s": 10**9, "backoff": 99}, 99, RetryPolicy(MAX_RETRIES, MAX_RETRY_DELAY_S, 10.0)),
        ({"delay_s": "soon", "backoff": True}, 1, RetryPolicy(1, 1.0, 2.0)),
    ],
)
def test_a_stored_policy_is_drawn_into_its_bounds(stored: dict[str, object], retries: int, made: RetryPolicy) -> None:
    assert RetryPolicy.of(stored, retries=retries) == made
