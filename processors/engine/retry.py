"""When a failed step is tried again: exponential backoff with jitter, `Retry-After` honoured but capped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from processors.engine.limits import MAX_RETRIES, MAX_RETRY_AFTER_S, MAX_RETRY_DELAY_S


class Failure(Protocol):
    """What of an error decides about another try."""

    @property
    def retryable(self) -> bool:
        """Whether the same call could succeed later."""

    @property
    def retry_after_s(self) -> float | None:
        """What the remote side asked for."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, after how many seconds, how much longer each time, and by which share the wait varies."""

    retries: int = 0
    delay_s: float = 1.0
    backoff: float = 2.0
    max_delay_s: float = MAX_RETRY_DELAY_S
    jitter: float = 0.2

    @classmethod
    def of(cls, stored: dict[str, object], *, retries: int) -> RetryPolicy:
        """From an action's policy; `retries` is what the run asks for. Values outside the bounds are drawn in."""
        return cls(
            retries=int(_between(retries, 0, MAX_RETRIES, 0)),
            delay_s=_between(stored.get("delay_s"), 0.05, MAX_RETRY_DELAY_S, 1.0),
            backoff=_between(stored.get("backoff"), 1.0, 10.0, 2.0),
        )


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """Try again at `at`, which is `wait_s` seconds away."""

    at: datetime
    wait_s: float


def decide(policy: RetryPolicy, failures: int, error: Failure, *, now: datetime, jitter: float) -> RetryDecision | None:
    """When to try again after `failures` failed tries, this one included; None: not again.

    `jitter` is a number from -1 to 1 drawn by the caller. A remote side's `Retry-After` is a least, up to its cap.
    """
    if not error.retryable or failures > policy.retries:
        return None
    wait = min(policy.delay_s * policy.backoff ** (failures - 1), policy.max_delay_s)
    wait *= 1 + policy.jitter * max(-1.0, min(1.0, jitter))
    if error.retry_after_s is not None:
        wait = max(wait, min(error.retry_after_s, MAX_RETRY_AFTER_S))
    return RetryDecision(at=now + timedelta(seconds=wait), wait_s=wait)


def _between(value: object, least: float, most: float, default: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return default
    return max(least, min(most, float(value)))
