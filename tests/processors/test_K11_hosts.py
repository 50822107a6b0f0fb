"""K11: a secret value leaves only for the hosts it was given for, whatever leads elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from products.access import Actor, Permission
from products.lib.actions import ActionSpec, AuthSpec, Body, CredentialField, Login, Placement
from products.lib.errors import Forbidden, Invalid
from products.models import AuditEntry, ConnectionEnvironment
from products.queries import connections as queries
from products.services.connections import map_environment
from products.services.secrets import create_secret, update_secret
from tests.people import Cast
from tests.processors.canary import nothing_shows
from tests.processors.conftest import Runs
from tests.processors.scene import ECHO, Scene
from tests.processors.sink import Reply, Sink

KEY = "canary-of-exfiltration"
HEADER = AuthSpec(
    "key", "Key", "token", fields=(CredentialField("k"),), placements=(Placement("header", "X-Key", "{{k}}"),)
)


@pytest.fixture
def thief(runs: Runs, settings: Any) -> Iterator[Sink]:
    """Another host that the operator allows."""
    made = Sink()
    settings.EGRESS_ALLOW = [*settings.EGRESS_ALLOW, made.allowed]
    yield made
    made.close()


@pytest.fixture
def given(runs: Runs, scene: Scene, people: Cast) -> Scene:
    """The connection with a credential, given by Dev for the sink."""
    scene.authenticate(HEADER)
    confirm(people.as_(people.dev), credentials={"k": KEY})
    return scene


def confirm(actor: Actor, **data: Any) -> ConnectionEnvironment:
    """As the page saves it."""
    return map_environment(actor, "shop", "api", "dev", data={"app_environment": "live", **data})


def lead_to(scene: Scene, url: str) -> None:
    """What a publisher's re-import does."""
    scene.app_environment.base_url = url
    scene.app_environment.save()


def without_secrets(actor: Actor) -> Actor:
    """Somebody who may edit but not use secrets."""
    return replace(actor, permissions=actor.permissions - {Permission.USE_SECRETS})


def refused(runs: Runs, action: str = "echo") -> dict[str, Any]:
    """The error of a run that must not have called anybody."""
    run = runs.now(action, {"id": "1"}, retries=2)
    assert (run.state, run.error["code"], run.error["fault"]) == ("failed", "host_not_allowed", "configuration")
    nothing_shows(KEY)
    return dict(run.error)


def test_K11_a_base_url_that_leads_elsewhere_gets_nothing_until_somebody_confirms_it(
    runs: Runs, given: Scene, sink: Sink, thief: Sink, people: Cast
) -> None:
    assert runs.now("echo", {"id": "1"}).state == "completed"
    assert sink.calls[0].headers["x-key"] == KEY
    lead_to(given, thief.url)
    error = refused(runs)
    assert thief.url in error["message"]
    assert error["details"]["host"] == thief.url
    view = queries.connection(people.as_(people.vera), "shop", "api").environments[0]
    assert view.unconfirmed == (thief.url,)
    assert [problem.code for problem in view.problems] == ["host_not_allowed"]
    assert not thief.calls

    confirm(people.as_(people.dev))
    assert runs.now("echo", {"id": "1"}).state == "completed"
    assert thief.calls[0].headers["x-key"] == KEY
    changes = AuditEntry.objects.filter(verb="connection.mapped").order_by("-id")[0].changes
    assert changes["allowed_hosts"] == [[sink.url], [thief.url]]


def test_K11_who_may_not_use_secrets_neither_confirms_nor_attaches(
    runs: Runs, given: Scene, thief: Sink, people: Cast
) -> None:
    lead_to(given, thief.url)
    editor = without_secrets(people.as_(people.dev))
    confirm(editor)
    refused(runs)
    create_secret(people.as_(people.alice), key="PART", value="part-of-canary")
    for value in ("another", "$Secret{PART}"):
        with pytest.raises(Forbidden):
            confirm(editor, credentials={"k": value})
    assert not thief.calls


def test_K11_another_value_alone_confirms_no_host(runs: Runs, given: Scene, thief: Sink, people: Cast) -> None:
    lead_to(given, thief.url)
    map_environment(people.as_(people.dev), "shop", "api", "dev", data={"credentials": {"k": f"{KEY}-two"}})
    refused(runs)


def test_K11_another_environment_of_the_app_chosen_without_the_right_gets_nothing(
    runs: Runs, given: Scene, thief: Sink, people: Cast
) -> None:
    given.app.environments.create(slug="theirs", name="Theirs", base_url=thief.url)
    confirm(without_secrets(people.as_(people.dev)), app_environment="theirs")
    refused(runs)
    assert not thief.calls


@pytest.mark.parametrize("secret", ["sealed", "named"])
def test_K11_an_action_with_a_host_of_its_own_gets_nothing(
    runs: Runs, given: Scene, thief: Sink, people: Cast, secret: str
) -> None:
    if secret == "named":
        create_secret(people.as_(people.alice), key="PART", value=KEY)
        confirm(people.as_(people.dev), credentials={"k": "$Secret{PART}"})
    given.add(replace(ECHO, tag="side", base_url=thief.url))
    refused(runs, "side")
    assert not thief.calls
    confirm(people.as_(people.dev))  # who confirms sees all of the app's hosts
    assert thief.url in ConnectionEnvironment.objects.get().allowed_hosts


