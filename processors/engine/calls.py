"""Makes the call of one step: tries, waits between them without a worker, keeps results, and asks when nobody knows."""

from __future__ import annotations

import asyncio

from processors.engine.book import StepKey
from processors.engine.compiled import CompiledCall
from processors.engine.doubts import decided, in_doubt
from processors.engine.events import Event, Said, StepChanged
from processors.engine.plan import Progress
from processors.engine.rules import GiveUp, TryAgainLater
from processors.engine.scope import RunScope
from processors.engine.stage import Stage, broken_off
from processors.engine.states import StepState
from processors.engine.step import StepError, StepFailed, StepResult
from processors.engine.tries import Settled, Tries
from products.lib.jsontypes import Json

STOPPED = StepError("stopped", "It was broken off because the run stopped.", "caller")


class _Given:
    """What a call is given: the same in all its tries, unless it names `$Run`, which says the number of the try."""

    def __init__(self, act: CompiledCall, scope: RunScope) -> None:
        self._act, self._scope = act, scope
        self._changes = act.input.mentions("Run")
        self._number = 0
        self._value: Json = None

    def at(self, number: int) -> Json:
        """In that try, from 1. Raises StepFailed."""
        if not self._number or (self._changes and number != self._number):
            self._value, self._number = self._act.input.value(self._scope.of_try(number)), number
        return self._value


async def make_call(stage: Stage, key: StepKey, act: CompiledCall, scope: RunScope) -> Json:
    """The output of the step, which is held by the ledger. Raises StepFailed once the failure is written, Halted."""
    given = _Given(act, scope)
    given.at(stage.book.next_try(key))  # what cannot be given fails before anything begins
    await _until_due(stage, key)
    while True:
        if act.asks and in_doubt(stage.book.at(key)):
            answer = await decided(stage, key)
            if answer is not None:
                return answer.output
        tries = _tries(stage, key, act, given)
        try:
            settled = await tries.settle()
        except asyncio.CancelledError:
            await _broken_off(stage, key, tries)
            raise
        _count(stage, key, tries)
        match settled.outcome:
            case StepResult() as result:
                _completed(stage, key, settled, result)
                return result.output
            case GiveUp() as end if act.asks and end.error.outcome_unknown:
                unknown = stage.changed(key, StepState.WAITING, error=end.error)
                await stage.ledger.write(
                    settled.ended, unknown, stage.line(end.error.message, level="warn", step=key.tag)
                )
            case GiveUp() as end:
                failed = stage.changed(key, StepState.FAILED, error=end.error)
                line = stage.line(f"Failed: {end.error.message}", level="error", step=key.tag)
                await stage.ledger.write(settled.ended, failed, line)
                raise StepFailed(end.error)
            case TryAgainLater() as later:
                await _wait(stage, key, settled, later)


async def _until_due(stage: Stage, key: StepKey) -> None:
    """Another branch may have woken the run before the next try of this step is due."""
    known = stage.book.at(key)
    if known is None or known.state is not StepState.WAITING or known.wake_at is None:
        return
    if known.wake_at > stage.world.clock.now():
        why = f": {known.error.message}" if known.error else "."
        await stage.flow.park(known.wake_at, f"{key.tag} waits for its next try{why}")


def _tries(stage: Stage, key: StepKey, act: CompiledCall, given: _Given) -> Tries:
    opening: tuple[Event, ...] = ()
    if stage.book.at(key) is None:
        opening = (stage.opened(key, act.call.type, StepState.RUNNING, given=given.at(1)),)
    known = stage.book.known(key)
    progress = Progress(known.step_id, known.state, known.attempts, known.failures, attempt_id=known.attempt_id)
    return Tries(
        stage.spec(key, act), progress, journal=stage.ledger, steps=stage.world.steps, clock=stage.world.clock,
        opening=opening, given=given.at,
    )  # fmt: skip


def _count(stage: Stage, key: StepKey, tries: Tries) -> None:
    stage.book.change(key, StepState.RUNNING, attempts=tries.number, failures=tries.failures, attempt_id=None)


def _completed(stage: Stage, key: StepKey, settled: Settled, result: StepResult) -> None:
    changed = stage.changed(key, StepState.COMPLETED, output=result.output)
    notices = [stage.line(notice, level="warn", step=key.tag) for notice in result.notices]
    stage.ledger.hold(settled.ended, changed, *notices, stage.line(result.summary or "Done.", step=key.tag))


async def _wait(stage: Stage, key: StepKey, settled: Settled, later: TryAgainLater) -> None:
    at = later.decision.at
    waits: StepChanged = stage.changed(key, StepState.WAITING, error=settled.ended.error, wake_at=at)
    line = Said(settled.ended.at, "warn", later.reason, key.tag)
    await stage.ledger.write(settled.ended, waits, line)
    await stage.flow.park(at, f"{key.tag}: {later.reason}")


async def _broken_off(stage: Stage, key: StepKey, tries: Tries) -> None:
    """Only a run that is stopped writes: a worker that lets go leaves the try to be found lost."""
    if stage.flow.fault is None or tries.attempt_id is None:
        return
    ended = broken_off(tries.attempt_id, stage.world.clock.now(), STOPPED, is_unknown=tries.is_calling)
    failed = stage.changed(key, StepState.FAILED, error=ended.error)
    await stage.ledger.write(ended, failed, stage.line(STOPPED.message, level="warn", step=key.tag))
