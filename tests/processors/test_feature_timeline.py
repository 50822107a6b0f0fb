"""The timeline tells the truth: what overlapped overlaps, waits and undos are drawn, an undone step ends before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from processors.queries.feature_progress import EventFacts, Items, Progress, StepFacts
from processors.views import feature_timeline
from products.features import read_feature
from products.ui.json_diff import compared
from products.ui.timeline import Row
from tests.processors.feature_rows import ORDER, big

ZERO = datetime(2026, 3, 1, 12, tzinfo=UTC)
FEATURE = read_feature({"tag": "order", "name": "Order", **ORDER}, available=("action", "feature"))[0]
RUN: Any = SimpleNamespace(created_at=ZERO, started_at=ZERO + timedelta(milliseconds=100), finished_at=None)


def at(seconds: float | None) -> datetime | None:
    return None if seconds is None else ZERO + timedelta(seconds=seconds)


def step(tag: str, state: str, start: float, end: float | None, kind: str = "action", attempts: int = 0) -> StepFacts:
    return StepFacts(uuid4(), tag, kind, 0, state, attempts, None, None, at(start), at(end))


def tried(*tries: tuple[str, float, float | None]) -> list[Any]:
    return [SimpleNamespace(number=number, state=state, started_at=at(start), finished_at=at(end))
            for number, (state, start, end) in enumerate(tries, 1)]  # fmt: skip


def drawn(facts: dict[str, EventFacts], tries: dict[Any, list[Any]] | None = None, now: float = 100) -> dict[str, Row]:
    events = {str(one.name): facts.get(str(one.name), EventFacts(one)) for one in FEATURE.events()}
    shown = feature_timeline.pages(Progress(FEATURE, events), 0, 100)
    made = feature_timeline.rows(RUN, shown, tries or {}, now=at(now) or ZERO, link=lambda one: f"?step={one.tag}")
    return {row.name.split()[0]: row for row in made}


def facts(tag: str, *steps: StepFacts, **more: Any) -> EventFacts:
    event = next(one for one in FEATURE.events() if str(one.name) == tag)
    return EventFacts(event, *steps, **more)


def test_events_side_by_side_overlap_and_the_group_lasts_from_the_first_to_the_last() -> None:
    stock = facts("reserve/stock", step("reserve/stock", "completed", 1, 4), items=Items({"completed": 3}))
    audit = facts("reserve/audit", step("reserve/audit", "completed", 2, 6))
    rows = drawn({"reserve/stock": stock, "reserve/audit": audit})
    assert rows["stock"].name == "stock \N{MULTIPLICATION SIGN} 3"
    (first,), (second,) = rows["stock"].bars, rows["audit"].bars
    assert (first.start, first.end, second.start, second.end) == (1000, 4000, 2000, 6000)
    assert rows["reserve"].took.startswith("5")
    assert rows["queued"].bars[0].end == 100


def test_tries_are_drawn_with_the_waits_between_them_and_the_one_that_goes_on() -> None:
    payment = step("charge/payment", "waiting", 1, None, attempts=2)
    tries = {payment.id: tried(("failed", 1, 2), ("failed", 5, 6))}
    bars = drawn({"charge/payment": facts("charge/payment", payment)}, tries, now=9)["payment"].bars
    assert [(bar.state, bar.start, bar.end) for bar in bars] == [
        ("failed", 1000, 2000), ("waiting", 2000, 5000), ("failed", 5000, 6000), ("waiting", 6000, 9000),
    ]  # fmt: skip
    assert all(one.end <= other.start for one, other in pairwise(bars))


def test_an_undo_is_drawn_where_it_lay_and_what_it_took_back_ends_before_it() -> None:
    payment = step("charge/payment", "rolled_back", 1, 20, attempts=1)
    undo = step("charge/payment~undo", "completed", 18, 20, attempts=1)
    tries = {payment.id: tried(("completed", 1, 3)), undo.id: tried(("completed", 18, 20))}
    rows = drawn({"charge/payment": facts("charge/payment", payment, undo)}, tries)
    bars = rows["payment"].bars
    assert [(bar.state, bar.start, bar.end) for bar in bars] == [("completed", 1000, 3000), ("undo", 18000, 20000)]
    assert rows["payment"].took.startswith("2")
    assert rows["charge"].took.startswith("2")


def test_an_undo_that_failed_is_red_and_a_wait_reaches_to_now() -> None:
    payment = step("charge/payment", "completed", 1, 2, attempts=1)
    undo = step("charge/payment~undo", "failed", 5, 6, attempts=1)
    tries = {payment.id: tried(("completed", 1, 2)), undo.id: tried(("failed", 5, 6))}
    manager = step("approve/manager", "waiting", 3, None, kind="wait_signal")
    rows = drawn({"charge/payment": facts("charge/payment", payment, undo),
                  "approve/manager": facts("approve/manager", manager)}, tries, now=50)  # fmt: skip
    assert [bar.state for bar in rows["payment"].bars] == ["completed", "failed"]
    assert [(bar.state, bar.end) for bar in rows["manager"].bars] == [("waiting", 50000)]
    assert rows["manager"].took == "waiting"
    assert (rows["mail"].bars, rows["mail"].took) == ((), "—")


def test_pages_of_events_keep_their_sequences() -> None:
    long = read_feature({"tag": "big", "name": "Big", **big(500)}, available=())[0]
    progress = Progress(long, {str(one.name): EventFacts(one) for one in long.events()})
    assert [len(events) for _, events in feature_timeline.pages(progress, 400, 200)] == [100]
    order = Progress(FEATURE, {str(one.name): EventFacts(one) for one in FEATURE.events()})
    found = [(part.tag, len(events)) for part, events in feature_timeline.pages(order, 2, 3)]
    assert found == [("reserve", 1), ("approve", 1), ("tell", 1)]


def test_two_values_beside_each_other_keep_equal_lines_short_and_large_ones_bounded() -> None:
    same = [pair.mark for pair in compared({"a": 1}, {"a": 1})]
    assert same == ["", "", ""]
    changed = compared({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4})
    assert [(pair.left.strip(), pair.right.strip()) for pair in changed if pair.mark == "changed"] == [
        ('"b": 2', '"b": 3,'),
    ]  # fmt: skip
    assert [pair.right.strip() for pair in changed if pair.mark == "added"] == ['"c": 4']
    long = {f"key-{n:03}": n for n in range(100)}
    assert "gap" in {pair.mark for pair in compared(long, {**long, "key-050": "other"})}
    assert len(compared(list(range(5000)), list(range(5000)))) < 50
    assert compared(None, [1])[0].mark == "changed"
