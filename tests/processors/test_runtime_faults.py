"""The database goes away, answers late or holds a run fast: nothing is counted as lost, made twice or half written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from threading import Event
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from processors.models import Attempt, LogLine, Run, Step
from processors.runtime import claims, database, journal, loop, statements
from processors.runtime.claim_statements import CLAIM
from processors.runtime.contact import Contact
from processors.services import runs as run_services
from tests.patience import until
from tests.processors.conftest import Runs
from tests.processors.sink import Reply, Sink
from tests.processors.test_runtime_claims import expired, witness


def in_the_loop(worker: loop.WorkerLoop, work: Any) -> Any:
    """What the coroutine gives, in the worker's own loop."""
    return asyncio.run_coroutine_threadsafe(work, worker._loop).result(120)


def complete(run: Run) -> None:
    """Completed by one step and one try, with a log without a gap."""
    run.refresh_from_db()
    assert (run.state, run.lost, run.fence) == ("completed", 0, 1), run.error
    assert [one.state for one in Step.objects.filter(run=run)] == ["completed"]
    assert [one.state for one in Attempt.objects.filter(run=run)] == ["completed"]
    numbers = list(LogLine.objects.filter(run=run).order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, run.seq + 1))


# The database was away --------------------------------------------------------------------------------------------


def test_R8_only_a_witness_of_a_whole_lease_says_that_a_worker_is_lost(runs: Runs, sink: Sink) -> None:
    held = Event()
    sink.answering = lambda call, number: Reply(hold=held)
    run = runs.start()
    holder = loop.start()
    first = holder.submit(run.pk)
    sink.wait_for_calls(1)
    expired(run)  # the database was away for longer than the lease
    assert witness(holder).submit(run.pk).result(120) is None  # in its own hands
    other = loop.WorkerLoop()
    try:
        assert other.submit(run.pk).result(120) is None  # has seen nothing yet
        in_the_loop(holder, holder._room._leases.renew())
        assert witness(other).submit(run.pk).result(120) is None  # and now the holder has renewed
    finally:
        other.stop()
        held.set()
    assert first.result(120) == "completed"
    complete(run)
    assert len(sink.calls) == 1


def test_R8_a_gap_between_two_answers_begins_the_witness_anew() -> None:
    now = [0.0]
    contact = Contact(gap_s=10, clock=lambda: now[0])
    for _ in range(8):
        now[0] += 5
        contact.felt()
    assert contact.unbroken_s == 40
    now[0] += 11  # nothing was heard
    assert contact.unbroken_s == 0
    contact.felt()
    assert contact.unbroken_s == 0
    now[0] += 9
    contact.felt()
    assert contact.unbroken_s == 9


