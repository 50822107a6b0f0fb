"""Connecting an account: authorization code with PKCE from the button to a run, and everything that must be refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from processors.models import AuthToken
from processors.runtime import loop
from products.models import AuditEntry
from tests.people import Cast
from tests.processors.canary import nothing_shows
from tests.processors.conftest import Runs
from tests.processors.oauth_provider import CLIENT_ID, CLIENT_SECRET, OAuthProvider, auth
from tests.processors.scene import Scene
from tests.processors.sink import Reply, Sink

HERE = "/w/acme/p/shop/connections/api/"
PAGE = f"{HERE}?env=dev"
BEGIN = f"{HERE}environments/dev/authorize/"
CALLBACK = "/oauth/callback/"


@pytest.fixture
def provider(scene: Scene, sink: Sink) -> OAuthProvider:
    """With the connection's client."""
    scene.authenticate(auth(sink.url, "authorizationCode"), client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    return OAuthProvider(sink)


@pytest.fixture
def dev(people: Cast) -> Client:
    """Dev's browser."""
    return browser(people.dev)


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def begin(client: Client) -> str:
    answer = client.post(BEGIN, headers={"hx-request": "true"})
    assert answer.status_code == 204, answer.content
    return str(answer["HX-Redirect"])


def connect(client: Client, provider: OAuthProvider) -> dict[str, str]:
    back = provider.consent(begin(client))
    assert client.get(CALLBACK, back)["Location"] == PAGE
    return back


def health(client: Client) -> str:
    """The panel, and below it what can be done."""
    panel = f"{HERE}environments/dev/health/"
    return "".join(client.get(way).content.decode() for way in (panel, f"{panel}?checks=1"))


def test_an_account_is_connected_and_runs_use_it(runs: Runs, provider: OAuthProvider, dev: Client) -> None:
    assert "No account is connected yet." in health(dev)
    connect(dev, provider)
    assert "Healthy" in health(dev)
    assert "Reconnect" in health(dev)
    assert runs.now().state == "completed"
    assert len(provider.asked) == 1
    assert AuditEntry.objects.filter(verb="connection.authorized").count() == 1
    kept = bytes(AuthToken.objects.get().sealed)
    assert provider.access.encode() not in kept
    nothing_shows(CLIENT_SECRET, provider.access, provider.refresh, "canary-code")


def test_the_address_carries_state_and_challenge_and_nothing_secret(
    runs: Runs, provider: OAuthProvider, dev: Client
) -> None:
    address = begin(dev)
    given = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{provider.sink.url}/authorize?")
    assert (given["client_id"], given["scope"]) == (CLIENT_ID, "read write")
    assert given["redirect_uri"].endswith(CALLBACK)
    assert len(given["state"]) >= 43
    assert len(given["code_challenge"]) == 43
    assert CLIENT_SECRET not in address


def test_without_scripts_a_page_with_a_link_leads_on(runs: Runs, provider: OAuthProvider, dev: Client) -> None:
    answer = dev.post(BEGIN)
    assert answer.status_code == 200
    assert f"{provider.sink.url}/authorize?" in answer.content.decode()


def test_fifty_runs_of_two_workers_renew_once_and_keep_the_rotated_refresh_token(
    runs: Runs, provider: OAuthProvider, dev: Client
) -> None:
    connect(dev, provider)
    for _ in range(2):
        AuthToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        asked = len(provider.asked)
        loop.stop()
        other = loop.WorkerLoop()
        try:
            workers = [loop.start(), other]
            futures = [workers[number % 2].submit(runs.start().pk) for number in range(50)]
            assert {str(future.result(120)) for future in futures} == {"completed"}
        finally:
            other.stop()
        assert len(provider.asked) == asked + 1


def test_a_refresh_token_that_is_over_breaks_the_connection_until_somebody_reconnects(
    runs: Runs, provider: OAuthProvider, dev: Client
) -> None:
    connect(dev, provider)
    provider.refresh = "revoked"
    AuthToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "no longer accepts" in runs.now().error["message"]
    asked = len(provider.asked)
    assert runs.now().state == "failed"
    assert len(provider.asked) == asked  # what was refused is not offered again
    loop.stop()  # stores what the worker noted
    shown = health(dev)
    assert "Broken" in shown
    assert "Reconnect" in shown
    connect(dev, provider)
    assert (runs.now().state, "Healthy" in health(dev)) == ("completed", True)


def test_an_access_without_renewal_says_when_it_ends(runs: Runs, provider: OAuthProvider, dev: Client) -> None:
    provider.gives_refresh = False
    connect(dev, provider)
    assert "Expiring" in health(dev)
    AuthToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "nothing to renew it with" in runs.now().error["message"]


@pytest.mark.parametrize("change", [{"state": "x" * 43}, {"state": ""}, {"state": "\udcff"}])
def test_an_answer_with_another_state_is_refused(
    runs: Runs, provider: OAuthProvider, dev: Client, change: dict[str, str]
) -> None:
    back = provider.consent(begin(dev))
    change = {key: value.encode("utf-8", "replace").decode() for key, value in change.items()}
    assert dev.get(CALLBACK, {**back, **change})["Location"] == "/"
    assert (provider.asked, AuthToken.objects.count()) == ([], 0)


def test_A4_an_answer_of_another_persons_session_is_refused(
    runs: Runs, provider: OAuthProvider, dev: Client, people: Cast
) -> None:
    back = provider.consent(begin(dev))
    assert browser(people.alice).get(CALLBACK, back)["Location"] == "/"
    assert Client().get(CALLBACK, back)["Location"].startswith("/account/")
    assert provider.asked == []


def test_a_code_cannot_be_used_twice(runs: Runs, provider: OAuthProvider, dev: Client) -> None:
    back = connect(dev, provider)
    assert dev.get(CALLBACK, back)["Location"] == "/"
    assert len(provider.asked) == 1
    other = provider.consent(begin(dev))
    dev.get(CALLBACK, {**other, "code": back["code"]})
    assert "invalid_grant" in health(dev)


def test_a_code_of_another_verifier_is_refused(runs: Runs, provider: OAuthProvider, dev: Client) -> None:
    first, second = begin(dev), begin(dev)
    stolen = provider.consent(first)
    mine = provider.consent(second)
    dev.get(CALLBACK, {"code": stolen["code"], "state": mine["state"]})
    assert AuthToken.objects.count() == 0
    assert "invalid_grant" in health(dev)


def test_a_connection_that_changed_in_between_is_not_connected(
    runs: Runs, provider: OAuthProvider, dev: Client, scene: Scene
) -> None:
    back = provider.consent(begin(dev))
    scene.value("credential", "client_secret", sealed="another")
    dev.get(CALLBACK, back)
    assert (provider.asked, AuthToken.objects.count()) == ([], 0)


def test_nothing_in_the_callback_decides_where_it_leads_or_what_is_markup(
    runs: Runs, provider: OAuthProvider, dev: Client
) -> None:
    back = provider.consent(begin(dev))
    hostile = {"state": back["state"], "error": "<script>alert(1)</script>", "next": "https://evil.example/",
               "redirect_uri": "https://evil.example/"}  # fmt: skip
    answer = dev.get(CALLBACK, hostile)
    assert answer["Location"] == PAGE
    assert "<script>alert" not in health(dev)
    assert "Broken" in health(dev)


def test_a_provider_that_fails_leaves_a_reason_without_the_secret(
    runs: Runs, provider: OAuthProvider, dev: Client
) -> None:
    back = provider.consent(begin(dev))
    provider.reply = Reply(500, {"error": CLIENT_SECRET})
    dev.get(CALLBACK, back)
    assert "gave no token" in health(dev)
    nothing_shows(CLIENT_SECRET, back["code"])


def test_A6_beginning_needs_a_csrf_token_and_the_permission(runs: Runs, provider: OAuthProvider, people: Cast) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.dev)
    assert strict.post(BEGIN).status_code == 403
    assert browser(people.vera).post(BEGIN).status_code == 403
    assert browser(people.charlie).post(BEGIN).status_code == 404


