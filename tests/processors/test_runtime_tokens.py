"""`credential` auths: log in by an action, keep the token, refresh once for many."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest
from django.utils import timezone

from processors.models import AuthToken, Run
from processors.runtime import loop
from products.lib.actions import ActionSpec, AuthSpec, Body, CredentialField, Login
from tests.processors.canary import nothing_shows
from tests.processors.conftest import Runs
from tests.processors.scene import Scene
from tests.processors.sink import Call, Reply, Sink

LOGIN = ActionSpec("login", "Login", "POST", "/login", body=Body(schema={"type": "object"}))
AUTH = AuthSpec(
    "session", "Session", "credential",
    fields=(CredentialField("user"), CredentialField("password")),
    login=Login("login", {"body": {"user": "{{user}}", "password": "{{password}}"}}, "data.token", 2, "hours"),
)  # fmt: skip


class Provider:
    """Gives out tokens `token-<n>-…` and accepts the newest."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.issued = 0
        self.hold: Event | None = None
        self.reply: Reply | None = None
        sink.answering = self

    def __call__(self, call: Call, number: int) -> Reply:
        if call.path == "/login":
            self.issued += 1
            return self.reply or Reply(body={"data": {"token": self.token}}, hold=self.hold)
        good = call.headers.get("authorization") == f"Bearer {self.token}"
        return Reply(200 if good else 401, {"got": call.headers.get("authorization")})

    @property
    def token(self) -> str:
        return f"token-{self.issued}-canary-token"

    @property
    def logins(self) -> list[Call]:
        return [call for call in self.sink.calls if call.path == "/login"]


@pytest.fixture
def provider(scene: Scene, sink: Sink) -> Provider:
    """With the connection's credentials."""
    scene.add(LOGIN)
    scene.authenticate(AUTH, user="u-canary-user", password="p-canary-password")
    return Provider(sink)


def test_a_run_logs_in_and_keeps_the_token(runs: Runs, provider: Provider) -> None:
    assert [runs.now().state for _ in range(3)] == ["completed"] * 3
    assert len(provider.logins) == 1
    assert provider.logins[0].body == '{"user":"u-canary-user","password":"p-canary-password"}'
    kept = AuthToken.objects.get()
    left = (kept.expires_at - timezone.now()).total_seconds()
    assert 7100 < left <= 7200
    nothing_shows("u-canary-user", "p-canary-password", provider.token)
    assert provider.token.encode() not in bytes(kept.sealed)


def test_another_worker_uses_the_same_token(runs: Runs, provider: Provider) -> None:
    runs.now()
    other = loop.WorkerLoop()
    try:
        assert other.submit(runs.start().pk).result(120) == "completed"
    finally:
        other.stop()
    assert len(provider.logins) == 1


def test_many_runs_of_two_workers_log_in_once(runs: Runs, provider: Provider) -> None:
    other = loop.WorkerLoop()
    try:
        made = [runs.start() for _ in range(20)]
        workers = [loop.start(), other]
        futures = [workers[number % 2].submit(run.pk) for number, run in enumerate(made)]
        assert {str(future.result(120)) for future in futures} == {"completed"}
    finally:
        other.stop()
    assert len(provider.logins) == 1


def test_a_token_is_refreshed_before_it_expires(runs: Runs, provider: Provider) -> None:
    runs.now()
    AuthToken.objects.update(expires_at=timezone.now() + timedelta(minutes=10))  # less than a tenth of two hours
    loop.stop()
    assert runs.now().state == "completed"
    assert (len(provider.logins), AuthToken.objects.get().generation) == (2, 2)


def test_a_refused_token_is_replaced_once(runs: Runs, provider: Provider) -> None:
    runs.now()
    provider.issued += 1  # the provider forgot the session
    run = runs.now()
    assert (run.state, len(provider.logins)) == ("completed", 2)
    assert len(provider.sink.calls) == 5


def test_a_token_that_is_refused_again_is_the_configurations_fault(runs: Runs, provider: Provider) -> None:
    provider.reply = Reply(body={"data": {"token": "never-good-token"}})
    run = runs.now("get", retries=3)
    assert (run.state, run.error["code"], run.error["fault"]) == ("failed", "auth_failed", "configuration")
    assert len(provider.logins) == 2
    nothing_shows("never-good-token")


def test_other_credentials_mean_another_token(runs: Runs, scene: Scene, provider: Provider) -> None:
    runs.now()
    scene.value("credential", "password", sealed="p-canary-changed")
    assert runs.now().state == "completed"
    assert "p-canary-changed" in provider.logins[1].body


@pytest.mark.parametrize(
    ("reply", "code", "message"),
    [
        (Reply(403, {"message": "p-canary-password is wrong"}), "auth_failed", "Logging in by “login” failed"),
        (Reply(200, {"data": {}}), "malformed_response", "has no token at “data.token”"),
        (Reply(500), "remote_unavailable", "Logging in by “login” failed"),
    ],
)
def test_a_login_that_fails_says_so(runs: Runs, provider: Provider, reply: Reply, code: str, message: str) -> None:
    provider.reply = reply
    run: Run = runs.now()
    assert (run.state, run.error["code"]) == ("failed", code)
    assert message in run.error["message"]
    assert AuthToken.objects.get().refreshing_until is None
    nothing_shows("p-canary-password")
