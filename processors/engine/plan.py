"""The steps of a run in their order, and how far the run has come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from processors.engine.states import StepState
from processors.engine.step import StepSpec
from products.lib.jsontypes import Json


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of one step. `attempt_id` is a try that is already recorded as started and not yet made."""

    step_id: UUID
    state: StepState = StepState.PENDING
    attempts: int = 0
    failures: int = 0
    attempt_id: UUID | None = None
    output: Json = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a run; a run of an action has one."""

    steps: tuple[StepSpec, ...]

    @property
    def single(self) -> bool:
        """Whether the run's output is its only step's."""
        return len(self.steps) == 1


@dataclass(frozen=True, slots=True)
class Work:
    """A claimed run as the runner takes it."""

    plan: Plan
    progress: Mapping[str, Progress] = field(default_factory=dict)

    def open_steps(self) -> Iterator[StepSpec]:
        """The steps that still have to be made, in order."""
        for spec in self.plan.steps:
            known = self.progress.get(spec.tag)
            if known is None or known.state not in {StepState.COMPLETED, StepState.SKIPPED}:
                yield spec
