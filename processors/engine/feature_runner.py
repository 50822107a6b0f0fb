"""Carries a claimed run of a feature: forward through its sequences, back through its undos, to where it ends or waits.

What is known when it begins is what the journal has, so that a run taken over from a dead worker goes on from the last
step on record, forward or back, and decides as the first worker would have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from processors.engine.book import Book, Known, StepKey
from processors.engine.calls import STOPPED
from processors.engine.compiled import CompiledFeature
from processors.engine.doubts import in_doubt
from processors.engine.event_runner import EventRunner
from processors.engine.events import RunEnded, RunWaits
from processors.engine.flow import TIMED_OUT, Fault, Flow, Suspended
from processors.engine.inbox import Inbox
from processors.engine.ledger import Ledger
from processors.engine.ports import Journal
from processors.engine.scope import Facts
from processors.engine.stage import Stage, World
from processors.engine.states import RunState, StepState
from processors.engine.step import StepError, StepFailed
from processors.engine.undoing import Undone, undo_all
from products.features import Sequence
from products.lib.jsontypes import Json

CANCELLED = StepError("cancelled", "The run was cancelled.", "caller")
GIVEN_UP = StepError("stopped", "It was given up because the run stopped.", "caller")
UNSURE = replace(
    GIVEN_UP,
    message="It was given up because the run stopped: whether it had its effect is not known.",
    outcome_unknown=True,
)


@dataclass(frozen=True, slots=True)
class FeatureWork:
    """A claimed run of a feature: what it executes, what expressions see, how far it has come.

    `stop`: it is to be rolled back and
    ended for this reason, not carried on. `ends_by`: when its time is up.
    """

    plan: CompiledFeature
    facts: Facts
    known: Mapping[StepKey, Known]
    stop: StepError | None = None
    ends_by: datetime | None = None


class FeatureRunner:
    """Carries one run."""

    def __init__(self, work: FeatureWork, journal: Journal, world: World) -> None:
        self._work = work
        self._flow = Flow(world.clock)
        book = Book(work.facts, work.known, unique=work.plan.unique_tags)
        self._stage = Stage(work.plan, book, self._flow, Ledger(journal), world, Inbox(world.signals))
        self._done: set[str] = set()
        self.output: Json = None  # once it has completed

    async def run(self) -> RunState:
        """The state in which the worker lets go of the run. Raises Fenced."""
        try:
            return await self._carried()
        finally:
            await self._stage.ledger.close()

    async def _carried(self) -> RunState:
        self._restore()
        fault = self._fault_on_record()
        if fault is None:
            suspended = await self._forward()
            if suspended is not None:
                return await self._wait(suspended)
            fault = self._flow.fault
        return await (self._complete() if fault is None else self._fail(fault))

    def cancel(self) -> None:
        """Breaks off what is being done; the run is rolled back and ends."""
        self._flow.stop(Fault(CANCELLED))

    def news(self) -> None:
        """The run has been told something."""
        self._flow.news()

    def _restore(self) -> None:
        """Puts the results on record where expressions find them."""
        book = self._stage.book
        for event in self._work.plan.events.values():
            known = book.at(StepKey(event.name))
            if known is None or known.state not in {StepState.COMPLETED, StepState.SKIPPED, StepState.FAILED}:
                continue
            output = known.output
            if event.items is not None and known.state is StepState.COMPLETED:
                output = book.outputs_of(event.name)
            book.result(event.name, output if known.state is StepState.COMPLETED else None)

    def _fault_on_record(self) -> Fault | None:
        stop = self._work.stop
        failed = list(self._stage.book.failed(self._work.plan.may_fail))
        if stop is not None:
            return Fault(stop, next((key.tag for key, known in failed if known.error == stop), ""))
        if not failed:
            return None
        for key, known in failed:
            if known.error is None or known.error.code != STOPPED.code:
                return Fault(known.error or StepError("platform_failed", "It failed."), key.tag)
        return Fault(TIMED_OUT)  # what is stopped by a failure or by a person stands on record with it

    async def _forward(self) -> Suspended | None:
        first = [one for one in self._work.plan.feature.sequences if not one.parents]
        ends_by = self._work.ends_by
        return await self._flow.carry([partial(self._sequence, one) for one in first], ends_by=ends_by)

    async def _sequence(self, sequence: Sequence) -> None:
        events = [self._work.plan.events[event.name] for event in sequence.events]
        runner = EventRunner(self._stage)
        if sequence.mode == "concurrent" and len(events) > 1:
            await self._flow.side_by_side((partial(runner.make, event) for event in events), len(events))
        else:
            for event in events:
                await runner.make(event)
        self._done.add(sequence.tag)
        self._flow.check()
        for after in self._work.plan.children.get(sequence.tag, ()):
            if self._done.issuperset(after.parents):
                self._flow.start(partial(self._sequence, after))

    async def _wait(self, suspended: Suspended, *, error: StepError | None = None) -> RunState:
        ends_by = self._work.ends_by if error is None else None  # what is being taken back is not stopped by it again
        wake_at = min((at for at in (suspended.wake_at, ends_by) if at), default=None)
        line = self._stage.line(suspended.reason)
        waits = RunWaits(wake_at, suspended.reason, self._stage.world.signals.news, suspended.asks, error)
        await self._stage.ledger.write(waits, line)
        return RunState.WAITING

    async def _complete(self) -> RunState:
        stage = self._stage
        output: Json = None
        try:
            if self._work.plan.output is not None:
                output = stage.world.steps.masked(self._work.plan.output.value(stage.book.scope()))
        except StepFailed as failed:
            message = f"Everything is done, but the output cannot be made: {failed.error.message}"
            error = StepError("output_failed", message, failed.error.fault, details=failed.error.details)
            return await self._end(RunState.FAILED, error)
        await stage.ledger.write(
            RunEnded(stage.world.clock.now(), RunState.COMPLETED, output), stage.line("Completed.")
        )
        self.output = output
        return RunState.COMPLETED

    async def _fail(self, fault: Fault) -> RunState:
        """Stops what is still open, rolls back, ends."""
        await self._close_open()
        back = Flow(self._stage.world.clock)
        stage = replace(self._stage, flow=back)
        found: list[Undone] = []

        async def roll_back() -> None:
            found.append(await undo_all(stage, fault, strategy=self._work.plan.feature.options.rollback))

        suspended = await back.carry([roll_back])
        if suspended is not None:
            return await self._wait(suspended, error=fault.error)
        undone = found[0]
        error = fault.error
        if undone.done or undone.left or undone.unknown:
            error = replace(error, details={**error.details, "rollback": undone.to_json()})
        if error.code == CANCELLED.code:
            return await self._end(RunState.CANCELLED, error, undone)
        is_back = bool(undone.done) and not undone.left
        return await self._end(RunState.ROLLED_BACK if is_back else RunState.FAILED, error, undone)

    async def _close_open(self) -> None:
        """Steps that wait will not go on; children that are bound to this run are asked to stop."""
        stage = self._stage
        for key, known in stage.book.open():
            if key.undo:
                continue
            event = stage.plan.events.get(key.name)
            if known.child is not None and event is not None and event.event.after_parent == "cancel":
                await stage.world.children.cancel(known.child)
            await stage.fail_step(key, "", UNSURE if in_doubt(known) else GIVEN_UP)

    async def _end(self, state: RunState, error: StepError, undone: Undone | None = None) -> RunState:
        stage = self._stage
        is_cancelled = state is RunState.CANCELLED
        message = error.message if is_cancelled else f"Failed: {error.message}"
        lines = [stage.line(message, level="warn" if is_cancelled else "error")]
        if undone is not None and undone.done:
            lines.append(stage.line(f"Taken back: {', '.join(undone.done)}.", level="warn"))
        if undone is not None and (undone.left or undone.unknown):
            names = ", ".join((*undone.left, *undone.unknown))
            lines.append(stage.line(f"A person has to look at: {names}.", level="error"))
        asks = "undo" if undone is not None and undone.left else ""
        await stage.ledger.write(RunEnded(stage.world.clock.now(), state, error=error, asks=asks), *lines)
        return state