def test_a_connection_test_is_a_run_and_its_result_stands_beside_the_button(
    runs: Runs, provider: OAuthProvider, dev: Client, people: Cast
) -> None:
    connect(dev, provider)
    address = f"{HERE}environments/dev/test/"
    assert browser(people.vera).post(address).status_code == 403
    shown = dev.post(address, {"action": "get"}, headers={"hx-request": "true"}).content.decode()
    assert "Open the run</a>" in shown
    assert 'hx-swap-oob="innerHTML"' in shown  # the health beside it is drawn anew too


def test_where_no_action_can_be_called_the_token_alone_is_tested(
    runs: Runs, provider: OAuthProvider, dev: Client, scene: Scene
) -> None:
    scene.actions["get"].delete()
    url = "/api/v1/workspaces/acme/products/shop/connections/api/environments/dev/test/"
    failed = dev.post(url, {}, content_type="application/json").json()
    assert (failed["state"], "Connect the account" in failed["message"]) == ("failed", True)
    connect(dev, provider)
    worked = dev.post(url, {}, content_type="application/json").json()
    assert (worked["state"], worked["run"]) == ("ok", None)
    shown = dev.get("/api/v1/workspaces/acme/products/shop/connections/api/").json()["environments"][0]
    assert (shown["health"], shown["health_reason"]) == ("healthy", "")
    assert provider.access not in str(shown)
