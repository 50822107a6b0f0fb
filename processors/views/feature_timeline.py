"""The timeline of a feature's run: sequences as groups, every event where it truly lay, waits and undos drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from processors.models import Attempt, Run
from processors.queries.feature_progress import EventFacts, Progress, StepFacts
from products.features.definition import Sequence as Part
from products.ui.formats import duration_text
from products.ui.graph_words import icon_of
from products.ui.timeline import Bar, Row

WAITING_KINDS = frozenset({"sleep", "wait_signal"})
OPEN = frozenset({"pending", "running", "waiting"})
Link = Callable[[StepFacts], str]


@dataclass(frozen=True, slots=True)
class Clock:
    """Milliseconds after the start of the run. What is still open reaches to `now`."""

    zero: datetime
    now: datetime

    def at(self, moment: datetime | None) -> float:
        """Of a moment; of none yet, of now."""
        return max(((moment or self.now) - self.zero).total_seconds() * 1000, 0)


def rows(
    run: Run, shown: Sequence[tuple[Part, Sequence[EventFacts]]], tries: Mapping[UUID, list[Attempt]], *,
    now: datetime, link: Link,
) -> list[Row]:  # fmt: skip
    """A row for the wait before the start, one for each sequence and one for each of its events."""
    clock = Clock(run.created_at, run.finished_at or now)
    queued = clock.at(run.started_at)
    wait = Bar(0, queued, "waiting", f"Waited {duration_text(queued)} for a worker")
    made = [Row(name="queued", icon="clock", took=duration_text(queued), bars=(wait,))]
    for part, events in shown:
        made.append(Row(name=part.title or part.tag, group=True, took=_group_took(events, tries, clock)))
        made += [_event_row(one, tries, clock, link) for one in events]
    return made


def pages(progress: Progress, start: int, size: int) -> list[tuple[Part, list[EventFacts]]]:
    """The events from number `start` on, at most `size`, below their sequences."""
    found: list[tuple[Part, list[EventFacts]]] = []
    number = 0
    for part in progress.feature.sequences:
        inside = range(max(start - number, 0), min(start + size - number, len(part.events)))
        if inside:
            found.append((part, [progress.events[str(part.events[place].name)] for place in inside]))
        number += len(part.events)
    return found


def took_ms(step: StepFacts, tries: Sequence[Attempt] = ()) -> float | None:
    """How long a step took. One that was taken back ended before that: with its last try, as far as that is known."""
    ends = [one.finished_at for one in tries if one.finished_at]
    end = max(ends) if ends and step.state == "rolled_back" else step.finished_at
    if step.started_at is None or end is None:
        return None
    return (end - step.started_at).total_seconds() * 1000


def _group_took(events: Sequence[EventFacts], tries: Mapping[UUID, list[Attempt]], clock: Clock) -> str:
    begun = [one.step for one in events if one.step and one.step.started_at]
    if not begun or any(one.state in OPEN for one in begun):
        return ""
    starts = [clock.at(one.started_at) for one in begun]
    lengths = [took_ms(one, tries.get(one.id, [])) or 0 for one in begun]
    ends = [start + length for start, length in zip(starts, lengths, strict=True)]
    return duration_text(max(ends) - min(starts))


def _event_row(facts: EventFacts, tries: Mapping[UUID, list[Attempt]], clock: Clock, link: Link) -> Row:
    event, step = facts.event, facts.step
    many = f" \N{MULTIPLICATION SIGN} {facts.items.total}" if event.loop is not None and facts.items.total else ""
    name, icon = f"{event.name.event}{many}", icon_of(event.call.type)
    if step is None:
        return Row(name=name, icon=icon, took="—")
    bars = [*_bars(facts, step, tries.get(step.id, []), clock), *_undo_bars(facts, tries, clock)]
    took = took_ms(step, tries.get(step.id, []))
    is_over = step.state not in OPEN and step.state != "skipped" and took is not None
    words = duration_text(took) if is_over else step.state
    return Row(name, bars, words, icon, link(step), current=step.state in {"running", "waiting"})


def _bars(facts: EventFacts, step: StepFacts, tries: Sequence[Attempt], clock: Clock) -> Iterator[Bar]:
    if step.state == "skipped":
        return
    if tries:
        yield from try_bars(tries, clock, waits=step.state == "waiting")
        return
    end = step.finished_at
    if step.state == "rolled_back":  # it ended before it was taken back
        undo = facts.undo
        end = facts.items.last if facts.items.total else (undo.started_at if undo else end)
    yield _whole(step, clock, end)


def _whole(step: StepFacts, clock: Clock, end: datetime | None) -> Bar:
    """A step that calls nothing itself: it waits, or others work for it."""
    is_wait = step.kind in WAITING_KINDS or (step.kind == "feature" and step.state == "waiting")
    state = "waiting" if is_wait and step.state != "failed" else step.state
    state = "completed" if state == "rolled_back" else state
    said = "Waited" if is_wait else step.state.capitalize()
    length = duration_text(clock.at(end) - clock.at(step.started_at))
    return Bar(clock.at(step.started_at), clock.at(end), state, f"{said}, {length}")


def try_bars(tries: Sequence[Attempt], clock: Clock, *, waits: bool) -> Iterator[Bar]:
    """Each try and the waits between them; `waits`: for the next one still."""
    before: Attempt | None = None
    for one in tries:
        if before is not None and before.finished_at is not None:
            yield Bar(clock.at(before.finished_at), clock.at(one.started_at), "waiting", "Waited for the next try")
        start, end = clock.at(one.started_at), clock.at(one.finished_at)
        yield Bar(start, end, one.state, f"Attempt {one.number}: {one.state}, {duration_text(end - start)}")
        before = one
    if waits and before is not None and before.finished_at is not None:
        yield Bar(clock.at(before.finished_at), clock.at(None), "waiting", "Waits")


def _undo_bars(facts: EventFacts, tries: Mapping[UUID, list[Attempt]], clock: Clock) -> Iterator[Bar]:
    if facts.undone.total and facts.undone.first:
        yield _undo_bar(
            clock.at(facts.undone.first), clock.at(facts.undone.last), failed="failed" in facts.undone.counts
        )
    undo = facts.undo
    if undo is None or undo.started_at is None:
        return
    for bar in try_bars(tries.get(undo.id, []), clock, waits=undo.state == "waiting"):
        is_try = bar.state != "waiting"
        yield _undo_bar(bar.start, bar.end, failed=bar.state == "failed") if is_try else bar
    if not tries.get(undo.id):
        yield _undo_bar(clock.at(undo.started_at), clock.at(undo.finished_at), failed=undo.state == "failed")


def _undo_bar(start: float, end: float, *, failed: bool) -> Bar:
    length = duration_text(end - start)
    return Bar(
        start, end, "failed" if failed else "undo", f"{'Could not be taken back' if failed else 'Undo'}, {length}"
    )
