"""The probes answer ahead of the site, and say what is missing."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import override_settings

from ductape_site.health import Check, HealthProbes


async def site(_scope: dict[str, Any], _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def ask(path: str, *, method: str = "GET", probes: HealthProbes | None = None) -> tuple[int, Any]:
    sent: list[Mapping[str, Any]] = []

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request"}

    scope = {"type": "http", "path": path, "method": method, "headers": [(b"host", b"not-allowed.example")]}
    await (probes or HealthProbes(site))(scope, receive, send)
    body = sent[1]["body"]
    return sent[0]["status"], json.loads(body) if body else None


async def test_other_paths_go_to_the_site() -> None:
    assert (await ask("/livezz"))[0] == 418


async def test_livez_needs_nothing() -> None:
    assert await ask("/livez") == (200, {"status": "alive"})
    assert await ask("/livez", method="HEAD") == (200, None)
    assert (await ask("/livez", method="POST"))[0] == 405


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/readyz", "/healthz"])
async def test_ready_when_database_valkey_and_migrations_are_well(path: str) -> None:
    status, body = await ask(path)
    assert (status, body["status"]) == (200, "ready")
    assert set(body["checks"]) == {"database", "valkey", "migrations"}


@pytest.mark.django_db(transaction=True)
async def test_not_ready_without_valkey_and_the_address_stays_private() -> None:
    with override_settings(VALKEY_URL="redis://:hidden-word@127.0.0.1:1/0"):
        status, body = await ask("/readyz")
    assert (status, body["status"]) == (503, "not ready")
    assert "hidden-word" not in json.dumps(body)
    assert body["checks"]["valkey"].startswith("does not answer")


async def test_not_ready_while_migrations_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    well = Check("database", well=True, words="answers")
    waiting = Check("migrations", well=False, words="2 not applied")
    monkeypatch.setattr("ductape_site.health.check_database", lambda: well)
    monkeypatch.setattr("ductape_site.health.check_migrations", lambda: waiting)
    status, body = await ask("/readyz")
    assert (status, body["checks"]["migrations"]) == (503, "2 not applied")
