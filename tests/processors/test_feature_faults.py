"""Runs of features whose database is away or undoes what they write, and whose workers are late, doubled or stopped."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping, Sized
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction

from processors.live.publish import valkey
from processors.models import Attempt, Run, Step
from processors.runtime import claims, database, journal, loop
from processors.runtime.engine_room import EngineRoom
from processors.services import runs as run_services
from processors.services import signals
from processors.services.sweeping import ring_again
from products import dispatch
from tests.patience import until
from tests.processors.feature_runs import FeatureRuns, chain, states
from tests.processors.sink import Call, Reply, Sink
from tests.processors.test_runtime_claims import expired, witness
from tests.processors.test_runtime_faults import DONE, UNDONE
from tests.processors.wide_feature import logs_have_no_gap, make_wide, marker_of, markers, named, whole

pytestmark = pytest.mark.django_db(transaction=True)
UNDOING = ["40P01", "40001", "57014"]  # deadlock, serialisation, statement_timeout
DISK_FULL = "53100"


def settled(run: Run) -> Run:
    """The run once it has ended, whoever of this process carries it; what nobody rang for is rung."""

    def look() -> bool:
        run.refresh_from_db()
        if not run.ended:
            loop.start().submit(run.pk)
        for kid in Run.objects.filter(parent_id=run.pk, state="queued"):
            loop.start().submit(kid.pk)
        return run.ended

    until(look, what="the run has ended")
    return run


def held_at(sink: Sink, *names: str) -> threading.Event:
    """The remote side answers the first call of each of these steps when the event is set, all else at once."""
    held, seen = threading.Event(), set[str]()

    def answer(call: Call, number: int) -> Reply:
        marker = marker_of(call)
        is_first = marker in names and marker not in seen
        seen.add(marker)
        return Reply(body={"number": number}, hold=held if is_first else None)

    sink.answering = answer
    return held


# The database --------------------------------------------------------------------------------------------------------


@contextmanager
def spoiled(patch: pytest.MonkeyPatch, seed: int, *, is_heard: bool) -> Iterator[list[str]]:
    """Of all statements of the runtime about a third fail: made and not heard, or not made. At most forty."""
    chance, failed, real = random.Random(seed), list[str](), database.once

    async def once(pool: database.Pool, asked: str, values: Mapping[str, Any], **more: Any) -> list[database.Row]:
        is_bad = len(failed) < 40 and chance.random() < 0.35
        rows = [] if is_bad and is_heard else await real(pool, asked, values, **more)
        if is_bad:
            failed.append(asked[:60])
            raise psycopg.OperationalError("away")
        return rows

    with patch.context() as inner:
        for module in (database, journal, claims):
            inner.setattr(module, "once", once)
        inner.setattr(database, "FIRST_WAIT_S", 0.01)
        yield failed


def settles_whole(features: FeatureRuns, sink: Sink, spoiling: AbstractContextManager[Sized]) -> None:
    """The wide feature settles while statements are spoiled, some of which have been, and all is there once."""
    make_wide(features)
    run = features.start("wide")
    loop.start()
    with spoiling as failed:
        settled(run)
    assert failed
    whole(run, sink)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_R8_a_database_that_comes_and_goes_burns_no_try_of_any_step(
    features: FeatureRuns, sink: Sink, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    settles_whole(features, sink, spoiled(monkeypatch, seed, is_heard=True))


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_R9_a_commit_that_was_not_heard_makes_no_step_no_child_and_no_line_twice(
    features: FeatureRuns, sink: Sink, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    settles_whole(features, sink, spoiled(monkeypatch, seed, is_heard=False))


@contextmanager
def undoing(table: str, happens: str, code: str, *, times: int = 3) -> Iterator[None]:
    """The first writes of the table are undone by PostgreSQL itself."""
    with connection.cursor() as cursor:
        cursor.execute(UNDONE.format(times=times, code=code, table=table, event=happens))
    try:
        yield
        with connection.cursor() as cursor:
            cursor.execute("SELECT last_value FROM undone_times")
            assert cursor.fetchone()[0] > times, "nothing was undone"
    finally:
        with connection.cursor() as cursor:
            cursor.execute(DONE.format(table=table))


@pytest.mark.parametrize("code", [*UNDOING, DISK_FULL])
@pytest.mark.parametrize(
    ("table", "happens"),
    [
        ("processors_step", "INSERT"), ("processors_step", "UPDATE"), ("processors_attempt", "INSERT"),
        ("processors_attempt", "UPDATE"), ("processors_logline", "INSERT"), ("processors_measuredelta", "INSERT"),
        ("processors_run", "INSERT"), ("processors_runinput", "INSERT"), ("processors_run", "UPDATE"),
    ],
)  # fmt: skip
def test_R28_R21_every_write_of_branches_a_loop_and_a_child_that_is_undone_is_made_again(
    features: FeatureRuns, sink: Sink, code: str, table: str, happens: str
) -> None:
    make_wide(features)
    run = features.start("wide")
    with undoing(table, happens, code):
        settled(run)
    whole(run, sink)


@pytest.mark.parametrize("code", UNDOING)
def test_R28_a_signal_whose_use_is_undone_is_used_once(features: FeatureRuns, sink: Sink, code: str) -> None:
    wait = {"tag": "ask", "type": "wait_signal", "event": "go"}
    features.make("order", chain(named("a"), wait, named("b"), output="$Step{ask}"))
    run = features.now("order")
    with undoing("processors_runsignal", "UPDATE", code):
        signals.send_signal(features.actor, run, "go", {"n": 1})
        settled(run)
    assert (run.state, run.output, markers(sink)) == ("completed", {"n": 1}, ["a", "b"]), run.error
    logs_have_no_gap(run)


def test_R28_a_bystander_who_holds_parent_and_child_keeps_neither_from_ending(
    features: FeatureRuns, sink: Sink
) -> None:
    make_wide(features)
    held = held_at(sink, "k2", "c")
    run = features.start("wide")
    loop.start().submit(run.pk)
    until(lambda: {"k2", "c"} <= set(markers(sink)), what="both are in flight")
    kid = Run.objects.get(parent_id=run.pk)
    with transaction.atomic():
        list(Run.objects.select_for_update().filter(pk__in=[kid.pk, run.pk]).order_by("-pk"))
        held.set()
        until(_somebody_waits, what="a journal waits")
    settled(run)
    whole(run, sink)


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


# The workers ---------------------------------------------------------------------------------------------------------


def test_R10_R13_many_doorbells_for_two_workers_make_each_call_once(features: FeatureRuns, sink: Sink) -> None:
    make_wide(features)
    nap = {"tag": "nap", "type": "sleep", "input": "100ms"}
    features.make("sleeper", chain(named("s1"), nap, named("s2")))
    other = loop.WorkerLoop()
    try:
        run, sleeper = features.start("wide"), features.start("sleeper")
        for _ in range(20):
            for worker in (loop.start(), other):
                worker.submit(run.pk)
                worker.submit(sleeper.pk)
        until(lambda: not Run.objects.filter(finished_at=None).exists(), what="all have ended")
    finally:
        other.stop()
    seen = markers(sink)
    assert (seen.count("s1"), seen.count("s2")) == (1, 1)
    sink.calls[:] = [call for call in sink.calls if not marker_of(call).startswith("s")]
    whole(run, sink)


def test_R12_a_worker_that_lost_a_run_in_its_branches_writes_nothing_more(features: FeatureRuns, sink: Sink) -> None:
    make_wide(features)
    held = held_at(sink, "item-1", "item-2", "d")
    run = features.start("wide")
    first = loop.start().submit(run.pk)
    until(lambda: {"item-1", "item-2", "d"} <= set(markers(sink)), what="three calls in flight")
    expired(run)
    other = witness(loop.WorkerLoop())
    try:
        other.submit(run.pk).result(120)

        def ended() -> bool:
            other.submit(run.pk)
            run.refresh_from_db()
            return run.ended

        until(ended, what="the second has ended it")
    finally:
        other.stop()
    before = (run.seq, run.fence, len(sink.calls))
    held.set()
    assert first.result(120) is None
    run.refresh_from_db()
    assert (run.seq, run.fence, len(sink.calls)) == before
    whole(run, sink, again=3, lost=True)
    lost = Attempt.objects.filter(run=run, state="lost")
    assert {Step.objects.get(pk=one.step_id).tag for one in lost} <= {"left/each", "right/d"}


def test_R3_a_worker_that_stops_amid_branches_hands_its_runs_back_and_nothing_is_lost(
    features: FeatureRuns, sink: Sink
) -> None:
    make_wide(features)
    held = held_at(sink, "item-2", "d", "k1")
    made = [features.start("wide")]
    worker = loop.WorkerLoop()
    worker.submit(made[0].pk)
    until(lambda: {"item-2", "d", "k1"} <= set(markers(sink)), what="three calls in flight")
    worker.drain().result(120)
    worker.stop()
    held.set()
    rows = Run.objects.all()
    assert {(row.state, row.lost) for row in rows} == {("queued", 0)}
    settled(made[0])
    whole(made[0], sink, again=4, lost=True)
    assert {row.lost for row in Run.objects.all()} == {0}


def test_R5_R6_children_and_parents_whose_doorbells_get_lost_are_rung_for_again(
    features: FeatureRuns, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wide(features)
    rung: list[str] = []
    monkeypatch.setattr(EngineRoom, "_offer", lambda self, run_ids: None)

    def ring(run_ids: list[str], *, queue: str) -> int:
        rung.extend(run_ids)
        return len(run_ids)

    monkeypatch.setattr(dispatch, "ring_for_runs", ring)
    run = features.now("wide")
    assert run.state == "waiting"
    kid = Run.objects.get(parent_id=run.pk)
    assert kid.state == "queued"
    valkey().delete("runs")  # the messages too
    for _ in range(20):
        Run.objects.filter(finished_at=None).update(rang_at=None)
        ring_again()
        for run_id in rung:
            loop.start().submit(UUID(run_id)).result(120)
        rung.clear()
        run.refresh_from_db()
        if run.ended:
            break
    whole(run, sink)


@contextmanager
def lost_workers(run: Run, sink: Sink, *names: str) -> Iterator[None]:
    """One worker after the other takes the run, and is not heard of any more once it calls the step of that name."""
    workers, carried = [], []
    try:
        for number, name in enumerate(names, start=1):
            wanted = names[:number].count(name)
            workers.append(witness(loop.WorkerLoop()))
            carried.append(workers[-1].submit(run.pk))
            until(lambda: markers(sink).count(name) >= wanted, what="it is in flight")  # noqa: B023
            expired(run)
        yield
        assert [one.result(120) for one in carried] == [None] * len(names), "what they wrote late was refused"
    finally:
        for worker in workers:
            worker.stop()


def test_R15_a_step_that_loses_its_workers_is_given_up_and_what_was_done_is_taken_back(
    features: FeatureRuns, sink: Sink
) -> None:
    features.make("order", chain(named("a"), named("each", "item-$Item", for_each=[1, 2, 3]), named("b")))
    held = threading.Event()
    sink.answering = _always_held("item-2", held)
    run = features.start("order")
    with lost_workers(run, sink, "item-2", "item-2", "item-2"):
        witness(loop.start())
        settled(run)
        held.set()
    run.refresh_from_db()
    assert (run.state, run.error["code"]) == ("rolled_back", "worker_lost")
    assert markers(sink) == ["a", "item-1", *["item-2"] * 3, "undo-item-1", "undo-a"]
    assert run.error["details"]["rollback"]["unknown"] == ["main/each"]
    assert Attempt.objects.filter(run=run, state="lost").count() == 3
    logs_have_no_gap(run)


def test_R15_a_run_that_moves_on_is_not_given_up_however_many_workers_it_has_lost(
    features: FeatureRuns, sink: Sink
) -> None:
    items = [1, 2, 3, 4]
    features.make("order", chain(named("a"), named("each", "item-$Item", for_each=items), named("b")))
    names = [f"item-{number}" for number in items]
    held = held_at(sink, *names)
    run = features.start("order")
    with lost_workers(run, sink, *names):
        witness(loop.start())
        settled(run)
        held.set()
    run.refresh_from_db()
    assert run.state == "completed", run.error
    assert markers(sink) == ["a", *(name for name in names for _ in range(2)), "b"]
    logs_have_no_gap(run)


def _always_held(name: str, held: threading.Event) -> Any:
    return lambda call, number: Reply(body={}, hold=held if marker_of(call) == name else None)


@pytest.mark.parametrize("at", ["a", "item-2", "c", "d", "k2", "join", "e"])
def test_R18_cancelled_during_any_call_of_branches_a_loop_or_a_child_everything_is_taken_back(
    features: FeatureRuns, sink: Sink, at: str
) -> None:
    make_wide(features)
    held = held_at(sink, at)
    run = features.start("wide")
    loop.start().submit(run.pk)
    until(lambda: at in markers(sink), what="the call is in flight")
    run_services.cancel_run(features.actor, run)
    settled(run)
    held.set()
    until(lambda: not Run.objects.filter(finished_at=None).exists(), what="the child has ended too")
    assert run.state == "cancelled"
    shown = markers(sink)
    forward = [one for one in shown if not one.startswith("undo-")]
    assert len(forward) == len(set(forward))
    after = shown[shown.index(at) + 1 :]
    beside = {one for one in after if not one.startswith("undo-")}
    assert beside <= {"item-1", "item-2", "item-3", "c", "d", "k1", "k2"}, "only what was in flight beside it"
    rows = Step.objects.filter(run=run, kind="action").exclude(tag__endswith="~undo").exclude(tag="left/each", index=0)
    assert {row.state for row in rows} <= {"rolled_back", "failed"}, states(run)
    kid = Run.objects.filter(parent_id=run.pk).first()
    if kid is not None and kid.state != "completed":
        assert kid.state == "cancelled"
    calls = len(sink.calls)
    with pytest.raises(Exception, match="ended"):
        run_services.cancel_run(features.actor, run)
    assert len(sink.calls) == calls
    logs_have_no_gap(*Run.objects.all())


def test_R22_an_answer_that_never_comes_in_one_branch_ends_in_its_time_and_the_others_are_taken_back(
    features: FeatureRuns, sink: Sink
) -> None:
    slow = named("slow", timeout="300ms")
    features.make("order", {
        "sequences": [
            {"tag": "left", "events": [slow, named("never")]},
            {"tag": "right", "events": [named("each", "item-$Item", for_each=[1, 2])]},
        ]
    })  # fmt: skip
    held = threading.Event()
    sink.answering = _always_held("slow", held)
    run = features.now("order")
    held.set()
    settled(run)
    assert (run.state, run.error["code"]) == ("rolled_back", "deadline_exceeded")
    assert sorted(markers(sink)) == ["item-1", "item-2", "slow", "undo-item-1", "undo-item-2"]
    assert run.error["details"]["rollback"]["unknown"] == ["left/slow"]


def test_R25_a_branch_and_a_child_that_are_answered_in_the_same_moment_are_joined_once(
    features: FeatureRuns, sink: Sink
) -> None:
    make_wide(features)
    made = []
    for _ in range(5):
        held = held_at(sink, "c", "d", "k2")
        sink.calls.clear()
        run = features.start("wide")
        loop.start().submit(run.pk)
        until(lambda: {"c", "d", "k2"} <= set(markers(sink)), what="all three are in flight")
        held.set()
        settled(run)
        whole(run, sink)
        made.append(run.pk)
    assert len(set(made)) == 5


def test_R17_a_slow_feature_leaves_room_for_others(features: FeatureRuns, sink: Sink) -> None:
    features.make("slow", chain(named("slow")))
    features.make("quick", chain(named("quick")))
    held = threading.Event()
    sink.answering = _always_held("slow", held)
    slow = [features.start("slow") for _ in range(200)]
    for run in slow:
        loop.start().submit(run.pk)
    sink.wait_for_calls(1)
    assert features.now("quick").state == "completed"
    held.set()
    for run in slow:
        settled(run)
    assert Run.objects.filter(target="slow", state="completed").count() == 200


def test_R16_a_branch_that_was_told_to_come_later_is_not_tried_earlier_because_another_one_woke_the_run(
    features: FeatureRuns, sink: Sink
) -> None:
    wait = {"tag": "ask", "type": "wait_signal", "event": "go"}
    features.make("order", {
        "sequences": [
            {"tag": "left", "events": [named("busy", retries=2), named("after")]},
            {"tag": "right", "events": [wait, named("b")]},
        ]
    })  # fmt: skip
    later = Reply(429, {}, {"Retry-After": "1800"})
    sink.answering = lambda call, number: later if number == 1 else Reply(body={})
    run = features.now("order")
    due = run.wake_at
    assert (run.state, due is None) == ("waiting", False)
    signals.send_signal(features.actor, run, "go", {})

    def woken() -> bool:
        features.execute(run)
        return markers(sink)[1:] == ["b"] and run.state == "waiting"

    until(woken, what="the other branch has ended")
    for _ in range(3):
        features.execute(run)
    assert (run.wake_at, markers(sink)) == (due, ["busy", "b"])
    assert states(run) == {"left/busy": "waiting", "right/ask": "completed", "right/b": "completed"}
    Step.objects.filter(run=run, tag="left/busy").update(wake_at=run.created_at)
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)
    settled(run)
    assert (run.state, markers(sink)) == ("completed", ["busy", "b", "busy", "after"])
    logs_have_no_gap(run)
