"""What a resumed run begins with: the steps of the run before it that stand as they are, and results given by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from processors.engine.book import UNDO
from processors.engine.calls import STOPPED
from processors.models import Run, RunSignal, Step
from products.access import Actor
from products.expressions import Compiled, ExpressionError, ValuesScope, compile_template
from products.features import Event, Feature, StepName, seen_input
from products.features.trying import events_named
from products.lib.jsontypes import Json, JsonObject
from products.models import new_id
from products.services import vault

ENDED_WELL = ("completed", "skipped")


@dataclass(frozen=True)
class Beginning:
    """Of the run `old` with its opened input `given`. `again` is made again whatever came of it, from `first` on.

    `corrected` are results by "sequence/event" that replace those of `old`, or stand where it has none. Once `steps`
    was called, `notes` says in words where a loop does not keep all of its items, and `told` has the copies of steps
    that a signal completed, by the id of the step of `old`.
    """

    old: Run
    feature: Feature
    given: JsonObject
    again: set[StepName]
    first: StepName
    corrected: Mapping[str, Json]
    notes: list[str] = field(default_factory=list)
    told: dict[UUID, Step] = field(default_factory=dict)

    def steps(self, new: Run) -> list[Step]:
        """The steps of `new`, in the order in which they ended; what was done by hand comes last."""
        items = {tag: self._lasting(event) for tag, event in self._unfinished().items()}
        rows = self._rows().order_by("finished_at", "id").iterator(chunk_size=1_000)
        kept = [
            self._copy(new, step)
            for step in rows
            if (step.tag in self._whole and self._stands(step)) or step.index in items.get(step.tag, ())
        ]
        there = {step.tag for step in kept if step.index == 0}
        return [*kept, *(self._by_hand(new, tag) for tag in self.corrected if tag not in there)]

    def _rows(self) -> QuerySet[Step]:
        return Step.objects.filter(run=self.old).exclude(tag__endswith=UNDO)

    @cached_property
    def _events(self) -> Mapping[str, Event]:
        return {str(event.name): event for event in self.feature.events()}

    @cached_property
    def _whole(self) -> set[str]:
        """The events that stand with all that came of them; a loop whose items were taken back does not."""
        rows = self._rows().filter(index=0, state__in=[*ENDED_WELL, "failed"]).only("tag", "state", "error")
        standing = {step.tag for step in rows if step.tag in self._events and self._stands(step)}
        taken_back = set(self._rows().filter(state="rolled_back").values_list("tag", flat=True))
        return standing - taken_back - {str(name) for name in self.again}

    def _stands(self, step: Step) -> bool:
        """Ended well, or failed by itself where that is allowed: what a stop broke off is made again."""
        if step.state in ENDED_WELL:
            return True
        is_own = step.state == "failed" and (step.error or {}).get("code") != STOPPED.code
        return is_own and self._events[step.tag].allow_fail

    def _unfinished(self) -> Mapping[str, Event]:
        """The loops that go on among their items: those that broke off, and the one that this starts with."""
        has_failed = self._rows().filter(tag=str(self.first), index=0, state="failed").exists()
        return {
            tag: event
            for tag, event in self._events.items()
            if event.loop is not None
            and tag not in self._whole
            and (event.name not in self.again or (event.name == self.first and has_failed))
        }

    def _lasting(self, event: Event) -> set[int]:
        """The indexes of finished items of a loop that will have the same item at the same place."""
        rows = self._rows().filter(tag=str(event.name), index__gt=0, state__in=["completed", "failed"])
        done = {step.index for step in rows.only("tag", "index", "state", "error") if self._stands(step)}
        same = done & self._same_places(event, done)
        if same != done:
            said = f"{len(same)} of its {len(done)} finished items stay done, because they are the same as before"
            self.notes.append(f"{event.name} goes through another list: {said}.")
        return same

    def _same_places(self, event: Event, done: set[int]) -> set[int]:
        compiled = compile_template(event.loop.items if event.loop else [])
        read = self._read_by(compiled, event)
        before = self._results(read)
        changed = {tag for tag in read if tag not in self._whole or before[tag] != self.corrected.get(tag, before[tag])}
        if not changed:
            return done
        if any(tag not in self.corrected for tag in changed):  # it is made anew: nobody knows yet what it gives
            return set()
        was, will_be = self._listed(compiled, before), self._listed(compiled, {**before, **self.corrected})
        return {place for place, (one, other) in enumerate(zip(was, will_be, strict=False), 1) if one == other}

    def _read_by(self, compiled: Compiled, event: Event) -> set[str]:
        """The events whose results the list is made of."""
        is_wide = any(len(use.segments) < _NARROW[use.root] for use in compiled.uses if use.root in _NARROW)
        if is_wide:
            return {tag for tag, one in self._events.items() if one.name not in self.again}
        items = event.loop.items if event.loop else None
        return {str(name) for name in events_named([(items, False)], self.feature)}

    def _results(self, tags: set[str]) -> dict[str, Json]:
        """What the events gave, as expressions of the old run saw it."""
        found: dict[str, Any] = {tag: [] if self._events[tag].loop else None for tag in tags}
        rows = self._rows().filter(tag__in=tags).order_by("tag", "index").values_list("tag", "index", "state", "output")
        for tag, index, state, output in rows.iterator(chunk_size=1_000):
            value = output if state in {"completed", "rolled_back"} else None
            if self._events[tag].loop is None:
                found[tag] = value
            elif index:
                found[tag].append(value)
        return found

    def _listed(self, compiled: Compiled, results: Mapping[str, Json]) -> list[Json]:
        """The items with these results; none where what a run alone knows is needed for them."""
        sequences: dict[str, JsonObject] = {}
        for tag, value in results.items():
            name = self._events[tag].name
            sequences.setdefault(name.sequence, {})[name.event] = value
        roots: JsonObject = {"Input": seen_input(self.feature.input, self.given), "Sequence": {**sequences}}
        try:
            items = compiled.evaluate(ValuesScope(roots))
        except ExpressionError:
            return []
        return items if isinstance(items, list) else []

    def _copy(self, new: Run, step: Step) -> Step:
        if step.index == 0 and step.tag in self.corrected:
            return _step(new, step, "completed", self.corrected[step.tag])
        copy = _step(new, step, step.state, step.output, step.error)
        if step.kind == "wait_signal":
            self.told[step.pk] = copy
        return copy

    def _by_hand(self, new: Run, tag: str) -> Step:
        step = Step(tag=tag, kind=self._events[tag].call.type, started_at=timezone.now())
        return _step(new, step, "completed", self.corrected[tag])


def copy_signals(actor: Actor, beginning: Beginning, new: Run) -> None:
    """What the kept steps were told: a step shows it masked, the signal itself has it sealed."""
    copies = []
    for signal in RunSignal.objects.filter(run=beginning.old, step_id__in=beginning.told):
        text = vault.open_sealed(actor.workspace, signal, "sealed", bytes(signal.sealed))
        copy = RunSignal(id=new_id(), run=new, name=signal.name, payload=signal.payload, by=signal.by)
        copy.step_id = beginning.told[signal.step_id].pk if signal.step_id else None
        copy.sealed = vault.seal(actor.workspace, copy, "sealed", text)
        copies.append(copy)
    RunSignal.objects.bulk_create(copies, batch_size=500)


_NARROW = {"Sequence": 2, "Step": 1}  # how many segments name one event


def _step(new: Run, step: Step, state: str, output: Json, error: Any = None) -> Step:
    step_id = new_id()
    return Step(
        id=step_id, run=new, tag=step.tag, kind=step.kind, index=step.index, state=state,
        idempotency_key=str(step_id), attempts=0, input=step.input, output=output, error=error,
        started_at=step.started_at, finished_at=step.finished_at or timezone.now(),
    )  # fmt: skip