def test_R8_a_failed_renewal_is_made_again_soon(runs: Runs, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    from processors.runtime import leases

    held = Event()
    sink.answering = lambda call, number: Reply(hold=held)
    run = runs.start()
    worker = loop.start()
    first = worker.submit(run.pk)
    sink.wait_for_calls(1)

    async def away(*_: object) -> None:
        raise psycopg.OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(leases, "fetch", away)
        assert 0 < in_the_loop(worker, worker._room._renew()) <= 1
    assert in_the_loop(worker, worker._room._renew()) is None
    held.set()
    assert first.result(120) == "completed"
    complete(run)


def test_R22_a_database_that_never_answers_is_hung_up_on(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = loop.start()
    pool = worker._room._pool
    monkeypatch.setattr(database, "ANSWER_S", 0.2)
    with pytest.raises(psycopg.OperationalError):
        in_the_loop(worker, database.once(pool, "SELECT pg_sleep(5)", {}))
    monkeypatch.setattr(database, "ANSWER_S", 30)
    assert in_the_loop(worker, database.once(pool, "SELECT 1 AS one", {})) == [{"one": 1}]


@contextmanager
def unheard(patch: pytest.MonkeyPatch, module: Any, statement: str, *, times: int = 1) -> Iterator[list[str]]:
    """The statement is committed, its answer gets lost: so many times."""
    lost: list[str] = []

    async def once(pool: database.Pool, asked: str, values: Mapping[str, Any], **more: Any) -> list[database.Row]:
        rows = await database.once(pool, asked, values, **more)
        if asked.startswith(statement) and len(lost) < times:
            lost.append(asked)
            raise psycopg.OperationalError("the connection was lost")
        return rows

    with patch.context() as inner:
        inner.setattr(module, "once", once)
        yield lost


@pytest.mark.parametrize("times", [1, 3])
def test_R9_a_claim_that_was_not_heard_is_gone_on_with(
    runs: Runs, sink: Sink, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    made = [runs.start() for _ in range(3)]
    with unheard(monkeypatch, claims, CLAIM, times=times) as lost:
        worker = loop.start()
        futures = [worker.submit(run.pk) for run in made]
        assert [future.result(120) for future in futures] == ["completed"] * 3
    assert len(lost) == times
    for run in made:
        complete(run)
    assert len(sink.calls) == 3


def test_R9_a_claim_of_a_cancelled_run_that_was_not_heard(
    runs: Runs, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.utils import timezone

    run = runs.start()
    Run.objects.filter(pk=run.pk).update(cancel_requested_at=timezone.now())
    with unheard(monkeypatch, claims, CLAIM):
        run = runs.execute(run)
    assert (run.state, run.fence, sink.calls) == ("cancelled", 1, [])


def test_R9_a_result_whose_commit_was_not_heard_is_not_written_twice(
    runs: Runs, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.start()
    with unheard(monkeypatch, journal, statements.JOURNAL, times=2) as lost:
        runs.execute(run)
    assert len(lost) == 2
    complete(run)
    assert len(sink.calls) == 1


def test_R11_a_doorbell_that_comes_again_during_the_run_is_dropped(runs: Runs, sink: Sink) -> None:
    held = Event()
    sink.answering = lambda call, number: Reply(hold=held)
    run = runs.start()
    worker, other = loop.start(), witness(loop.WorkerLoop())
    first = worker.submit(run.pk)
    sink.wait_for_calls(1)
    try:
        assert [one.ring([run.pk]).result(120) for one in (worker, other, worker)] == [0, 0, 0]
    finally:
        other.stop()
        held.set()
    assert first.result(120) == "completed"
    complete(run)
    assert len(sink.calls) == 1


# Somebody else holds rows --------------------------------------------------------------------------------------------


def others_wait() -> bool:
    """Whether some connection of this database waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_R28_a_run_that_somebody_holds_fast_keeps_no_other_from_being_claimed(runs: Runs, sink: Sink) -> None:
    stuck, *others = [runs.start() for _ in range(4)]
    worker = loop.start()
    with transaction.atomic():
        Run.objects.select_for_update().get(pk=stuck.pk)
        worker.ring([stuck.pk, *(run.pk for run in others)]).result(120)
        until(lambda: Run.objects.filter(state="completed").count() == 3, what="the others have ended")
    for run in others:
        complete(run)
    runs.execute(stuck)  # the next doorbell
    complete(stuck)


def test_R28_a_run_that_somebody_holds_fast_keeps_no_other_from_being_written(runs: Runs, sink: Sink) -> None:
    held = Event()
    sink.answering = lambda call, number: Reply(hold=held)
    stuck, *others = [runs.start() for _ in range(4)]
    worker = loop.start()
    worker.ring([stuck.pk, *(run.pk for run in others)]).result(120)
    sink.wait_for_calls(4)
    with transaction.atomic():
        Run.objects.select_for_update().get(pk=stuck.pk)
        held.set()
        until(lambda: Run.objects.filter(state="completed").count() == 3, what="the others have ended")
        assert len(worker._room._leases) == 1
    until(lambda: len(worker._room._leases) == 0, what="the last one is written")
    for run in (stuck, *others):
        complete(run)
    assert len(sink.calls) == 4


def test_R28_a_deadlock_with_a_bystander_is_tried_again(runs: Runs, sink: Sink) -> None:
    held = Event()
    sink.answering = lambda call, number: Reply(hold=held)
    made = sorted((runs.start() for _ in range(2)), key=lambda run: run.pk)
    worker = loop.start()
    worker.ring([run.pk for run in made]).result(120)
    sink.wait_for_calls(2)
    until(lambda: all(LogLine.objects.filter(run=run).count() == 2 for run in made), what="what was said is stored")

    def bystander() -> None:
        """Takes the two in the other order."""
        with closing(connection), suppress(OperationalError), transaction.atomic():  # one of the two gives way
            Run.objects.select_for_update().get(pk=made[1].pk)
            held.set()
            until(others_wait, what="the journal waits")
            Run.objects.filter(pk=made[0].pk).update(reason="touched")

    thread = threading.Thread(target=bystander)
    thread.start()
    thread.join(120)
    until(lambda: len(worker._room._leases) == 0, what="both are written")
    for run in made:
        complete(run)
    assert len(sink.calls) == 2


UNDONE = """
CREATE FUNCTION undone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('undone_times') <= {times} THEN RAISE EXCEPTION 'undone' USING ERRCODE = '{code}'; END IF;
    RETURN NEW;
END $$;
CREATE SEQUENCE undone_times;
CREATE TRIGGER undone BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION undone();
"""
DONE = "DROP TRIGGER undone ON {table}; DROP SEQUENCE undone_times; DROP FUNCTION undone();"


@pytest.mark.parametrize("code", ["40P01", "40001", "57014"])  # deadlock, serialisation, statement_timeout
@pytest.mark.parametrize(
    ("table", "event"),
    [("processors_attempt", "INSERT"), ("processors_attempt", "UPDATE"), ("processors_measuredelta", "INSERT")],
)
def test_R28_every_write_of_a_run_that_is_undone_is_made_again(
    runs: Runs, sink: Sink, code: str, table: str, event: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(UNDONE.format(times=2, code=code, table=table, event=event))
    try:
        run = runs.now()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(DONE.format(table=table))
    complete(run)
    assert len(sink.calls) == 1


def test_R28_a_run_that_is_cancelled_is_closed_whole_or_not_at_all(runs: Runs, sink: Sink) -> None:
    held = Event()
    sink.answering = lambda call, number: Reply(hold=held)
    run = runs.start()
    worker = loop.start()
    first = worker.submit(run.pk)
    sink.wait_for_calls(1)
    with connection.cursor() as cursor:
        cursor.execute(UNDONE.format(times=10_000, code="40001", table="processors_measuredelta", event="INSERT"))
    try:
        run_services.cancel_run(runs.actor, run)
        until(lambda: Run.objects.get(pk=run.pk).cancel_requested_at is not None)
        with connection.cursor() as cursor:
            until(lambda: _tried(cursor) >= 3, what="three tries to end it")
        states = Run.objects.get(pk=run.pk).state, Step.objects.get(run=run).state, Attempt.objects.get(run=run).state
        assert states == ("running", "running", "running")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(DONE.format(table="processors_measuredelta"))
    assert first.result(120) == "cancelled"
    held.set()
    states = Run.objects.get(pk=run.pk).state, Step.objects.get(run=run).state, Attempt.objects.get(run=run).state
    assert states == ("cancelled", "failed", "failed")


def _tried(cursor: Any) -> int:
    cursor.execute("SELECT last_value FROM undone_times")
    return int(cursor.fetchone()[0])
