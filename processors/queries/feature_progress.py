"""How far a run of a feature has come with each of its events: without the bodies, in a few bounded queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, QuerySet
from django.db.models.fields.json import KeyTextTransform

from processors.engine.book import UNDO
from processors.models import Attempt, Run, RunDefinition, Step
from products.features import Event, Feature, Sequence, read_stored

MOST_STEPS = 4_200  # two for each event of the largest feature
MOST_ATTEMPTS = 4_000
FEATURES_REMEMBERED = 64
SAID_SHOWN = 600


@dataclass(frozen=True, slots=True)
class StepFacts:
    """One step without its bodies. `said` is what its error says."""

    id: UUID
    tag: str
    kind: str
    index: int
    state: str
    attempts: int
    wake_at: datetime | None
    child: UUID | None
    started_at: datetime | None
    finished_at: datetime | None
    said: str = ""
    in_doubt: bool = False

    @property
    def name(self) -> str:
        """Sequence and event; of an undo too."""
        return self.tag.removesuffix(UNDO)

    @property
    def is_undo(self) -> bool:
        """Whether it takes another step back."""
        return self.tag.endswith(UNDO)

    @property
    def took_ms(self) -> float | None:
        """From its start to its end, which of one that was taken back is the end of that."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds() * 1000


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a loop, counted by state, and the stretch of time in which they were worked on."""

    counts: Mapping[str, int] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None

    @property
    def total(self) -> int:
        """How many have begun."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class EventFacts:
    """An event of the feature and how far this run has come with it."""

    event: Event
    step: StepFacts | None = None
    undo: StepFacts | None = None
    items: Items = field(default_factory=Items)
    undone: Items = field(default_factory=Items)

    @property
    def state(self) -> str:
        """Of its own step; pending when it has not begun."""
        return self.step.state if self.step else "pending"

    @property
    def said(self) -> str:
        """Why it failed, or what its undo failed with."""
        return (self.step.said if self.step else "") or (self.undo.said if self.undo else "")


@dataclass(frozen=True, slots=True)
class Progress:
    """A feature and how far a run of it has come."""

    feature: Feature
    events: Mapping[str, EventFacts]  # by "sequence/event", in the order of the document

    def of(self, sequence: Sequence) -> Iterator[EventFacts]:
        """The events of a sequence."""
        return (self.events[str(event.name)] for event in sequence.events)


def feature_of(run: Run) -> Feature:
    """The feature as this run executes it; one without events when its definition is no longer kept."""
    try:
        return _feature(run.definition_id, run.target)
    except LookupError:
        return Feature(run.target, run.target)


@lru_cache(maxsize=FEATURES_REMEMBERED)
def _feature(definition: str, tag: str) -> Feature:
    """A definition never changes, so what has been read once is read."""
    row = RunDefinition.objects.filter(hash=definition).values_list("content", flat=True).first()
    document = (row or {}).get("features", {}).get(tag)
    if document is None:
        raise LookupError(tag)  # not remembered: it may come back with a backup
    return read_stored(tag, document)[0]


def progress(run: Run) -> Progress:
    """Every event with its step, its undo and its items: three queries."""
    feature = feature_of(run)
    steps = {step.tag: step for step in step_facts(Step.objects.filter(run=run, index=0).order_by("id")[:MOST_STEPS])}
    has_loops = any(event.loop is not None for event in feature.events())
    items = _items(run) if has_loops else {}
    events = {
        name: EventFacts(event, steps.get(name), steps.get(name + UNDO), items.get(name, Items()),
                         items.get(name + UNDO, Items()))
        for event in feature.events() if (name := str(event.name))
    }  # fmt: skip
    return Progress(feature, events)


def step_facts(rows: QuerySet[Step]) -> list[StepFacts]:
    """The steps of a query, without their bodies."""
    names = ("id", "tag", "kind", "index", "state", "attempts", "wake_at", "child", "started_at", "finished_at")
    said = {"said": KeyTextTransform("message", "error"), "doubt": KeyTextTransform("outcome_unknown", "error")}
    return [
        StepFacts(**{name: row[name] for name in names}, said=(row["said"] or "")[:SAID_SHOWN],
                  in_doubt=row["doubt"] == "true" and row["state"] == "waiting" and row["wake_at"] is None)
        for row in rows.values(*names, **said)
    ]  # fmt: skip


def _items(run: Run) -> dict[str, Items]:
    rows = Step.objects.filter(run=run, index__gt=0).order_by().values("tag", "state")
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.annotate(n=Count("id"), first=Min("started_at"), last=Max("finished_at"))[:MOST_STEPS]:
        found.setdefault(row["tag"], []).append(dict(row))
    return {
        tag: Items(
            {row["state"]: row["n"] for row in group},
            min((row["first"] for row in group if row["first"]), default=None),
            max((row["last"] for row in group if row["last"]), default=None),
        )
        for tag, group in found.items()
    }


def attempts_of(run: Run, steps: Iterable[StepFacts]) -> dict[UUID, list[Attempt]]:
    """The tries of these steps, without what was exchanged."""
    tried = [step.id for step in steps if step.attempts]
    found: dict[UUID, list[Attempt]] = {}
    if tried:
        rows = Attempt.objects.filter(run=run, step_id__in=tried).order_by("step_id", "number")
        for row in rows.defer("request", "response", "error")[:MOST_ATTEMPTS]:
            found.setdefault(row.step_id, []).append(row)
    return found
