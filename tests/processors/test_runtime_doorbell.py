"""Doorbells: many runs in one message, a broker that is away, messages that are worth nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery, current_app
from django.conf import settings
from django.utils import timezone

from ductape_site.celery import TRANSPORT
from processors.live.publish import valkey
from processors.models import IdempotencyRecord, Run, RunDefinition
from processors.runtime import loop
from processors.services import run_rows, starting, sweeping
from processors.services.runs import RunRequest, start_many
from processors.tasks.runs import execute_run
from products import dispatch
from products.models import new_id
from tests.patience import until
from tests.processors.conftest import Runs
from tests.processors.sink import Sink


class Hangup:
    """Something at the broker's address that hangs up on everybody, and counts them."""

    def __init__(self) -> None:
        self.callers = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self.callers += 1
            caller.close()


@pytest.fixture
def hangup(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hangup]:
    """The broker is broken."""
    made = Hangup()
    monkeypatch.setenv("CELERY_BROKER_URL", made.url)  # which Celery prefers to everything
    app = Celery("away", set_as_current=False)
    app.conf.update(broker_transport_options=TRANSPORT, broker_connection_timeout=2)
    monkeypatch.setattr(dispatch, "current_app", app)
    monkeypatch.setattr(dispatch, "broker", dispatch.Broker())
    yield made
    made.close()


def test_R6_a_broker_that_is_away_is_asked_once_and_then_left_alone(runs: Runs, sink: Sink, hangup: Hangup) -> None:
    first = runs.start()
    asked = hangup.callers
    assert asked >= 1
    assert dispatch.broker.seems_away
    others = [runs.start() for _ in range(20)]
    assert not dispatch.ring(dispatch.EXECUTE_RUN, str(first.pk), queue="runs")
    assert dispatch.waiting("runs") == 0
    Run.objects.update(rang_at=None)
    assert sweeping.ring_again() == 0
    assert hangup.callers == asked
    assert Run.objects.filter(rang_at=None).count() == 21  # nobody believes that they were rung for
    assert {run.state for run in (first, *others)} == {"queued"}


def test_R6_a_broker_that_is_back_is_noticed(runs: Runs, hangup: Hangup, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.start()
    monkeypatch.setattr(dispatch, "current_app", current_app)
    monkeypatch.setenv("CELERY_BROKER_URL", settings.CELERY_BROKER_URL)
    valkey().delete("runs")
    Run.objects.filter(pk=run.pk).update(rang_at=None)
    assert sweeping.ring_again() == 0
    dispatch.broker._again_at = 0.0  # its seconds have passed
    assert sweeping.ring_again() == 1
    assert not dispatch.broker.seems_away


def test_many_runs_are_announced_by_a_few_messages_and_taken_from_one(runs: Runs, sink: Sink) -> None:
    valkey().delete("runs")
    started = start_many(runs.actor, RunRequest("shop", "dev", "api", "get", {}), [({}, "")] * 250)
    assert dispatch.waiting("runs") == 3
    ids = [str(one.run.pk) for one in started]
    execute_run(*ids)
    until(lambda: Run.objects.filter(state="completed").count() == 250, what="all have ended")
    assert len(sink.calls) == 250
    execute_run(*ids)  # once more
    assert len(sink.calls) == 250


def test_J8_what_is_no_id_is_dropped_and_the_others_are_taken(runs: Runs, sink: Sink) -> None:
    run = runs.start()
    execute_run("nonsense", str(run.pk), {"a": 1}, None, str(new_id()))
    until(lambda: Run.objects.filter(state="completed").exists(), what="the run has ended")
    execute_run()
    execute_run(*["0" * 10_000] * 2_000)
    assert len(sink.calls) == 1


def test_R8_a_worker_whose_database_is_away_raises_nothing_at_celery(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.start()
    worker = loop.start()

    async def away(_: object) -> None:
        raise RuntimeError("anything")

    monkeypatch.setattr(worker._room.intake._claims, "take", away)
    execute_run(str(run.pk))
    run.refresh_from_db()
    assert run.state == "queued"


# Starting -----------------------------------------------------------------------------------------------------------


def test_R27_a_definition_that_a_restored_backup_does_not_have_is_written_again(runs: Runs, sink: Sink) -> None:
    assert runs.now().state == "completed"
    RunDefinition.objects.all()._raw_delete("default")
    loop.stop()
    run = runs.now(idempotency_key="after")
    assert (run.state, len(sink.calls)) == ("completed", 2), run.error
    RunDefinition.objects.all()._raw_delete("default")
    started = start_many(runs.actor, RunRequest("shop", "dev", "api", "get", {}), [({}, "a"), ({}, "after")])
    assert [one.created for one in started] == [True, False]
    assert RunDefinition.objects.count() == 1


def test_R9_a_key_whose_run_is_gone_is_free(runs: Runs) -> None:
    first = runs.start(idempotency_key="k")
    Run.objects.filter(pk=first.pk)._raw_delete("default")
    again = runs.start(idempotency_key="k")
    assert again.pk != first.pk
    assert runs.start(idempotency_key="k").pk == again.pk


def test_R9_a_key_that_is_forgotten_between_two_looks(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    first = runs.start(idempotency_key="k")
    real = run_rows.insert

    def insert(*arguments: Any, **options: Any) -> Any:
        made = real(*arguments, **options)
        if not made:
            IdempotencyRecord.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
            sweeping.tidy()
        return made

    monkeypatch.setattr(starting.run_rows, "insert", insert)
    again = runs.start(idempotency_key="k")
    assert again.pk != first.pk
    assert Run.objects.count() == 2
