"""Places of a worker are shared out between workspaces and actions; who has none waits and says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as some

from processors import conf
from processors.models import Run
from processors.runtime import loop
from processors.runtime.lanes import Lane, Lanes
from processors.runtime.weight import LARGE, is_large
from processors.services import sweeping
from processors.services.runs import RunRequest, start_many
from products import dispatch
from products.lib.actions import ActionSpec
from products.models import new_id
from tests.patience import until
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.scene import Scene, make_scene
from tests.processors.sink import Call, Reply, Sink

ONE, TWO, THREE = new_id(), new_id(), new_id()


def filled(lanes: Lanes, lane: Lane, wanted: int) -> int:
    """How many of so many get a place."""
    got = 0
    while got < wanted and lanes.has_room(lane):
        lanes.enter(lane)
        got += 1
    return got


def test_R17_whoever_is_alone_gets_a_third_and_there_is_always_room_for_another() -> None:
    lanes = Lanes(3_000)
    assert filled(lanes, Lane(ONE, "slow"), 10_000) == 1_000
    assert filled(lanes, Lane(ONE, "other"), 10_000) == 334
    assert lanes.full_targets(ONE) == ["slow", "other"]
    assert filled(lanes, Lane(TWO, "any"), 10_000) == 556
    assert filled(lanes, Lane(THREE, "any"), 10_000) == 370
    for _ in range(1_000):
        lanes.leave(Lane(ONE, "slow"))
    assert filled(lanes, Lane(TWO, "any"), 10_000) > 0


@given(
    places=some.integers(1, 60),
    moves=some.lists(some.tuples(some.sampled_from([ONE, TWO, THREE]), some.sampled_from("abc"), some.booleans())),
)
def test_R17_places_are_never_given_twice_nor_lost(places: int, moves: list[tuple[UUID, str, bool]]) -> None:
    lanes, held = Lanes(places), Counter[Lane]()
    for workspace_id, target, comes in moves:
        lane = Lane(workspace_id, target)
        if comes and lanes.certainly_takes(1):
            assert lanes.has_room(lane)
        if comes and lanes.has_room(lane):
            lanes.enter(lane)
            held[lane] += 1
        elif not comes and held[lane]:
            lanes.leave(lane)
            held[lane] -= 1
        assert held.total() <= places
        assert lanes.of_workspace(workspace_id) == sum(n for one, n in held.items() if one.workspace_id == workspace_id)
    for lane in list(held.elements()):
        lanes.leave(lane)
    assert lanes.has_room(Lane(ONE, "a"))
    assert lanes.room_of(TWO) == places


@pytest.fixture
def thirty(monkeypatch: pytest.MonkeyPatch, runs: Runs) -> Iterator[Runs]:
    """A worker with thirty places: ten for one action, fifteen for one workspace."""
    monkeypatch.setenv("WORKER_RUNS", "30")
    conf.knobs.cache_clear()
    yield runs
    loop.stop()
    monkeypatch.undo()
    conf.knobs.cache_clear()


def many(runs: Runs, count: int, action: str = "get") -> list[UUID]:
    """Queued runs of one action."""
    request = RunRequest("shop", "dev", "api", action, {})
    return [one.run.pk for one in start_many(runs.actor, request, [({}, "")] * count)]


def ended(run_ids: list[UUID]) -> int:
    """How many have completed."""
    return Run.objects.filter(pk__in=run_ids, state="completed").count()


def test_R17_a_slow_remote_side_of_one_workspace_starves_no_other(
    thirty: Runs, people: Cast, scene: Scene, sink: Sink
) -> None:
    held = Event()
    sink.answering = lambda call, number: Reply(hold=held if call.path == "/get" else None)
    scene.add(ActionSpec("fast", "Fast", "GET", "/fast"))
    make_scene(people.elsewhere, sink.url)
    slow = many(thirty, 200)
    worker = loop.start()
    assert [worker.ring(slow[at : at + 100]).result(120) for at in (0, 100)] == [10, 0]  # the thread is free again
    sink.wait_for_calls(10)
    waiting = Run.objects.filter(pk__in=slow, state="queued")
    assert waiting.count() == 190
    reason = "Waits for its turn: 10 runs of this workspace are under way in this worker."
    assert set(waiting.values_list("reason", flat=True)) == {reason}
    mine = many(thirty, 4, "fast")  # another action of the same workspace
    theirs = many(Runs(people.as_(people.charlie)), 5)
    assert worker.ring(mine).result(120) == 4
    sink.answering = lambda call, number: Reply()
    assert worker.ring(theirs).result(120) == 5
    until(lambda: ended(mine) == 4 and ended(theirs) == 5, what="the others have ended")
    assert waiting.count() == 190
    held.set()
    until(lambda: ended(slow) == 200, what="all have had their turn, and nobody rang again")
    assert len(sink.calls) == 209


def test_R17_whoever_waits_is_served_in_the_order_in_which_it_came(thirty: Runs, sink: Sink) -> None:
    slow = many(thirty, 40)
    loop.start().ring(slow).result(120)
    until(lambda: ended(slow) == 40, what="all have ended")
    first = Run.objects.filter(pk__in=slow).order_by("started_at").values_list("pk", flat=True)[:10]
    assert set(first) == set(slow[:10])


def test_R17_a_paused_processor_is_not_looked_at_for_ever(thirty: Runs, people: Cast, sink: Sink) -> None:
    from processors.models import Processor
    from processors.services.processors import pause_processor, resume_processor

    held = Event()
    sink.answering = lambda call, number: Reply(hold=held)
    Processor.objects.create(workspace=people.workspace, tag="default", name="Default")
    slow = many(thirty, 40)
    worker = loop.start()
    worker.ring(slow).result(120)
    sink.wait_for_calls(10)
    pause_processor(people.as_(people.adam), "default")
    held.set()
    until(lambda: ended(slow) == 10, what="those under way have ended")
    until(lambda: worker._room.intake._fetching is None, what="nobody looks any more")
    resume_processor(people.as_(people.adam), "default")
    worker.ring(slow).result(120)
    until(lambda: ended(slow) == 40, what="all have ended")


def test_R17_the_scheduler_lets_the_workspaces_take_turns(
    runs: Runs, people: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_scene(people.elsewhere, sink.url)
    theirs = many(runs, 50)
    mine = many(Runs(people.as_(people.charlie)), 3)
    due = Runs(people.as_(people.charlie)).start()
    long_ago = timezone.now() - timedelta(minutes=5)
    Run.objects.filter(pk__in=theirs).update(rang_at=long_ago - timedelta(minutes=5))
    Run.objects.filter(pk__in=mine).update(rang_at=long_ago)
    Run.objects.filter(pk=due.pk).update(state="waiting", rang_at=long_ago, wake_at=timezone.now())
    rung: list[str] = []
    monkeypatch.setattr(sweeping, "LOT", 4)
    monkeypatch.setattr(dispatch, "waiting", lambda queue: 0)
    monkeypatch.setattr(dispatch, "ring", lambda task, *ids, queue: rung.extend(ids) or True)
    assert sweeping.ring_again() == 4
    assert {str(due.pk), str(mine[0])} < set(rung)
    assert len({str(pk) for pk in theirs} & set(rung)) == 2


def test_a_worker_that_stops_takes_nothing_more_from_the_line(thirty: Runs, sink: Sink) -> None:
    held = Event()
    sink.answering = lambda call, number: Reply(hold=held)
    slow = many(thirty, 40)
    worker = loop.WorkerLoop()
    worker.ring(slow).result(120)
    sink.wait_for_calls(10)
    worker.drain().result(120)
    held.set()
    worker.stop()
    assert Run.objects.filter(pk__in=slow, state="queued", lost=0).count() == 40
    assert len(sink.calls) == 10


def answer_of(size: int) -> Any:
    """A value of about so many characters, in small texts."""
    return {"rows": [{"text": "x" * 50, "n": 1}] * (size // 60)}


@pytest.mark.parametrize(
    ("value", "large"),
    [
        (None, False), (1.5, False), ("x" * 100, False), (answer_of(LARGE // 3), False), ("x" * LARGE, True),
        (answer_of(LARGE), True), ([0] * LARGE, True), ({str(n): None for n in range(LARGE)}, True),
    ],
)  # fmt: skip
def test_what_would_hold_up_the_loop_is_known_beforehand(value: Any, large: bool) -> None:
    assert is_large(value) is large


def test_large_answers_do_not_stand_in_the_way_of_small_ones(runs: Runs, sink: Sink) -> None:
    def answering(call: Call, number: int) -> Reply:
        return Reply(body=answer_of(3_000_000) if call.path.endswith("big") else {"small": True})

    sink.answering = answering
    made = [runs.start("echo", {"id": "big" if number % 4 == 0 else "small"}) for number in range(12)]
    futures = [loop.start().submit(run.pk) for run in made]
    assert [future.result(60) for future in futures] == ["completed"] * 12
    outputs = [Run.objects.get(pk=run.pk).output for run in made]
    assert [len(output.get("rows", ())) for output in outputs] == [50_000, 0, 0, 0] * 3
