"""What follows when a try of a step has failed: again in this worker, again later, or the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from processors.engine import retry
from processors.engine.limits import LOOP_WAIT_S
from processors.engine.retry import RetryDecision
from processors.engine.step import StepError, StepSpec


@dataclass(frozen=True, slots=True)
class TryAgainHere:
    """Wait in the worker and try again."""

    decision: RetryDecision
    reason: str


@dataclass(frozen=True, slots=True)
class TryAgainLater:
    """Give the worker back; the run waits in the database."""

    decision: RetryDecision
    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further try."""

    error: StepError


Verdict: TypeAlias = TryAgainHere | TryAgainLater | GiveUp


def after_failure(spec: StepSpec, failures: int, error: StepError, *, now: datetime, jitter: float) -> Verdict:
    """`failures` counts the failed tries of the step, this one included."""
    if spec.asks and error.outcome_unknown:
        return GiveUp(error)
    decision = retry.decide(spec.policy, failures, error, now=now, jitter=jitter)
    if decision is None:
        return GiveUp(error)
    tries = f"try {failures + 1} of {spec.policy.retries + 1}"
    reason = f"Waits {_seconds(decision.wait_s)} for {tries}: {error.message}"
    kind = TryAgainHere if decision.wait_s <= LOOP_WAIT_S else TryAgainLater
    return kind(decision, reason)


def _seconds(wait_s: float) -> str:
    return f"{wait_s:.1f} s" if wait_s < 10 else f"{wait_s:.0f} s"
