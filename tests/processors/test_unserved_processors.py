"""A queue that no worker serves is explained where people look: the run, its environment, the processors."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from processors.models import Run, Worker
from processors.queries import serving
from processors.queries.workers import processor_views
from products.models import Environment
from tests.contracts.routes import signed_in
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.scene import Scene

HEAVY = "No live worker serves the processor “heavy”. Start one with: ductape worker --queues runs.acme.heavy"
PLAIN = "No live worker serves the processor “default”. Start one with: ductape worker"
PAGES = ("p/shop/environments/", "p/shop/environments/dev/", "processors/")


def a_worker(*queues: str, **columns: Any) -> Worker:
    now = timezone.now()
    given = {"started_at": now, "heartbeat_at": now, **columns}
    return Worker.objects.create(id=uuid4(), hostname="here", pid=1, queues=list(queues), version="1", **given)


@pytest.fixture
def heavy(scene: Scene) -> Environment:
    """`dev`, with a processor of its own."""
    Environment.objects.filter(pk=scene.environment.pk).update(processor_tag="heavy")
    scene.environment.refresh_from_db()
    return scene.environment


@pytest.mark.django_db
@pytest.mark.parametrize("columns", [
    {"draining": True},
    {"stopped_at": timezone.now()},
    {"heartbeat_at": timezone.now() - timedelta(hours=1)},
])  # fmt: skip
def test_who_takes_nothing_new_serves_nothing(columns: dict[str, Any]) -> None:
    a_worker("runs", "runs.acme.heavy", **columns)
    assert serving.served().why_not("acme", "heavy") == HEAVY
    assert serving.served().why_not("acme", "default") == PLAIN
    a_worker("runs", "default")
    assert serving.served().why_not("acme", "default") == ""
    assert serving.served().why_not("acme", "heavy") == HEAVY
    a_worker("runs.elsewhere.heavy")
    assert serving.served().why_not("acme", "heavy") == HEAVY
    a_worker("runs.acme.heavy")
    assert serving.served().why_not("acme", "heavy") == ""


def test_a_run_says_why_it_waits_on_its_page_and_over_rest(heavy: Environment, runs: Runs, people: Cast) -> None:
    run, client = runs.start("echo", {"id": "1"}), signed_in(people.dev)
    page, rest = f"/w/acme/p/shop/runs/{run.pk}/", f"/api/v1/workspaces/acme/runs/{run.pk}/"
    a_worker("runs", "default")
    assert HEAVY in unescape(client.get(page).content.decode())
    assert client.get(rest).json()["reason"] == HEAVY
    a_worker("runs.acme.heavy")
    assert "No live worker" not in client.get(page).content.decode()
    assert client.get(rest).json()["reason"] == ""
    Worker.objects.all().delete()
    Run.objects.filter(pk=run.pk).update(reason="The processor “heavy” is paused.")
    assert "is paused" in client.get(page).content.decode()
    Run.objects.filter(pk=run.pk).update(reason="", state="running")
    assert "No live worker" not in client.get(page).content.decode()
    assert client.get(rest).json()["reason"] == ""


def test_environments_and_processors_say_what_nobody_serves(
    heavy: Environment, people: Cast, django_assert_max_num_queries: Any
) -> None:
    owner = signed_in(people.alice)
    a_worker("runs", "default")
    for path in PAGES:
        assert HEAVY in unescape(owner.get(f"/w/acme/{path}").content.decode()), path
    listed = owner.get("/api/v1/workspaces/acme/processors/").json()["processors"]
    assert [row["unserved"] for row in listed if row["processor"]["tag"] == "heavy"] == [HEAVY]
    a_worker("runs.acme.heavy")
    for path in PAGES:
        assert "No live worker" not in owner.get(f"/w/acme/{path}").content.decode(), path
    actor = people.as_(people.alice)
    with django_assert_max_num_queries(4):
        assert {view.unserved for view in processor_views(actor)} == {""}
