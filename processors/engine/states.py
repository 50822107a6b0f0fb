"""The states of runs and steps, and which may follow which, as data."""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"


class StepState(StrEnum):
    """Where a step of a run stands."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ROLLED_BACK = "rolled_back"


class AttemptState(StrEnum):
    """Where one try of a step stands; `lost`: its worker never said how it ended."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    LOST = "lost"


RUN_ENDED = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED, RunState.ROLLED_BACK})

# Running may follow running: a claim after the worker was lost. Queued may follow running: a worker handed it back.
RUN_CHANGES: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    RunState.RUNNING: frozenset(RunState),
    RunState.WAITING: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    RunState.COMPLETED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
    RunState.ROLLED_BACK: frozenset(),
}
STEP_CHANGES: dict[StepState, frozenset[StepState]] = {
    StepState.PENDING: frozenset({StepState.RUNNING, StepState.SKIPPED}),
    StepState.RUNNING: frozenset({StepState.RUNNING, StepState.WAITING, StepState.COMPLETED, StepState.FAILED}),
    StepState.WAITING: frozenset({StepState.RUNNING, StepState.FAILED}),
    StepState.COMPLETED: frozenset({StepState.ROLLED_BACK}),
    StepState.FAILED: frozenset(),
    StepState.SKIPPED: frozenset(),
    StepState.ROLLED_BACK: frozenset(),
}


def run_may_become(now: str, then: str) -> bool:
    """Whether a run in state `now` may change to `then`."""
    return RunState(then) in RUN_CHANGES[RunState(now)]


def step_may_become(now: str, then: str) -> bool:
    """Whether a step in state `now` may change to `then`."""
    return StepState(then) in STEP_CHANGES[StepState(now)]
