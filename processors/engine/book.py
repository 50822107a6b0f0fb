"""What a run of a feature knows of itself: how far each step has come, the results so far, what may be undone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from processors.engine.scope import Facts, RunScope
from processors.engine.states import StepState
from processors.engine.step import StepError
from products.features import StepName
from products.lib.jsontypes import Json, JsonObject

UNDO = "~undo"  # no tag contains a ~
DONE = frozenset({StepState.COMPLETED, StepState.SKIPPED, StepState.ROLLED_BACK})


class StepKey(NamedTuple):
    """A step of a run. `item` 0 is the event itself, 1, 2, … the items of its loop; `undo`: what takes it back."""

    name: StepName
    item: int = 0
    undo: bool = False

    @property
    def tag(self) -> str:
        """As steps and log lines name it."""
        return f"{self.name}{UNDO}" if self.undo else str(self.name)

    def __str__(self) -> str:
        return f"{self.tag}#{self.item}" if self.item else self.tag

    @classmethod
    def of(cls, tag: str, item: int) -> StepKey:
        """The key of a stored step."""
        plain = tag.removesuffix(UNDO)
        sequence, _, event = plain.partition("/")
        return cls(StepName(sequence, event), item, plain != tag)


@dataclass(frozen=True, slots=True)
class Known:
    """What is on record of one step.

    `attempt_id` is a try recorded as started and not yet made; `lost` counts tries whose worker never said how they
    ended; `child` is the run of a child feature.
    """

    step_id: UUID
    state: StepState = StepState.PENDING
    attempts: int = 0
    failures: int = 0
    lost: int = 0
    attempt_id: UUID | None = None
    output: Json = None
    error: StepError | None = None
    wake_at: datetime | None = None
    child: UUID | None = None
    finished_at: datetime | None = None


class Book:
    """One run's memory. It starts with what the journal has, and learns what is written to it."""

    def __init__(self, facts: Facts, known: Mapping[StepKey, Known], *, unique: frozenset[str] = frozenset()) -> None:
        """`facts`: what expressions see from the start; `unique`: event tags that only one sequence has."""
        self._facts = facts
        self._unique = unique
        self._known = dict(known)
        self._order: list[StepKey] = sorted(
            (key for key, one in known.items() if one.finished_at and not key.undo),
            key=lambda key: (known[key].finished_at, known[key].step_id),
        )
        self._sequences: dict[str, dict[str, Json]] = {}
        self._by_tag: dict[str, Json] = {}
        self._results: JsonObject = {"Sequence": self._sequences, "Step": self._by_tag}

    def at(self, key: StepKey) -> Known | None:
        """What is known of a step; None when it has not begun."""
        return self._known.get(key)

    def known(self, key: StepKey) -> Known:
        """What is known of a step that has begun. Raises KeyError."""
        return self._known[key]

    def next_try(self, key: StepKey) -> int:
        """The number of the try that comes next, from 1."""
        known = self._known.get(key)
        return known.attempts + 1 if known else 1

    def note(self, key: StepKey, known: Known) -> None:
        """Remembers how a step stands, as it is written to the journal."""
        before = self._known.get(key)
        self._known[key] = known
        if known.finished_at and not key.undo and (before is None or before.finished_at is None):
            self._order.append(key)

    def change(self, key: StepKey, state: StepState, **changes: object) -> Known:
        """The same step in another state, remembered."""
        known = replace(self._known[key], state=state, **changes)  # type: ignore[arg-type]
        self.note(key, known)
        return known

    def result(self, name: StepName, value: Json) -> None:
        """What `$Sequence{sequence}{event}` and, while its tag is unique, `$Step{event}` give from now on."""
        self._sequences.setdefault(name.sequence, {})[name.event] = value
        if name.event in self._unique:
            self._by_tag[name.event] = value

    def scope(self, extra: Mapping[str, Json] | None = None, *, place: str = "") -> RunScope:
        """What expressions see at a place, with what holds there alone (`Item`, `Index`, `Error`)."""
        return RunScope(self._facts, self._results, extra, place)

    def with_result(self, name: StepName, value: Json) -> JsonObject:
        """Roots in which the event's result is another: that of one item of its loop."""
        events = {**self._sequences.get(name.sequence, {}), name.event: value}
        roots: JsonObject = {"Sequence": {**self._sequences, name.sequence: events}}
        if name.event in self._unique:
            roots["Step"] = {**self._by_tag, name.event: value}
        return roots

    def outputs_of(self, name: StepName) -> list[Json]:
        """The results of a loop's items, in their order; null where an item was skipped or failed."""
        found: list[Json] = []
        while (item := self._known.get(StepKey(name, len(found) + 1))) is not None:
            found.append(item.output if item.state is StepState.COMPLETED else None)
        return found

    def finished(self) -> Iterator[tuple[StepKey, Known]]:
        """Every completed step, the last one first, undos aside."""
        for key in reversed(self._order):
            known = self._known[key]
            if known.state in {StepState.COMPLETED, StepState.ROLLED_BACK}:
                yield key, known

    def open(self) -> Iterator[tuple[StepKey, Known]]:
        """Every step that has begun and not ended."""
        for key, known in list(self._known.items()):
            if known.state in {StepState.RUNNING, StepState.WAITING, StepState.PENDING}:
                yield key, known

    def all_failed(self) -> Iterator[tuple[StepKey, Known]]:
        """Every step that failed."""
        return ((key, known) for key, known in self._known.items() if known.state is StepState.FAILED)

    def failed(self, allowed: Iterable[StepName]) -> Iterator[tuple[StepKey, Known]]:
        """The steps that failed and may not: what made the run fail. Items of a loop and undos aside."""
        may_fail = set(allowed)
        for key, known in self._known.items():
            if known.state is StepState.FAILED and not key.undo and key.item == 0 and key.name not in may_fail:
                yield key, known
