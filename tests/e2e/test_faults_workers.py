"""Workers die, doorbells get lost or doubled: every run still ends, and nothing finished is called again."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections import Counter
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from kombu import Connection

from processors.live.publish import valkey
from processors.models import Attempt, LogLine, Run, Step, Worker
from products import dispatch
from tests.e2e.harness import House, settled, start
from tests.patience import until
from tests.people import Cast
from tests.processors.sink import Call, Reply, Sink

pytestmark = pytest.mark.e2e
pytest_plugins = ("tests.e2e.faults_scene",)


def everything_fits(runs: list[Run], sink: Sink) -> None:
    """What the remote side saw against what is on record: the ledger of every fault test."""
    steps = {step.run_id: step for step in Step.objects.filter(run__in=runs)}
    seen = Counter(call.key for call in sink.calls if call.key)
    for run in runs:
        numbers = list(LogLine.objects.filter(run=run).order_by("seq").values_list("seq", flat=True))
        assert numbers == list(range(1, run.seq + 1)), "the log has a gap"
        if run.pk in steps:
            tries = Attempt.objects.filter(run=run).count()
            assert seen[steps[run.pk].idempotency_key] <= tries, "called more often than is on record"
    assert not set(seen) - {step.idempotency_key for step in steps.values()}, "a call without a run"


def test_a_run_goes_through_a_real_worker(house: House, people: Cast, sink: Sink) -> None:
    house.worker()
    runs = settled([start(people, "echo", {"id": "1", "amount": 2})])
    assert (runs[0].state, runs[0].output) == ("completed", {"ok": True, "number": 1})
    everything_fits(runs, sink)


def test_R1_a_worker_killed_during_the_call(house: House, people: Cast, sink: Sink) -> None:
    held = threading.Event()
    sink.answering = lambda call, number: Reply(body={"call": number}, hold=held if number == 1 else None)
    first = house.worker()
    house.scheduler()
    run = start(people, "echo", {"id": "1"})
    sink.wait_for_calls(1)
    first.kill()
    house.worker()
    runs = settled([run])
    held.set()
    assert (runs[0].state, runs[0].output, runs[0].lost) == ("completed", {"call": 2}, 1)
    assert len(sink.calls) == 2
    assert len({call.key for call in sink.calls}) == 1
    assert [one.state for one in Attempt.objects.filter(run=run).order_by("number")] == ["lost", "completed"]
    everything_fits(runs, sink)


def test_R1_a_worker_killed_after_the_call_before_its_result_is_stored(house: House, people: Cast, sink: Sink) -> None:
    held = threading.Event()
    sink.answering = lambda call, number: Reply(body={"call": number}, hold=held if number == 1 else None)
    first = house.worker()
    house.scheduler()
    run = start(people, "echo", {"id": "1"})
    sink.wait_for_calls(1)
    with transaction.atomic():
        Run.objects.select_for_update().get(pk=run.pk)  # the journal has to wait for this
        held.set()
        until(_waiting_for_locks, what="the journal waits")
        first.kill()
        _end_those_who_wait()
    house.worker()
    runs = settled([run])
    assert (runs[0].state, runs[0].output) == ("completed", {"call": 2})
    assert len({call.key for call in sink.calls}) == 1
    everything_fits(runs, sink)


def test_R1_a_worker_killed_before_the_call(house: House, people: Cast, sink: Sink) -> None:
    run = start(people, "echo", {"id": "1"})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE processors_rundefinition IN ACCESS EXCLUSIVE MODE")  # claimed, it has to wait here
        first = house.worker()
        until(lambda: Run.objects.filter(pk=run.pk, state="running").exists(), what="claimed")
        first.kill()
        _end_those_who_wait()
    assert not sink.calls
    house.scheduler()
    house.worker()
    runs = settled([run])
    assert (runs[0].state, runs[0].lost, len(sink.calls)) == ("completed", 1, 1)
    everything_fits(runs, sink)


WAITING = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def _waiting_for_locks() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {WAITING}")
        return bool(cursor.fetchone()[0])


def _end_those_who_wait() -> None:
    """The server goes on with what a dead client asked for; here it shall not."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_terminate_backend(pid) {WAITING}")
    until(lambda: not _waiting_for_locks(), what="nobody waits")


def test_R2_the_whole_worker_killed_with_fifty_runs_in_flight(house: House, people: Cast, sink: Sink) -> None:
    held = threading.Event()
    early = {f"/echo/{number}" for number in range(10)}  # these are answered before the worker dies
    sink.answering = lambda call, number: Reply(body={"path": call.path}, hold=None if call.path in early else held)
    first = house.worker()
    house.scheduler()
    made = [start(people, "echo", {"id": str(number)}) for number in range(50)]
    sink.wait_for_calls(50)
    until(lambda: Run.objects.filter(state="completed").count() == 10, what="ten have ended")
    first.kill()
    held.set()
    house.worker()
    runs = settled(made)
    assert Counter(run.state for run in runs) == {"completed": 50}
    calls = Counter(call.path for call in sink.calls)
    assert {calls[path] for path in early} == {1}, "a finished step was called again"
    assert max(calls.values()) <= 2
    everything_fits(runs, sink)
    lost = until(lambda: Worker.objects.filter(pid=first.pid).first())
    assert lost.stopped_at is None or lost.stopped_at <= lost.heartbeat_at


