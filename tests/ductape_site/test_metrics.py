"""Figures for Prometheus: only for whom the token was given to, with labels that no caller can choose."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client, override_settings
from django.utils import timezone
from prometheus_client import REGISTRY, parser

from ductape_site import worker_metrics
from ductape_site.embedded.ports import choose
from ductape_site.metrics import MetricsPage
from processors.engine.events import AttemptEnded, RunEnded, Said
from processors.engine.states import AttemptState, RunState
from processors.engine.step import Exchange
from processors.live.presence import scheduler_lives
from processors.models import Run, Worker
from processors.queries.figures import figures
from processors.runtime import meters
from tests.objects import environment, product
from tests.people import Cast

TOKEN = "a-token-for-scrapers"


async def site(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def ask(authorization: str = "") -> tuple[int, str]:
    sent: list[Mapping[str, Any]] = []

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"authorization", authorization.encode())] if authorization else []
    await MetricsPage(site)({"type": "http", "path": "/metrics", "headers": headers}, None, send)  # type: ignore[arg-type]
    return sent[0]["status"], sent[1]["body"].decode()


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_without_a_token_of_its_own_there_is_no_page() -> None:
    with override_settings(METRICS_TOKEN=""):
        assert (await ask("Bearer "))[0] == 418


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Basic a-token-for-scrapers", "Bearer ä"])
async def test_another_token_is_refused(given: str) -> None:
    with override_settings(METRICS_TOKEN=TOKEN):
        status, body = await ask(given)
    assert status == 401
    assert "ductape_" not in body


@pytest.mark.django_db(transaction=True)
async def test_the_token_opens_it_and_prometheus_can_read_it() -> None:
    with override_settings(METRICS_TOKEN=TOKEN):
        status, body = await ask(f"Bearer {TOKEN}")
    found = samples(body)
    assert status == 200
    assert found["ductape_database_up", ()] == 1
    assert ("ductape_workers", (("state", "live"),)) in found
    assert "ductape_scheduler_silent_seconds" in body


def make_run(cast: Cast, **fields: Any) -> Run:
    acme = cast.as_(cast.dev).workspace
    return Run.objects.create(
        workspace=acme, product=product(acme), environment=environment(acme), kind="action",
        target="a:b", definition_id="0" * 64, trigger="rest", **fields,
    )  # fmt: skip


@pytest.mark.django_db
def test_queues_are_counted_from_the_rows_of_runs(cast: Cast) -> None:
    now = timezone.now()
    old = make_run(cast, state="queued")
    Run.objects.filter(pk=old.pk).update(created_at=now - timedelta(seconds=90))
    make_run(cast, state="queued", wake_at=now + timedelta(hours=1))
    make_run(cast, state="running")
    make_run(cast, state="completed")
    (queue,) = figures().queues
    assert (queue.workspace, queue.processor) == ("acme", "default")
    assert (queue.queued, queue.running, queue.waiting) == (2, 1, 0)
    assert 85 <= queue.oldest_s < 120
    assert figures().recent == {"queued": 2, "running": 1, "completed": 1}


@pytest.mark.django_db
def test_workers_and_the_scheduler_are_heard() -> None:
    common = {"version": "1", "started_at": timezone.now()}
    Worker.objects.create(id=uuid4(), hostname="here", pid=1, running=3, heartbeat_at=timezone.now(), **common)
    Worker.objects.create(id=uuid4(), hostname="gone", pid=2, heartbeat_at=datetime(2020, 1, 1, tzinfo=UTC), **common)
    scheduler_lives()
    found = figures()
    assert [(str(view.worker), view.state) for view in found.workers] == [("here:1", "busy")]
    assert found.scheduler_silent_s is not None
    assert found.scheduler_silent_s < 5


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.django_db
def test_requests_are_timed_by_route_and_nothing_a_caller_chooses_is_a_label(client: Client) -> None:
    name, none = "ductape_http_request_seconds_count", {"route": "none", "method": "GET", "status": "4xx"}
    before = counted(name, **none)
    client.get("/no-such-page-1")
    client.get("/no-such-page-2")
    assert counted(name, **none) == before + 2
    login = {"route": "account_login", "method": "GET", "status": "2xx"}
    before = counted(name, **login)
    client.get("/account/login/")
    assert counted(name, **login) == before + 1
    client.generic("BREW", "/account/login/")
    assert counted(name, route="account_login", method="other", status="4xx") == 1


def test_what_a_worker_has_done_is_counted_after_the_commit() -> None:
    now = datetime.now(UTC)
    before = [counted("ductape_runs_ended_total", state="failed"), counted("ductape_attempts_total", state="failed")]
    attempt = AttemptEnded(now, uuid4(), AttemptState.FAILED, Exchange())
    meters.count([Said(now, "info", "hello"), attempt, RunEnded(now, RunState.FAILED)])
    after = [counted("ductape_runs_ended_total", state="failed"), counted("ductape_attempts_total", state="failed")]
    assert after == [before[0] + 1, before[1] + 1]


@contextmanager
def worker_port() -> Iterator[int]:
    first = choose(None)
    with override_settings(METRICS_TOKEN=TOKEN, METRICS_HOST="127.0.0.1"):
        yield worker_metrics.serve(first)


def test_a_worker_serves_its_figures_on_the_next_free_port() -> None:
    with worker_port() as port:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=60)
        request.add_header("Authorization", f"Bearer {TOKEN}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert b"ductape_runs_ended_total" in answer.read()
        assert worker_metrics.serve(port) == port + 1
