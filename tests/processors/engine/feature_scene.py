"""A feature's run without a database: a journal that can be lost at any write, and the steps it calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid5

from processors.engine.book import Known, StepKey
from processors.engine.compiled import CompiledFeature
from processors.engine.compiling import compile_feature
from processors.engine.events import (
    AttemptEnded,
    AttemptStarted,
    ChildStarted,
    Event,
    RunEnded,
    RunWaits,
    Said,
    SignalTaken,
    StepChanged,
    StepOpened,
)
from processors.engine.feature_runner import FeatureRunner, FeatureWork
from processors.engine.ports import ChildEnd, Fenced, Once, Signal
from processors.engine.scope import Facts
from processors.engine.stage import World
from processors.engine.states import AttemptState, RunState, StepState
from processors.engine.step import Say, StepCall, StepError, StepFailed, StepResult
from processors.engine.testing import ManualClock
from products.features import read_feature
from products.features.definition import Keep
from products.lib.jsontypes import Json, JsonObject

Answer = Callable[[StepCall], Json]


def feature(document: JsonObject) -> CompiledFeature:
    """The feature, compiled."""
    read, problems = read_feature({"name": "Feature", **document}, available=("action", "feature"))
    assert not problems, problems
    return compile_feature(read, lambda call: {"delay_s": 0.05})


@dataclass
class Store:
    """What a database has of one run. It refuses writes of a worker whose claim is over."""

    steps: dict[UUID, StepOpened] = field(default_factory=dict)
    known: dict[UUID, Known] = field(default_factory=dict)
    tries: dict[UUID, UUID] = field(default_factory=dict)
    lines: list[Said] = field(default_factory=list)
    signals: list[tuple[str, Signal]] = field(default_factory=list)
    taken: set[UUID] = field(default_factory=set)
    state: RunState = RunState.RUNNING
    waits: RunWaits | None = None
    ended: RunEnded | None = None
    writes: int = 0

    def apply(self, event: Event) -> None:
        match event:
            case Said():
                self.lines.append(event)
            case StepOpened():
                assert event.step_id not in self.steps
                twin = [one for one in self.steps.values() if (one.tag, one.index) == (event.tag, event.index)]
                assert not twin, f"{event.tag} {event.index} is opened twice"
                self.steps[event.step_id] = event
                ended = event.at if event.state in {StepState.COMPLETED, StepState.FAILED, StepState.SKIPPED} else None
                self.known[event.step_id] = Known(
                    event.step_id, event.state, output=event.output, error=event.error, wake_at=event.wake_at,
                    finished_at=ended,
                )  # fmt: skip
            case StepChanged():
                now = self.known[event.step_id]
                ended = (
                    event.at if event.state in {StepState.COMPLETED, StepState.FAILED, StepState.ROLLED_BACK} else None
                )
                self.known[event.step_id] = replace(
                    now, state=event.state, output=event.output, error=event.error, wake_at=event.wake_at,
                    finished_at=ended,
                )  # fmt: skip
            case AttemptStarted():
                now = self.known[event.step_id]
                self.known[event.step_id] = replace(now, attempts=event.number, lost=now.lost + 1)
                self.tries[event.attempt_id] = event.step_id
            case AttemptEnded():
                step_id = self.tries.pop(event.attempt_id)
                now, failed = self.known[step_id], event.state is AttemptState.FAILED
                self.known[step_id] = replace(now, lost=now.lost - 1, failures=now.failures + failed)
            case SignalTaken():
                assert event.signal_id not in self.taken, "a signal is taken twice"
                self.taken.add(event.signal_id)
            case ChildStarted():
                self.known[event.step_id] = replace(self.known[event.step_id], child=event.run_id)
            case RunWaits():
                self.state, self.waits = RunState.WAITING, event
            case RunEnded():
                assert self.ended is None
                self.state, self.ended = event.state, event

    def progress(self) -> dict[StepKey, Known]:
        return {StepKey.of(one.tag, one.index): self.known[one.step_id] for one in self.steps.values()}

    def states(self) -> dict[str, str]:
        """The state of every step, items of loops as `tag#1`."""
        return {
            f"{one.tag}#{one.index}" if one.index else one.tag: str(self.known[one.step_id].state)
            for one in self.steps.values()
        }

    @property
    def messages(self) -> list[str]:
        return [f"{line.step}: {line.message}" if line.step else line.message for line in self.lines]


class Journal:
    """A worker's journal; `die_at` is the write at which the worker is gone, before or after it has been stored."""

    def __init__(self, store: Store, *, die_at: int | None = None, stored: bool = True) -> None:
        self._store, self._die_at, self._stored = store, die_at, stored
        self._count = 0
        self.tried = 0  # writes, those of a dead worker included
        self.dead = False

    async def write(self, *events: Event) -> None:
        await asyncio.sleep(0)
        self.tried += 1
        if self.dead:
            raise Fenced
        self._count += 1
        dies = self._count == self._die_at
        if not dies or self._stored:
            self._store.writes += 1
            for event in events:
                self._store.apply(event)
        if dies:
            self.dead = True
            raise Fenced

    def say(self, line: Said) -> None:
        self._store.lines.append(line)


