"""A feature's run as its page shows it. Every part is worked out when a template asks for it, and only then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone

from processors.models import Attempt, LogLine, Run
from processors.queries import feature_runs
from processors.queries.feature_progress import EventFacts, Progress, StepFacts, attempts_of, progress
from processors.queries.run_pages import log_lines
from processors.queries.runs import output_for
from processors.queries.taken_back import would_be_undone
from processors.views import feature_timeline
from processors.views.run_asks import Ask, asks_of
from products.access import Actor
from products.features.definition import Sequence as Part
from products.lib.jsontypes import Json
from products.ui.formats import duration_text
from products.ui.graph import Graph, Links, StepView, graph_of
from products.ui.graph_words import icon_of, label_of_event, target_of
from products.ui.timeline import Row

EVENTS_SHOWN = 200
STATES = ("running", "waiting", "failed", "rolled_back", "skipped", "completed", "pending")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address asks for: a page of the events, those in a state, opened sequences, a step."""

    start: int = 0
    state: str = ""
    opened: tuple[str, ...] = ()
    step: str = ""
    item: int = 0
    item_state: str = ""
    after_item: int = 0

    @classmethod
    def of(cls, query: QueryDict) -> Chosen:
        """Anything that makes no sense is as if it were not there."""
        return cls(
            start=_number(query.get("from")),
            state=query.get("state", "") if query.get("state") in STATES else "",
            opened=tuple(tag for tag in query.get("open", "").split(",") if tag)[:500],
            step=query.get("step", "")[:200],
            item=_number(query.get("item")),
            item_state=query.get("item_state", "")[:20],
            after_item=_number(query.get("after_item")),
        )


@dataclass(frozen=True, slots=True)
class StepRow:
    """One line of the list of steps."""

    facts: EventFacts
    label: str
    icon: str
    target: str
    took: float | None
    items: tuple[tuple[str, int], ...]


