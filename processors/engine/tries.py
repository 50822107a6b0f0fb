"""Makes the tries of one step, each recorded before it is made, until the step has settled or has to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from processors.engine.events import AttemptEnded, AttemptStarted, Event, Said
from processors.engine.limits import GRACE_S
from processors.engine.plan import Progress
from processors.engine.ports import Clock, Journal, Steps
from processors.engine.rules import GiveUp, TryAgainHere, TryAgainLater, after_failure
from processors.engine.states import AttemptState
from processors.engine.step import Level, StepCall, StepError, StepFailed, StepResult, StepSpec
from products.lib.jsontypes import Json


@dataclass(frozen=True, slots=True)
class Settled:
    """The last try of a step in this worker; `ended` is not yet written."""

    step_id: UUID
    ended: AttemptEnded
    outcome: StepResult | GiveUp | TryAgainLater


def _nothing(_number: int) -> Json:
    return None


class Tries:
    """The tries of one step. What a step of a feature is opened with is written with its first try.

    `given`: what it is called with in the try of that number; a run of an action has its own.
    """

    def __init__(
        self,
        spec: StepSpec,
        known: Progress,
        *,
        journal: Journal,
        steps: Steps,
        clock: Clock,
        opening: tuple[Event, ...] = (),
        given: Callable[[int], Json] = _nothing,
    ) -> None:
        self._spec = spec
        self._opening = opening
        self._given = given
        self._known = known
        self._journal = journal
        self._steps = steps
        self._clock = clock
        self.number = known.attempts
        self.failures = known.failures
        self.attempt_id = known.attempt_id
        self.is_calling = False  # until then it is sure that nothing has happened

    async def settle(self) -> Settled:
        """Tries until there is a result, no further try, or a wait that is too long for a worker. Raises Fenced."""
        attempt_id = self.attempt_id or await self._open()
        while True:
            try:
                result = await self._call()
            except StepFailed as failed:
                settled = self._failed(attempt_id, failed)
                if not isinstance(settled, TryAgainHere):
                    return settled
                self.attempt_id, self.is_calling = None, False
                await self._note(attempt_id, failed, settled)
                await self._clock.sleep(settled.decision.wait_s)
                attempt_id = await self._open()
            else:
                ended = AttemptEnded(self._clock.now(), attempt_id, AttemptState.COMPLETED, result.exchange)
                return Settled(self._known.step_id, ended, result)

    async def _open(self) -> UUID:
        self.number += 1
        attempt_id = self._clock.new_id()
        now = self._clock.now()
        started = AttemptStarted(now, self._known.step_id, attempt_id, self.number)
        opening, self._opening = self._opening, ()
        self.attempt_id = attempt_id
        await self._journal.write(*opening, started, Said(now, "info", f"Try {self.number}.", self._spec.tag))
        return attempt_id

    async def _call(self) -> StepResult:
        given = self._given(self.number)
        call = StepCall(self._spec, self._known.step_id, self.number, str(self._known.step_id), given)
        self.is_calling = True
        try:
            async with asyncio.timeout(self._spec.timeout_s + GRACE_S):
                return await self._steps.call(call, self._say)
        except TimeoutError:
            message = f"There was no result within {self._spec.timeout_s:g} s."
            raise StepFailed(StepError("timeout", message, "remote", retryable=True, outcome_unknown=True)) from None

    def _failed(self, attempt_id: UUID, failed: StepFailed) -> Settled | TryAgainHere:
        self.failures += 1
        now = self._clock.now()
        verdict = after_failure(self._spec, self.failures, failed.error, now=now, jitter=self._clock.jitter())
        if isinstance(verdict, TryAgainHere):
            return verdict
        next_at = verdict.decision.at if isinstance(verdict, TryAgainLater) else None
        ended = AttemptEnded(now, attempt_id, AttemptState.FAILED, failed.exchange, failed.error, next_at)
        return Settled(self._known.step_id, ended, verdict)

    async def _note(self, attempt_id: UUID, failed: StepFailed, again: TryAgainHere) -> None:
        now = self._clock.now()
        ended = AttemptEnded(now, attempt_id, AttemptState.FAILED, failed.exchange, failed.error, again.decision.at)
        await self._journal.write(ended, Said(now, "warn", again.reason, self._spec.tag))

    def _say(self, level: Level, message: str) -> None:
        self._journal.say(Said(self._clock.now(), level, message, self._spec.tag))
