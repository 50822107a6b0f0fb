"""What the journal of a run records, as frozen values; what is in one write is stored together or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from processors.engine.states import AttemptState, RunState, StepState
from processors.engine.step import Exchange, Level, StepError
from products.lib.jsontypes import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Said:
    """A log line."""

    at: datetime
    level: Level
    message: str
    step: str = ""
    data: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """Durable before the call is made."""

    at: datetime
    step_id: UUID
    attempt_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """How a try ended, what was exchanged, and when the next is due."""

    at: datetime
    attempt_id: UUID
    state: AttemptState
    exchange: Exchange
    error: StepError | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepOpened:
    """A step that has begun, or has begun and ended at once. `input` is as people may see it, masked."""

    at: datetime
    step_id: UUID
    tag: str
    kind: str
    index: int
    state: StepState
    input: Json = None
    output: Json = None
    error: StepError | None = None
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepChanged:
    """A step's new state; the output only where the run's own output does not hold it."""

    at: datetime
    step_id: UUID
    state: StepState
    output: Json = None
    error: StepError | None = None
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignalTaken:
    """A signal has been used up by a step; written with what came of it."""

    signal_id: UUID
    step_id: UUID


@dataclass(frozen=True, slots=True)
class ChildStarted:
    """The run that a step has started and waits for."""

    step_id: UUID
    run_id: UUID


@dataclass(frozen=True, slots=True)
class RunWaits:
    """The run holds no worker until `wake_at`, or for news alone; `reason` says why in words.

    `news` counts what the run has heard from outside: has more come meanwhile, it does not wait at all. `asks` is what
    it wants of a person.
    """

    wake_at: datetime | None
    reason: str
    news: int = 0
    asks: str = ""
    error: StepError | None = None  # of a run that is being rolled back: why


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The last event of a run."""

    at: datetime
    state: RunState
    output: Json = None
    error: StepError | None = None
    asks: str = ""  # of a person, who has to take back what could not be


Event: TypeAlias = (
    Said | AttemptStarted | AttemptEnded | StepOpened | StepChanged | SignalTaken | ChildStarted | RunWaits | RunEnded
)
