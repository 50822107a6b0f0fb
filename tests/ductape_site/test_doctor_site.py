"""What the doctor says of the work and of the site: failure only where Ductape cannot work like this."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import override_settings

from ductape_site.cli import doctor_site
from ductape_site.cli.findings import Finding, State
from processors.models import Worker
from processors.queries.figures import Figures, Queue
from processors.queries.workers import WorkerView
from products.lib.release import our_version


def worker(state: str = "live", version: str = "") -> WorkerView:
    now = datetime.now(UTC)
    row = Worker(id=uuid4(), hostname="here", pid=1, version=version or our_version(), started_at=now, heartbeat_at=now)
    return WorkerView(row, state)


def work(
    monkeypatch: pytest.MonkeyPatch,
    *,
    workers: tuple[WorkerView, ...] = (),
    silent: float | None = 1.0,
    oldest: float = 0,
) -> dict[str, Finding]:
    queue = Queue("acme", "default", queued=1, running=0, waiting=0, oldest_s=oldest)
    monkeypatch.setattr(doctor_site, "figures", lambda: Figures((queue,), {}, workers, silent))
    return {finding.name: finding for finding in doctor_site.check_work()}


def test_live_workers_and_a_scheduler_are_well(monkeypatch: pytest.MonkeyPatch) -> None:
    found = work(monkeypatch, workers=(worker(), worker("busy")))
    assert {finding.state for finding in found.values()} == {State.WELL}
    assert found["workers"].words == f"2 of version {our_version()}"


def test_nobody_works_and_nothing_waits_is_only_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    found = work(monkeypatch, silent=None)
    assert (found["workers"].state, found["scheduler"].state) == (State.NOTE, State.NOTE)


def test_runs_that_wait_for_workers_that_are_not_there_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert work(monkeypatch, oldest=300, workers=(worker("lost"),))["workers"].is_failure


def test_work_without_a_scheduler_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert work(monkeypatch, workers=(worker(),), silent=None)["scheduler"].is_failure
    assert work(monkeypatch, workers=(worker(),), silent=3600)["scheduler"].is_failure


def test_a_worker_of_another_version_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    found = work(monkeypatch, workers=(worker(), worker(version="0.0.9")))["workers"]
    assert (found.state, "1 of version 0.0.9" in found.words) == (State.NOTE, True)


@pytest.mark.parametrize(
    ("url", "hosts", "state"),
    [
        ("https://ductape.example.com", ["ductape.example.com"], State.WELL),
        ("https://ductape.example.com", [".example.com"], State.WELL),
        ("https://ductape.example.com", ["localhost"], State.BAD),
        ("ductape.example.com", ["ductape.example.com"], State.BAD),
        ("https://ductape.example.com", ["*"], State.NOTE),
    ],
)
def test_the_address_people_are_told_must_be_answered(url: str, hosts: list[str], state: State) -> None:
    with override_settings(BASE_URL=url, ALLOWED_HOSTS=hosts):
        assert doctor_site.check_site()[0].state is state


@pytest.mark.parametrize(
    ("allow", "state"),
    [
        ([], State.WELL),
        (["127.0.0.1:9000"], State.WELL),
        (["0.0.0.0/0"], State.NOTE),
        (["not an address"], State.BAD),
    ],
)
def test_what_actions_may_call_is_told(allow: list[str], state: State) -> None:
    with override_settings(EGRESS_ALLOW=allow):
        assert doctor_site.check_egress()[0].state is state


def test_django_has_nothing_to_say() -> None:
    assert [finding.words for finding in doctor_site.check_django() if finding.is_failure] == []