def test_R3_a_worker_asked_to_stop_loses_and_fails_nothing(house: House, people: Cast, sink: Sink) -> None:
    held = threading.Event()
    sink.answering = lambda call, number: Reply(hold=held if number <= 20 else None)
    first = house.worker()
    made = [start(people, "echo", {"id": str(number)}) for number in range(20)]
    sink.wait_for_calls(20)
    house.scheduler()
    house.worker()
    first.stop()
    held.set()
    runs = settled(made)
    assert Counter(run.state for run in runs) == {"completed": 20}
    assert {run.lost for run in runs} == {0}
    assert Worker.objects.get(pid=first.pid).stopped_at is not None
    everything_fits(runs, sink)


def test_R5_a_flushed_broker_loses_no_run(house: House, people: Cast, sink: Sink) -> None:
    held = threading.Event()
    sink.answering = lambda call, number: Reply(hold=held if number <= 10 else None)
    house.worker(WORKER_RUNS="30")  # a third of the places is one action's
    running = [start(people, "echo", {"id": str(number)}) for number in range(10)]
    sink.wait_for_calls(10)
    queued = [start(people, "echo", {"id": str(number)}) for number in range(10, 110)]
    valkey().flushdb()  # all that the broker knew; other databases of the server belong to others
    held.set()
    house.scheduler()
    runs = settled(running + queued)
    assert Counter(run.state for run in runs) == {"completed": 110}
    assert max(Counter(call.path for call in sink.calls).values()) == 1
    everything_fits(runs, sink)


def test_R10_a_doorbell_that_rings_twice_is_answered_once(house: House, people: Cast, sink: Sink) -> None:
    house.worker()
    house.worker()
    made = [start(people, "echo", {"id": str(number)}) for number in range(20)]
    for run in made * 3:
        dispatch.ring(dispatch.EXECUTE_RUN, str(run.pk), queue="runs")
    runs = settled(made)
    until(lambda: dispatch.waiting("runs") == 0)
    assert len(sink.calls) == 20
    everything_fits(runs, sink)


def test_R15_a_run_that_kills_its_workers_is_given_up(house: House, people: Cast, sink: Sink) -> None:
    """The queue keeps flowing meanwhile."""
    pids: list[int] = []

    def deadly(call: Call, number: int) -> Reply:
        if call.path.startswith("/get"):
            worker = Worker.objects.filter(pid__in=pids).order_by("-started_at").first()
            connection.close()
            assert worker is not None
            os.killpg(worker.pid, signal.SIGKILL)
            return Reply(drop=True)
        return Reply(body={})

    sink.answering = deadly
    house.scheduler()
    poison = start(people, "get")
    for _ in range(4):
        process = house.worker()
        pids.append(process.pid)
        until(lambda: process.popen.poll() is not None or _ended(poison), what="the worker died")  # noqa: B023
        if _ended(poison):
            break
    healthy = start(people, "echo", {"id": "1"})
    runs = settled([poison, healthy])
    assert (runs[0].state, runs[0].error["code"], runs[0].lost) == ("failed", "worker_lost", 3)
    assert runs[1].state == "completed"
    assert sum(call.path == "/get" for call in sink.calls) == 3
    everything_fits(runs, sink)


def _ended(run: Run) -> bool:
    return Run.objects.filter(pk=run.pk, finished_at__isnull=False).exists()


class Bomb:
    """Touches a file wherever it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (open, (self.path, "w"))


def test_J8_a_pickle_on_the_queue_is_refused(house: House, people: Cast, sink: Sink) -> None:
    process = house.worker()
    path = str(house.folder / "exploded")
    headers = {"task": dispatch.EXECUTE_RUN, "id": "x", "lang": "py", "argsrepr": "", "kwargsrepr": ""}
    with Connection(settings.CELERY_BROKER_URL) as link:
        producer = link.Producer()
        for content_type, encoding in (("application/x-python-serialize", "binary"), ("application/x-yaml", "utf-8")):
            body = (
                pickle.dumps(((Bomb(path),), {}, {}))
                if encoding == "binary"
                else "!!python/object/apply:os.system [id]"
            )
            producer.publish(
                body, routing_key="runs", content_type=content_type, content_encoding=encoding, headers=headers
            )
    runs = settled([start(people)])
    assert runs[0].state == "completed"
    assert not os.path.exists(path)
    until(lambda: "Refusing to deserialize" in process.text() or "ContentDisallowed" in process.text())


def test_J8_a_message_with_anything_but_an_id_is_dropped(house: House, people: Cast) -> None:
    process = house.worker()
    for junk in ("nonsense", "../../etc/passwd", "0" * 10_000):
        dispatch.ring(dispatch.EXECUTE_RUN, junk, queue="runs")
    dispatch.ring(dispatch.EXECUTE_RUN, queue="runs")
    dispatch.ring(dispatch.EXECUTE_RUN, "01999999-0000-7000-8000-000000000000", queue="runs")  # of a lost backup
    assert settled([start(people)])[0].state == "completed"
    until(lambda: process.text().count("doorbell_dropped") == 5, what="five dropped doorbells")
    assert "Traceback" not in process.text()