def test_K11_a_host_is_a_host_with_its_scheme_and_port(runs: Runs, given: Scene, sink: Sink) -> None:
    for url in (f"http://localhost:{sink.port}", f"https://127.0.0.1:{sink.port}", f"http://127.0.0.1:{sink.port + 1}"):
        lead_to(given, url)
        refused(runs)
    assert not sink.calls


def test_K11_values_of_a_run_stay_on_the_host(runs: Runs, given: Scene, sink: Sink, thief: Sink) -> None:
    for value in (f"//{thief.allowed}", f"@{thief.allowed}/", f"\\\\{thief.allowed}", f"http://{thief.allowed}/"):
        runs.now("echo", {"id": value})
    assert sink.calls
    assert not thief.calls


def test_K11_a_login_goes_to_its_own_host_and_only_if_that_is_allowed(
    runs: Runs, scene: Scene, sink: Sink, thief: Sink
) -> None:
    login = ActionSpec("login", "Login", "POST", "/login", body=Body(schema={"type": "object"}), base_url=sink.url)
    scene.add(login)
    scene.add(replace(ECHO, tag="side", base_url=thief.url))
    scene.authenticate(
        AuthSpec(
            "s", "S", "credential", fields=(CredentialField("p"),),
            login=Login("login", {"body": {"p": "{{p}}"}}, "token", 1, "hours"),
        ),
        p=KEY,
    )  # fmt: skip
    scene.bind(sink.url, thief.url)
    sink.answering = lambda call, number: Reply(body={"token": "a-token-of-the-login"})
    assert runs.now("side", {"id": "1"}).state == "completed"
    assert [call.path for call in sink.calls] == ["/login"]  # not where the action leads
    assert thief.calls[0].headers["authorization"] == "Bearer a-token-of-the-login"

    scene.bind(thief.url)
    scene.value("credential", "p", sealed=f"{KEY}-two")
    scene.bind(thief.url)
    assert "Logging in" in runs.now("side", {"id": "1"}).error["message"]
    assert len(sink.calls) == 1


def test_K11_a_redirect_elsewhere_takes_nothing_of_ours_along(
    runs: Runs, given: Scene, sink: Sink, thief: Sink, people: Cast
) -> None:
    given.value("variable", "tiny", sealed="abc")  # too short to be found by its value
    spec = ActionSpec("go", "Go", "GET", "/go/{{tiny}}")
    given.add(spec)
    create_secret(people.as_(people.alice), key="PART", value="other-canary")
    sink.answering = lambda call, number: Reply(302, None, {"Location": f"{thief.url}/there"})
    run = runs.now("go", {"headers": {"X-Custom": "abc-in-an-input"}})
    assert run.state == "completed", run.error
    got = thief.calls[0]
    assert (got.method, got.path, got.body) == ("GET", "/there", "")
    assert set(got.headers) <= {"host", "accept", "user-agent", "accept-encoding"}


def test_K11_a_secret_goes_only_to_the_hosts_on_its_list(
    runs: Runs, given: Scene, sink: Sink, thief: Sink, people: Cast
) -> None:
    alice, dev = people.as_(people.alice), people.as_(people.dev)
    create_secret(alice, key="PART", value=KEY, allowed_hosts=[sink.allowed])
    confirm(dev, credentials={"k": "$Secret{PART}"})
    assert runs.now("echo", {"id": "1"}).state == "completed"

    update_secret(alice, "PART", {"allowed_hosts": ["api.example.com"]})
    assert "“PART” may not be sent" in refused(runs)["message"]
    with pytest.raises(Invalid, match="may not be sent to") as caught:
        confirm(dev, credentials={"k": "$Secret{PART}"})
    assert caught.value.errors[0].pointer == "/credentials/k"

    update_secret(alice, "PART", {"allowed_hosts": [sink.allowed]})
    lead_to(given, thief.url)
    with pytest.raises(Invalid, match="may not be sent to"):
        confirm(dev)
    assert not thief.calls


def test_K11_a_secret_that_is_part_of_the_address_binds_it_without_showing_it(
    runs: Runs, scene: Scene, sink: Sink, thief: Sink, people: Cast
) -> None:
    scene.app.variables.create(key="place", secret=True)
    lead_to(scene, "{{place}}")
    place = confirm(people.as_(people.dev), variables={"place": sink.url})
    assert place.allowed_hosts[0].startswith("sha256:")
    assert runs.now("get").state == "completed"
    scene.value("variable", "place", sealed=thief.url)
    scene.bind(*place.allowed_hosts)
    assert runs.now("get").error["code"] == "host_not_allowed"
    assert not thief.calls


def test_K11_without_secret_values_an_app_may_move(runs: Runs, scene: Scene, thief: Sink) -> None:
    lead_to(scene, thief.url)
    assert runs.now("get").state == "completed"
    assert len(thief.calls) == 1


def test_K11_a_connection_that_was_never_bound_sends_no_secret(runs: Runs, given: Scene, sink: Sink) -> None:
    ConnectionEnvironment.objects.update(allowed_hosts=[])
    refused(runs)
    assert not sink.calls