class FeatureRunView:
    """Everything the parts of the page show."""

    def __init__(self, actor: Actor, run: Run, chosen: Chosen) -> None:
        self.actor, self.run, self.chosen = actor, run, chosen

    @cached_property
    def progress(self) -> Progress:
        """Every event and how far it has come."""
        return progress(self.run)

    @cached_property
    def total(self) -> int:
        """How many events the feature has."""
        return len(self.progress.events)

    @cached_property
    def state_counts(self) -> list[tuple[str, int]]:
        """How many events are in which state."""
        counted = Counter(one.state for one in self.progress.events.values())
        return [(state, counted[state]) for state in STATES if counted[state]]

    @cached_property
    def shown(self) -> list[tuple[Part, list[EventFacts]]]:
        """The page of events that timeline and list show."""
        if not self.chosen.state:
            return feature_timeline.pages(self.progress, self.chosen.start, EVENTS_SHOWN)
        wanted = {name: one for name, one in self.progress.events.items() if one.state == self.chosen.state}
        names = set(list(wanted)[self.chosen.start : self.chosen.start + EVENTS_SHOWN])
        parts = ((part, list(self.progress.of(part))) for part in self.progress.feature.sequences)
        chosen = ((part, [one for one in events if str(one.event.name) in names]) for part, events in parts)
        return [(part, events) for part, events in chosen if events]

    @cached_property
    def later(self) -> int:
        """Where the next page begins; 0 when there is none."""
        total = dict(self.state_counts).get(self.chosen.state, 0) if self.chosen.state else self.total
        after = self.chosen.start + EVENTS_SHOWN
        return after if after < total else 0

    @cached_property
    def earlier(self) -> int | None:
        """Where the page before begins; None on the first."""
        return max(self.chosen.start - EVENTS_SHOWN, 0) if self.chosen.start else None

    @cached_property
    def tries(self) -> dict[UUID, list[Attempt]]:
        """The tries of the events that are shown."""
        events = [one for _, inside in self.shown for one in inside]
        return attempts_of(self.run, [step for one in events for step in (one.step, one.undo) if step])

    @cached_property
    def timeline(self) -> list[Row]:
        """Rows for the tag `timeline`; none before the start."""
        if self.run.started_at is None:
            return []
        return feature_timeline.rows(self.run, self.shown, self.tries, now=timezone.now(), link=step_url)

    @cached_property
    def graph(self) -> Graph:
        """The feature with the states of this run."""
        feature = self.progress.feature
        states = {name: self._state(one) for name, one in self.progress.events.items()}
        links = Links(step="?step=", more="?part=graph&open=")
        return graph_of(feature, states=states, opened=self.chosen.opened, selected=self.chosen.step, links=links)

    def _state(self, facts: EventFacts) -> StepView:
        step = facts.step
        if step is None:
            return StepView("pending")
        took = feature_timeline.took_ms(step) if step.state not in {"rolled_back", "skipped"} else None
        words = duration_text(took) if took is not None else ""
        if facts.items.total:
            words = ", ".join(part for part in (_counted(facts.items.counts), words) if part)
        return StepView(step.state, words, step.attempts, facts.said)

    @cached_property
    def steps(self) -> list[tuple[Part, list[StepRow]]]:
        """The list of steps, below their sequences."""
        return [(part, [self._row(one) for one in events]) for part, events in self.shown]

    def _row(self, facts: EventFacts) -> StepRow:
        took = feature_timeline.took_ms(facts.step, self.tries.get(facts.step.id, [])) if facts.step else None
        label, icon = label_of_event(facts.event), icon_of(facts.event.call.type)
        items = tuple(sorted(facts.items.counts.items(), key=lambda item: item[1]))
        return StepRow(facts, label, icon, target_of(facts.event), took, items)

    @cached_property
    def step_names(self) -> list[str]:
        """For the filter of the log."""
        return [name for name, one in self.progress.events.items() if one.step][:EVENTS_SHOWN]

    @cached_property
    def asks(self) -> list[Ask]:
        """What waits for a person."""
        return asks_of(self.actor, self.run)

    @cached_property
    def relatives(self) -> feature_runs.Relatives:
        """Parent, children, what it repeats and what repeats it."""
        return feature_runs.relatives(self.run)

    @cached_property
    def last_good(self) -> Run | None:
        """What one compares a run with that failed."""
        return feature_runs.last_good(self.run)

    @cached_property
    def lines(self) -> list[LogLine]:
        """The first lines of the log."""
        return log_lines(self.run, 0)

    @cached_property
    def output(self) -> Json:
        """What came out, as the actor may see it."""
        return output_for(self.actor, self.run)

    @cached_property
    def undone_by_cancel(self) -> list[str]:
        """What a cancellation takes back."""
        return would_be_undone(self.progress)

    @cached_property
    def step(self) -> feature_runs.StepDetail | None:
        """The step that the address names; None when it names none. Raises NotFound."""
        chosen = self.chosen
        if not chosen.step:
            return None
        found = feature_runs.find_step(self.run, tag=chosen.step, index=chosen.item)
        return feature_runs.step_detail(self.run, found, state=chosen.item_state, after=chosen.after_item)

    @property
    def step_output(self) -> Json:
        """Of the step that is shown."""
        return feature_runs.output_for(self.actor, self.run, self.step.step) if self.step else None

    @property
    def step_target(self) -> str:
        """What the step that is shown calls."""
        event = self.step.event if self.step else None
        if event is None or self.step is None:
            return ""
        return event.undo.call.target if self.step.is_undo and event.undo else target_of(event)


def step_url(step: StepFacts) -> str:
    """Where a step is shown: the page of its run, with the step in it."""
    item = f"&item={step.index}" if step.index else ""
    return f"?step={quote(step.tag)}{item}"


def _counted(counts: Mapping[str, int]) -> str:
    """ "3 failed, 97 completed", or all of them where they are of one state."""
    if len(counts) == 1:
        return f"{next(iter(counts.values())):,} items"
    fewest_first: Sequence[tuple[int, str]] = sorted((n, state) for state, n in counts.items())
    return ", ".join(f"{n:,} {state.replace('_', ' ')}" for n, state in fewest_first)


def _number(text: Any) -> int:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 8 else 0


def chosen_query(chosen: Chosen) -> str:
    """The part of the address that a live part keeps when it is fetched again."""
    return "".join(f"{key}={quote(str(value))}&" for key, value in _given(chosen))


def _given(chosen: Chosen) -> Iterator[tuple[str, object]]:
    named = {"from": chosen.start, "state": chosen.state, "step": chosen.step, "item": chosen.item,
             "item_state": chosen.item_state, "after_item": chosen.after_item}  # fmt: skip
    return ((key, value) for key, value in named.items() if value)
