"""Who may write to a run: one worker at a time, by lease and number."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

from django.utils import timezone

from processors.models import Attempt, LogLine, Processor, Run, Step
from processors.runtime import loop
from processors.services import sweeping
from processors.services.processors import pause_processor, resume_processor
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.sink import Reply, Sink


def expired(run: Run) -> None:
    """As if its worker had died."""
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def witness(worker: loop.WorkerLoop) -> loop.WorkerLoop:
    """As if it had seen the database answer for a minute: it may say that another worker is lost."""
    worker._room._contact._since -= 60
    return worker


def test_R10_two_doorbells_at_once_make_one_call(runs: Runs, sink: Sink) -> None:
    run = runs.start()
    futures = [loop.start().submit(run.pk) for _ in range(20)]
    states = [future.result(120) for future in futures]
    assert sorted(str(state) for state in states) == ["None"] * 19 + ["completed"]
    assert len(sink.calls) == 1


def test_R10_two_worker_loops_make_one_call(runs: Runs, sink: Sink) -> None:
    other = loop.WorkerLoop()
    try:
        for _ in range(10):
            run = runs.start()
            futures = [one.submit(run.pk) for one in (loop.start(), other)]
            assert sorted(str(future.result(120)) for future in futures) == ["None", "completed"]
    finally:
        other.stop()
    assert len(sink.calls) == 10


def test_a_run_that_ended_is_not_taken_again(runs: Runs, sink: Sink) -> None:
    run = runs.now()
    assert runs.execute(run).fence == 1
    assert len(sink.calls) == 1


def test_R12_a_late_write_of_a_lost_worker_is_refused(runs: Runs, sink: Sink) -> None:
    held = Event()
    sink.answering = lambda call, number: Reply(body={"worker": number}, hold=held if number == 1 else None)
    run = runs.start()
    first = loop.start().submit(run.pk)
    sink.wait_for_calls(1)
    expired(run)  # its renewal was late
    other = witness(loop.WorkerLoop())
    try:
        assert other.submit(run.pk).result(120) == "completed"
    finally:
        other.stop()
    held.set()
    assert first.result(120) is None
    run.refresh_from_db()
    assert (run.state, run.output, run.fence, run.lost) == ("completed", {"worker": 2}, 2, 1)
    assert [one.state for one in Attempt.objects.filter(run=run).order_by("number")] == ["lost", "completed"]
    assert sink.calls[0].key == sink.calls[1].key
    numbers = list(LogLine.objects.filter(run=run).order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, run.seq + 1))


def test_R15_a_run_whose_workers_keep_dying_is_given_up(runs: Runs, sink: Sink) -> None:
    run = runs.start()
    Run.objects.filter(pk=run.pk).update(state="running", lost=2, fence=3)
    step = Step.objects.create(run=run, tag=run.target, kind="action", state="running", idempotency_key="k", attempts=3)
    Attempt.objects.create(run=run, step=step, number=3, state="running", started_at=timezone.now())
    expired(run)
    witness(loop.start())
    run = runs.execute(run)
    assert (run.state, run.error["code"], run.lost) == ("failed", "worker_lost", 3)
    step.refresh_from_db()
    assert (step.state, Attempt.objects.get(run=run).state, sink.calls) == ("failed", "lost", [])


def test_leases_are_renewed_while_a_call_takes_long(runs: Runs, sink: Sink) -> None:
    held = Event()
    sink.answering = lambda call, number: Reply(hold=held)
    run = runs.start()
    future = loop.start().submit(run.pk)
    sink.wait_for_calls(1)
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() + timedelta(seconds=1))
    room = loop.start()._room
    import asyncio

    asyncio.run_coroutine_threadsafe(room._leases.renew(), loop.start()._loop).result(120)
    run.refresh_from_db()
    assert run.lease_until > timezone.now() + timedelta(seconds=20)
    held.set()
    assert future.result(120) == "completed"


def test_R3_a_worker_that_stops_hands_its_runs_back(runs: Runs, sink: Sink) -> None:
    held = Event()
    sink.answering = lambda call, number: Reply(hold=held if number == 1 else None)
    run = runs.start()
    worker = loop.WorkerLoop()
    future = worker.submit(run.pk)
    sink.wait_for_calls(1)
    worker.drain().result(120)
    assert future.result(120) == "queued"
    worker.stop()
    held.set()
    run.refresh_from_db()
    assert (run.state, run.lost, run.rang_at, run.reason) == (
        "queued", 0, None, "Handed back by a worker that stopped.",
    )  # fmt: skip
    assert runs.execute(run).state == "completed"
    assert sink.calls[0].key == sink.calls[1].key


def test_a_paused_processor_takes_no_run_and_the_run_says_why(people: Cast, runs: Runs, sink: Sink) -> None:
    Processor.objects.create(workspace=people.workspace, tag="default", name="Default")
    before = runs.start()
    admin = people.as_(people.adam)
    pause_processor(admin, "default")
    after = runs.start()
    for run in (before, after):
        run = runs.execute(run)
        assert (run.state, run.reason) == ("queued", "The processor “default” is paused.")
    assert sweeping.ring_again() == 0
    resume_processor(admin, "default")
    assert runs.execute(after).state == "completed"
    assert len(sink.calls) == 1


def test_R5_what_nobody_rang_for_is_rung_again(runs: Runs) -> None:
    rung, lost = runs.start(), runs.start()
    Run.objects.filter(pk=lost.pk).update(rang_at=timezone.now() - timedelta(seconds=16))
    runs.start()
    assert sweeping.ring_again() == 0  # its queue is simply long: three messages are in it
    from processors.live.publish import valkey
    from products import dispatch

    valkey().delete("runs")
    assert dispatch.waiting("runs") == 0
    Run.objects.filter(pk=lost.pk).update(rang_at=timezone.now() - timedelta(seconds=16))
    assert sweeping.ring_again() == 1
    lost.refresh_from_db()
    rung.refresh_from_db()
    assert lost.rang_at > rung.rang_at
