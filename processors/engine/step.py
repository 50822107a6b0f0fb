"""A step of a run: what it is, one call of it, and how that can end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from processors.engine.limits import DEFAULT_TIMEOUT_S
from processors.engine.retry import RetryPolicy
from products.lib.jsontypes import Json, JsonObject

Fault = Literal["caller", "configuration", "remote", "network", "platform"]
Level = Literal["debug", "info", "warn", "error"]
Say = Callable[[Level, str], None]  # a log line that may be stored a little later


@dataclass(frozen=True, slots=True)
class StepError:
    """Why a step failed: stable code, words for people, whose fault, and whether trying again makes sense.

    `retry_after_s` is what the remote side asked for. `outcome_unknown`: it may have acted all the same.
    """

    code: str
    message: str
    fault: Fault = "platform"
    retryable: bool = False
    retry_after_s: float | None = None
    outcome_unknown: bool = False
    details: JsonObject = field(default_factory=dict)

    def to_json(self) -> JsonObject:
        """What is stored with the run and shown."""
        return {
            "code": self.code,
            "message": self.message,
            "fault": self.fault,
            "retryable": self.retryable,
            "outcome_unknown": self.outcome_unknown,
            "details": self.details,
        }


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was sent and what came back, masked and bounded, for people to look at."""

    request: JsonObject | None = None
    response: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step that succeeded. `summary` is one line for the log."""

    output: Json
    exchange: Exchange = field(default_factory=Exchange)
    summary: str = ""
    notices: tuple[str, ...] = ()


class StepFailed(Exception):
    """One call of a step did not succeed."""

    def __init__(self, error: StepError, exchange: Exchange | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.exchange = exchange or Exchange()


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step of a plan. `timeout_s` is what one try may take; `app` and `target` say what a feature's step calls."""

    tag: str
    kind: str
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    timeout_s: float = DEFAULT_TIMEOUT_S
    index: int = 0
    app: str = ""
    target: str = ""
    asks: bool = False  # a person decides what follows a call of which nobody knows whether it had its effect


@dataclass(frozen=True, slots=True)
class StepCall:
    """One try. The idempotency key is the same for every try of the step, in whatever process.

    `input` is what a step of a feature is called with; a run of an action has its own.
    """

    spec: StepSpec
    step_id: UUID
    number: int
    idempotency_key: str
    input: Json = None
