"""What all parts of one run of a feature share, and how a step of it is written down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from processors.engine.book import Book, Known, StepKey
from processors.engine.compiled import CompiledCall, CompiledFeature
from processors.engine.events import AttemptEnded, Event, Said, StepChanged, StepOpened
from processors.engine.flow import Flow
from processors.engine.inbox import Inbox
from processors.engine.ledger import Ledger
from processors.engine.ports import Children, Clock, FeatureSteps, Results, Signals
from processors.engine.states import AttemptState, StepState
from processors.engine.step import Exchange, Level, StepError, StepSpec
from products.lib.jsontypes import Json

ENDED = frozenset({StepState.COMPLETED, StepState.FAILED, StepState.SKIPPED, StepState.ROLLED_BACK})


@dataclass(frozen=True, slots=True)
class World:
    """What the engine needs from outside for one run of a feature."""

    clock: Clock
    steps: FeatureSteps
    signals: Signals
    children: Children
    results: Results


@dataclass(frozen=True, slots=True)
class Stage:
    """One run of a feature at work."""

    plan: CompiledFeature
    book: Book
    flow: Flow
    ledger: Ledger
    world: World
    inbox: Inbox

    def spec(self, key: StepKey, act: CompiledCall) -> StepSpec:
        """The step as tries make it."""
        call = act.call
        return StepSpec(key.tag, call.type, act.policy, act.timeout_s, key.item, call.app, call.event, act.asks)

    def opened(
        self, key: StepKey, kind: str, state: StepState, *, given: Json = None, output: Json = None,
        error: StepError | None = None, wake_at: datetime | None = None,
    ) -> StepOpened:  # fmt: skip
        """A step that begins, remembered; it has still to be written."""
        now = self.world.clock.now()
        step_id = self.world.clock.new_id()
        finished = now if state in ENDED else None
        known = Known(step_id, state, output=output, error=error, wake_at=wake_at, finished_at=finished)
        self.book.note(key, known)
        shown = None if given is None else self.world.steps.shown(given)
        return StepOpened(now, step_id, key.tag, kind, key.item, state, shown, output, error, wake_at)

    def changed(
        self, key: StepKey, state: StepState, *, output: Json = None, error: StepError | None = None,
        wake_at: datetime | None = None,
    ) -> StepChanged:  # fmt: skip
        """A step in its new state, remembered; it has still to be written."""
        now = self.world.clock.now()
        known = self.book.change(
            key, state, output=output, error=error, wake_at=wake_at, finished_at=now if state in ENDED else None
        )
        return StepChanged(now, known.step_id, state, output, error, wake_at)

    def line(self, message: str, *, level: Level = "info", step: str = "") -> Said:
        """A log line of now."""
        return Said(self.world.clock.now(), level, message, step)

    async def fail_step(self, key: StepKey, kind: str, error: StepError, *, given: Json = None) -> None:
        """Writes that a step failed, whether it had begun or not."""
        if self.book.at(key) is None:
            event: Event = self.opened(key, kind, StepState.FAILED, given=given, error=error)
        else:
            event = self.changed(key, StepState.FAILED, error=error)
        await self.ledger.write(event, self.line(f"Failed: {error.message}", level="error", step=key.tag))


def broken_off(attempt_id: UUID, now: datetime, error: StepError, *, is_unknown: bool) -> AttemptEnded:
    """A try that was broken off; `is_unknown`: in the middle, so that nobody knows what it did."""
    return AttemptEnded(now, attempt_id, AttemptState.FAILED, Exchange(), replace(error, outcome_unknown=is_unknown))
