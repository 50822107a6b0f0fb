"""In-memory twins of the engine's ports: a journal that keeps events, scripted steps, a clock that never waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from processors.engine.events import Event, Said
from processors.engine.ports import Fenced
from processors.engine.step import Say, StepCall, StepError, StepFailed, StepResult

Answer = StepResult | StepError
START = datetime(2026, 1, 1, tzinfo=UTC)


class MemoryJournal:
    """Keeps what is written, in order. After `fence_after` writes another worker holds the run."""

    def __init__(self, *, fence_after: int | None = None) -> None:
        self.writes: list[tuple[Event, ...]] = []
        self.said: list[Said] = []
        self._fence_after = fence_after

    @property
    def events(self) -> list[Event]:
        """Everything durable, flat."""
        return [event for write in self.writes for event in write]

    @property
    def messages(self) -> list[str]:
        """The texts of the durable log lines."""
        return [event.message for event in self.events if isinstance(event, Said)]

    async def write(self, *events: Event) -> None:
        """Raises Fenced from the write after the agreed number."""
        if self._fence_after is not None and len(self.writes) >= self._fence_after:
            raise Fenced
        self.writes.append(events)

    def say(self, line: Said) -> None:
        """Keeps the line apart."""
        self.said.append(line)


class ScriptedSteps:
    """Gives its answers in order, the last one for ever; errors are raised. `during` is called inside each call."""

    def __init__(self, answers: Iterable[Answer], *, during: Callable[[StepCall], None] | None = None) -> None:
        self._answers = list(answers)
        self._during = during
        self.calls: list[StepCall] = []

    async def call(self, call: StepCall, say: Say) -> StepResult:
        """Raises StepFailed for an error."""
        self.calls.append(call)
        say("debug", f"call {len(self.calls)}")
        if self._during:
            self._during(call)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, StepError):
            raise StepFailed(answer)
        return answer


class ManualClock:
    """Sleeping moves the time on; chance is what one says; ids count up."""

    def __init__(self, *, jitter: float = 0.0) -> None:
        self.time = START
        self.slept: list[float] = []
        self._jitter = jitter
        self._ids = 0

    def now(self) -> datetime:
        """The time it is made to be."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Moves on at once."""
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)

    def jitter(self) -> float:
        """Always the same."""
        return self._jitter

    def new_id(self) -> UUID:
        """1, 2, 3 …"""
        self._ids += 1
        return UUID(int=self._ids)
