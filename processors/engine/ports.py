"""What the engine needs of the world: a journal, steps that can be called, a clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from processors.engine.events import Event, Said
from processors.engine.states import RunState
from processors.engine.step import Say, StepCall, StepError, StepResult
from products.features.definition import Keep
from products.lib.jsontypes import Json


class Fenced(Exception):
    """Another worker holds this run now: stop at once and write nothing more."""


class Journal(Protocol):
    """The record of one claimed run."""

    async def write(self, *events: Event) -> None:
        """Returns when the events are durable, all of them. Raises Fenced."""

    def say(self, line: Said) -> None:
        """Stores a log line with the next write, or a moment later."""


class Steps(Protocol):
    """Makes the calls of steps."""

    async def call(self, call: StepCall, say: Say) -> StepResult:
        """One try. Raises StepFailed."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What somebody or something told a run. `payload` has been checked where it came in."""

    id: UUID
    payload: Json
    at: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class ChildEnd:
    """How the run of a child feature ended."""

    state: RunState
    output: Json = None
    error: StepError | None = None


class FeatureSteps(Steps, Protocol):
    """Makes the calls of a feature's steps, and knows which values nobody may see."""

    def shown(self, value: Json) -> Json:
        """The value with every secret masked, bounded, for people to look at."""

    def masked(self, value: Json) -> Json:
        """The value with the secrets that the run has read masked, whole: it is stored, and gone on with."""


class Signals(Protocol):
    """What a run has been told and not used yet."""

    @property
    def news(self) -> int:
        """How often the run has been told something, as far as this worker knows."""

    async def next(self, name: str, besides: Collection[UUID] = ()) -> Signal | None:
        """The oldest unused signal of this name that is none of `besides`."""


class Children(Protocol):
    """The runs of child features."""

    async def start(self, step_id: UUID, feature: str, given: Json, *, again: int = 0) -> UUID:
        """The run; the same one for the same step and number, however often it is asked for. Raises StepFailed."""

    async def end(self, run_id: UUID) -> ChildEnd | None:
        """None while it goes on."""

    async def cancel(self, run_id: UUID) -> None:
        """Asks it to stop; it rolls back by itself."""


@dataclass(frozen=True, slots=True)
class Once:
    """A result, and in words where it came from when nothing was called for it; `notice`: what else is to be said."""

    value: Json
    kept: str = ""
    notice: str = ""


class Results(Protocol):
    """Results kept for the same call made again."""

    async def once(self, keep: Keep, key: str, fetch: Callable[[], Awaitable[Json]]) -> Once:
        """The kept result, or what `fetch` gives, which is kept then. Raises what `fetch` raises."""


class Clock(Protocol):
    """Time, chance and new ids."""

    def now(self) -> datetime:
        """The time, aware of its zone."""

    async def sleep(self, seconds: float) -> None:
        """Waits."""

    def jitter(self) -> float:
        """A number from -1 to 1."""

    def new_id(self) -> UUID:
        """An id for a new row."""
