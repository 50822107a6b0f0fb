"""`oauth2` auths of runs: client credentials and renewal, once for many runs, refused and broken ones named."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from processors.models import AuthToken
from processors.runtime import loop, tokens
from tests.processors.canary import nothing_shows
from tests.processors.conftest import Runs
from tests.processors.oauth_provider import CLIENT_ID, CLIENT_SECRET, OAuthProvider, auth
from tests.processors.scene import Scene
from tests.processors.sink import Reply, Sink


@pytest.fixture
def provider(scene: Scene, sink: Sink) -> OAuthProvider:
    """With the connection's client."""
    scene.authenticate(auth(sink.url, "clientCredentials"), client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    return OAuthProvider(sink)


def test_client_credentials_are_exchanged_once_and_the_token_is_kept(runs: Runs, provider: OAuthProvider) -> None:
    assert [runs.now().state for _ in range(3)] == ["completed"] * 3
    assert [call.body for call in provider.asked] == ["grant_type=client_credentials&scope=read%20write"]
    kept = AuthToken.objects.get()
    assert 3500 < (kept.expires_at - timezone.now()).total_seconds() <= 3600
    assert provider.access.encode() not in bytes(kept.sealed)
    nothing_shows(CLIENT_SECRET, provider.access)


def test_fifty_runs_of_two_workers_ask_once(runs: Runs, provider: OAuthProvider) -> None:
    other = loop.WorkerLoop()
    try:
        workers = [loop.start(), other]
        made = [runs.start() for _ in range(50)]
        futures = [workers[number % 2].submit(run.pk) for number, run in enumerate(made)]
        assert {str(future.result(120)) for future in futures} == {"completed"}
    finally:
        other.stop()
    assert len(provider.asked) == 1


def test_a_token_is_renewed_in_the_last_tenth_of_its_life(runs: Runs, provider: OAuthProvider) -> None:
    runs.now()
    AuthToken.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    loop.stop()
    assert runs.now().state == "completed"
    assert len(provider.asked) == 2


TROUBLES = [Reply(503), Reply(429), Reply(200, "no token"), Reply(drop=True)]


@pytest.mark.parametrize("trouble", TROUBLES, ids=["503", "429", "malformed", "line"])
def test_a_provider_in_trouble_costs_no_run_while_the_token_holds(
    runs: Runs, provider: OAuthProvider, trouble: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.now()
    AuthToken.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    loop.stop()
    provider.reply = trouble
    assert [runs.now().state for _ in range(3)] == ["completed"] * 3
    assert len(provider.asked) == 2, "it is left alone for a while"
    monkeypatch.setattr(tokens, "REST_S", 0.0)
    provider.reply = None
    loop.stop()
    assert (runs.now().state, len(provider.asked)) == ("completed", 3)


def test_credentials_that_are_refused_are_known_ahead_of_the_expiry(runs: Runs, provider: OAuthProvider) -> None:
    runs.now()
    AuthToken.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    loop.stop()
    provider.reply = Reply(401, {"error": "invalid_client"})
    assert runs.now().error["code"] == "auth_failed"


def test_a_refused_token_is_replaced_once(runs: Runs, provider: OAuthProvider) -> None:
    runs.now()
    provider.issued += 1
    assert (runs.now().state, len(provider.asked)) == ("completed", 2)


def test_a_provider_that_reads_the_client_in_the_body_gets_it_there(runs: Runs, provider: OAuthProvider) -> None:
    provider.only_in_body = True
    assert runs.now().state == "completed"
    assert [f"client_id={CLIENT_ID}" in call.body for call in provider.asked] == [False, True]
    nothing_shows(CLIENT_SECRET)


@pytest.mark.parametrize(
    ("reply", "code", "message"),
    [
        (Reply(400, {"error": "invalid_scope", "error_description": CLIENT_SECRET}), "auth_failed", "invalid_scope"),
        (Reply(401, {"error": "invalid_client"}), "auth_failed", "invalid_client"),
        (Reply(200, {"access_token": ""}), "malformed_response", "no usable access token"),
        (Reply(200, {"access_token": "x", "token_type": "mac"}), "malformed_response", "only bearer"),
        (Reply(200, ["x"]), "malformed_response", "no usable access token"),
        (Reply(503), "remote_unavailable", "gave no token"),
    ],
)
def test_a_provider_that_gives_no_token_is_named(
    runs: Runs, provider: OAuthProvider, reply: Reply, code: str, message: str
) -> None:
    provider.reply = reply
    run = runs.now()
    assert (run.state, run.error["code"]) == ("failed", code)
    assert message in run.error["message"]
    assert AuthToken.objects.get().refreshing_until is None
    nothing_shows(CLIENT_SECRET)


def test_S1_a_token_address_elsewhere_gets_no_credentials(runs: Runs, scene: Scene, provider: OAuthProvider) -> None:
    spec: dict[str, Any] = scene.mapped.auth.spec
    spec["oauth"]["clientCredentials"]["tokenUrl"] = "http://127.0.0.1:1/token"
    scene.mapped.auth.save()
    assert runs.now().error["code"] == "host_not_allowed"
    assert provider.asked == []


def test_a_token_given_by_hand_needs_no_flow(runs: Runs, scene: Scene, provider: OAuthProvider) -> None:
    scene.value("credential", "access_token", sealed=provider.access)
    assert (runs.now().state, provider.asked) == ("completed", [])


def test_without_an_account_a_run_says_that_somebody_has_to_connect(runs: Runs, scene: Scene, sink: Sink) -> None:
    scene.authenticate(auth(sink.url, "authorizationCode"), client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    run = runs.now()
    assert (run.state, run.error["fault"]) == ("failed", "configuration")
    assert "Connect the account" in run.error["message"]
