"""What one place of a feature sees of its events: looked up when an expression asks, never written out.

A feature may have 2,000 events with several places each: a table for every place would be millions of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from products.expressions import Shape, known
from products.features.definition import Feature, StepName

LATER = "runs later"
BESIDE = "runs side by side with this"
ITSELF = "is this event itself"
ELSEWHERE = "does not run before this"
UNCOUNTED = "has not run when a run is counted"
_DOUBLE = "is the tag of several events: use $Sequence{…}{…}"

Path = tuple[str, ...]


class Ground:
    """The events of a feature as all its places share them; `shapes` is what is known of their results."""

    def __init__(self, feature: Feature, shapes: Mapping[StepName, Shape]) -> None:
        self.shapes = shapes
        self.above = feature.ancestors()
        self.modes = {one.tag: one.mode for one in feature.sequences}
        self.position = {
            event.name: place for sequence in feature.sequences for place, event in enumerate(sequence.events)
        }
        self.of: dict[str, list[StepName]] = {}
        self.called: dict[str, list[StepName]] = {}
        for name in shapes:
            self.of.setdefault(name.sequence, []).append(name)
            self.called.setdefault(name.event, []).append(name)


@dataclass(frozen=True)
class Sight:
    """One place: that of the event `at`; without one it is the output, which sees all, or `is_blind`.

    `own`: what the event's result is to its own undo, which alone sees it.
    """

    ground: Ground
    at: StepName | None = None
    own: Shape | None = None
    is_blind: bool = False

    def shape(self, name: StepName) -> Shape:
        """What is known of the result of an event that this place sees."""
        return self.own if self.own is not None and name == self.at else self.ground.shapes[name]

    def why_not(self, name: StepName) -> str:
        """Why this place does not see an event, as the end of a sentence; "" for one that it sees."""
        at, ground = self.at, self.ground
        if at is None:
            return UNCOUNTED if self.is_blind else ""
        if name.sequence in ground.above[at.sequence]:
            return ""
        if name == at:
            return "" if self.own is not None else ITSELF
        if name.sequence != at.sequence:
            return ELSEWHERE
        if ground.modes[at.sequence] == "concurrent":
            return BESIDE
        return "" if ground.position[name] < ground.position[at] else LATER

    def roots(self) -> dict[str, Shape]:
        """`Sequence`, and `Step` for the tags that only one event of the feature has."""
        return {"Sequence": known(_Sequences(self)), "Step": known(_Steps(self))}

    def reasons(self, besides: Mapping[Path, str]) -> Mapping[Path, str]:
        """Why other events, and tags that are not unique, mean nothing here; `besides` is said of the rest."""
        return _Reasons(self, besides)


class _Lookup(Mapping[str, Shape]):
    """Finds one at a time; it is listed for a sentence only, once somebody has written what is not there."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    def _seen(self, names: list[StepName]) -> Iterator[StepName]:
        return (name for name in names if not self._sight.why_not(name))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Sequences(_Lookup):
    def __getitem__(self, tag: str) -> Shape:
        if next(self._seen(self._sight.ground.of[tag]), None) is None:
            raise KeyError(tag)
        return known(_EventsOf(self._sight, tag))

    def __iter__(self) -> Iterator[str]:
        return (tag for tag in self._sight.ground.of if tag in self)


class _EventsOf(_Lookup):
    def __init__(self, sight: Sight, sequence: str) -> None:
        super().__init__(sight)
        self._sequence = sequence

    def __getitem__(self, tag: str) -> Shape:
        name = StepName(self._sequence, tag)
        if name not in self._sight.ground.shapes or self._sight.why_not(name):
            raise KeyError(tag)
        return self._sight.shape(name)

    def __iter__(self) -> Iterator[str]:
        return (name.event for name in self._seen(self._sight.ground.of[self._sequence]))


class _Steps(_Lookup):
    def __getitem__(self, tag: str) -> Shape:
        names = self._sight.ground.called[tag]
        if len(names) > 1 or self._sight.why_not(names[0]):
            raise KeyError(tag)
        return self._sight.shape(names[0])

    def __iter__(self) -> Iterator[str]:
        return (tag for tag in self._sight.ground.called if tag in self)


@dataclass(frozen=True, eq=False)
class _Reasons(Mapping[Path, str]):
    sight: Sight
    besides: Mapping[Path, str] = field(default_factory=dict)

    def __getitem__(self, path: Path) -> str:
        why = self._why(path)
        if not why:
            raise KeyError(path)
        return why

    def _why(self, path: Path) -> str:
        ground = self.sight.ground
        match path:
            case ("Sequence", sequence, event):
                name = StepName(sequence, event)
                return self.sight.why_not(name) if name in ground.shapes else ""
            case ("Sequence", sequence):
                return next((why for name in ground.of.get(sequence, ()) if (why := self.sight.why_not(name))), "")
            case ("Step", event):
                names = ground.called.get(event, [])
                return _DOUBLE if len(names) > 1 else self.sight.why_not(names[0]) if names else ""
            case _:
                return self.besides.get(path, "")

    @cached_property
    def _paths(self) -> tuple[Path, ...]:
        events = [path for name in self.sight.ground.shapes for path in (("Sequence", *name), ("Sequence", name[0]))]
        steps = [("Step", tag) for tag in self.sight.ground.called]
        return tuple(dict.fromkeys(path for path in (*events, *steps, *self.besides) if self._why(path)))

    def __iter__(self) -> Iterator[Path]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)