@dataclass
class Outside:
    """The targets that steps call, as a ledger of what they received: it outlives every worker."""

    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[StepCall] = field(default_factory=list)
    takes: float = 0.0
    slow: dict[str, float] = field(default_factory=dict)
    at_once: int = 0
    most_at_once: int = 0
    kept: dict[str, Json] = field(default_factory=dict)
    children: dict[UUID, tuple[str, Json]] = field(default_factory=dict)
    ends: dict[UUID, ChildEnd] = field(default_factory=dict)
    cancelled: list[UUID] = field(default_factory=list)

    async def call(self, call: StepCall, say: Say) -> StepResult:
        self.calls.append(call)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.slow.get(call.spec.target, self.takes))
            answer = self.answers.get(call.spec.target, lambda one: {"of": one.spec.target, "input": one.input})
            return StepResult(answer(call))
        finally:
            self.at_once -= 1

    def shown(self, value: Json) -> Json:
        return value

    def masked(self, value: Json) -> Json:
        return value

    async def once(self, keep: Keep, key: str, fetch: Callable[[], Awaitable[Json]]) -> Once:
        if key in self.kept:
            return Once(self.kept[key], kept="A kept result, nothing was called.")
        self.kept[key] = await fetch()
        return Once(self.kept[key])

    async def start(self, step_id: UUID, feature: str, given: Json, *, again: int = 0) -> UUID:
        run_id = uuid5(step_id, f"child{again or ''}")
        self.children[run_id] = (feature, given)
        return run_id

    async def end(self, run_id: UUID) -> ChildEnd | None:
        return self.ends.get(run_id)

    async def cancel(self, run_id: UUID) -> None:
        self.cancelled.append(run_id)

    def made(self) -> list[str]:
        """The targets called, in order."""
        return [call.spec.target for call in self.calls]


@dataclass
class StoredSignals:
    """The signals of a store."""

    store: Store

    @property
    def news(self) -> int:
        return len(self.store.signals)

    async def next(self, name: str, besides: Collection[UUID] = ()) -> Signal | None:
        gone = self.store.taken.union(besides)
        found = next((one for tag, one in self.store.signals if tag == name and one.id not in gone), None)
        await asyncio.sleep(0)  # a database takes its time, and others ask it meanwhile
        return found


class Scene:
    """A run that can be carried by one worker after the other."""

    def __init__(self, plan: CompiledFeature, given: JsonObject | None = None) -> None:
        self.plan = plan
        self.facts = Facts({"Input": given or {}, "Run": {"id": "1"}}, now_ms=1_000, seed="run")
        self.store, self.outside, self.clock = Store(), Outside(), ManualClock()
        self.runner: FeatureRunner | None = None
        self.journal = Journal(self.store)  # of the worker that carries it now

    def failing(self, target: str, *, times: int = 10**6, error: StepError | None = None) -> None:
        """Makes calls of a target fail, so many times."""
        left = [times]

        def answer(call: StepCall) -> Json:
            if left[0] > 0:
                left[0] -= 1
                raise StepFailed(error or StepError("remote_failed", f"{target} failed.", "remote", retryable=True))
            return {"of": target, "input": call.input}

        self.outside.answers[target] = answer

    def work(self, *, stop: StepError | None = None, ends_by: datetime | None = None) -> FeatureWork:
        return FeatureWork(self.plan, self.facts, self.store.progress(), stop=stop, ends_by=ends_by)

    async def carry(
        self, *, die_at: int | None = None, stored: bool = True, stop: StepError | None = None,
        ends_by: datetime | None = None,
    ) -> RunState | None:  # fmt: skip
        """One worker's part; None when it died."""
        self.store.state, self.store.waits = RunState.RUNNING, None
        world = World(self.clock, self.outside, StoredSignals(self.store), self.outside, self.outside)
        self.journal = Journal(self.store, die_at=die_at, stored=stored)
        self.runner = FeatureRunner(self.work(stop=stop, ends_by=ends_by), self.journal, world)
        try:
            return await self.runner.run()
        except Fenced:
            return None


def action(tag: str, **more: object) -> JsonObject:
    """An event that calls an action named like itself."""
    return {"tag": tag, "type": "action", "app": "shop", "event": tag, **more}


def undo(tag: str, **more: object) -> JsonObject:
    """What takes an event back."""
    return {"type": "action", "app": "shop", "event": tag, **more}


def chain(*events: JsonObject, **more: object) -> JsonObject:
    """A feature of one sequence."""
    return {"sequences": [{"tag": "main", "events": list(events)}], **more}


FINAL = StepError("remote_rejected", "No.", "remote")
UNSURE = StepError("timeout", "No answer.", "remote", outcome_unknown=True)
ORDER = chain(
    action("pay", rollback=undo("refund")),
    action("reserve", rollback=undo("release")),
    action("ship"),
)
