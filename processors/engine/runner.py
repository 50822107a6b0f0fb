"""Carries a claimed run through its steps: every result is durable before anything that follows from it happens."""

from __future__ import annotations

from dataclasses import dataclass

from processors.engine.events import Event, RunEnded, RunWaits, Said, StepChanged
from processors.engine.plan import Progress, Work
from processors.engine.ports import Clock, Journal, Steps
from processors.engine.rules import GiveUp, TryAgainLater
from processors.engine.states import RunState, StepState
from processors.engine.step import StepError, StepResult, StepSpec
from processors.engine.tries import Settled, Tries


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs one claimed run to its end, or to where it waits."""

    journal: Journal
    steps: Steps
    clock: Clock

    async def run(self, work: Work) -> RunState:
        """The state the run is in when the worker lets go of it. Raises Fenced."""
        todo = list(work.open_steps())
        for spec in todo:
            known = work.progress.get(spec.tag) or Progress(self.clock.new_id())
            tries = Tries(spec, known, journal=self.journal, steps=self.steps, clock=self.clock)
            settled = await tries.settle()
            is_last = spec is todo[-1]
            state, events = self._after(work, spec, settled, is_last=is_last)
            await self.journal.write(settled.ended, *events)
            if state is not RunState.RUNNING:
                return state
        await self.journal.write(RunEnded(self.clock.now(), RunState.COMPLETED), self._line("Nothing to do."))
        return RunState.COMPLETED

    def _after(
        self, work: Work, spec: StepSpec, settled: Settled, *, is_last: bool
    ) -> tuple[RunState, tuple[Event, ...]]:
        now = settled.ended.at
        match settled.outcome:
            case StepResult() as result:
                return self._success(work, spec, settled, result, is_last=is_last)
            case TryAgainLater() as later:
                waits = StepChanged(now, settled.step_id, StepState.WAITING, error=settled.ended.error)
                line = Said(now, "warn", later.reason, spec.tag)
                return RunState.WAITING, (waits, RunWaits(later.decision.at, later.reason), line)
            case GiveUp() as end:
                failed = StepChanged(now, settled.step_id, StepState.FAILED, error=end.error)
                return RunState.FAILED, (failed, *self._failure(end.error))

    def _success(
        self, work: Work, spec: StepSpec, settled: Settled, result: StepResult, *, is_last: bool
    ) -> tuple[RunState, tuple[Event, ...]]:
        now = settled.ended.at
        kept = None if work.plan.single else result.output  # a single step's output is the run's
        lines = [Said(now, "warn", notice, spec.tag) for notice in result.notices]
        lines.append(Said(now, "info", result.summary or "Done.", spec.tag))
        changed = StepChanged(now, settled.step_id, StepState.COMPLETED, output=kept)
        if not is_last:
            return RunState.RUNNING, (changed, *lines)
        ended = RunEnded(now, RunState.COMPLETED, output=result.output)
        return RunState.COMPLETED, (changed, ended, *lines, self._line("Completed."))

    def _failure(self, error: StepError) -> tuple[Event, Event]:
        now = self.clock.now()
        return RunEnded(now, RunState.FAILED, error=error), Said(now, "error", f"Failed: {error.message}")

    def _line(self, message: str) -> Said:
        return Said(self.clock.now(), "info", message)
