"""K1, K2, K13: whatever a remote side does with a secret, nothing of it is stored in clear."""

from __future__ import annotations

import base64
import json

import pytest
from django.db import connection

from processors.models import Run
from products.lib.actions import AuthSpec, CredentialField, Placement
from products.services.secrets import create_secret, update_secret
from tests import objects
from tests.processors.canary import nothing_shows
from tests.processors.conftest import Runs
from tests.processors.scene import Scene
from tests.processors.sink import Call, Reply, Sink

CANARIES = [
    "plain-canary-4711",
    'quo"te\\back%2F+plus & ümlaut',
    '{"private_key": "pem-canary-0815-pem-canary", "n": 1}',
    "L" + "ong-canary-" * 300,
    "7391557204418",
]
PLACES = ("header", "query", "body", "cookie")


def sent_by(scene: Scene, secret: str) -> None:
    """The secret goes into every place of a request."""
    places = tuple(Placement(place, f"x-{place}", "{{canary}}") for place in ("query", "body"))  # type: ignore[arg-type]
    header = Placement("header", "X-Canary", "{{encoded}}")
    auth = AuthSpec(
        "t", "T", "token", fields=(CredentialField("canary"), CredentialField("encoded")), placements=(*places, header)
    )
    scene.authenticate(auth, canary=secret, encoded=base64.b64encode(secret.encode()).decode())


def mirror(call: Call, number: int) -> Reply:
    """Sends back all that it got, as an echo service does."""
    body = {
        "you": call.body, "path": call.path, "headers": call.headers,
        "parsed": json.loads(call.body or "null"), call.headers.get("x-canary", "k"): 1,
    }  # fmt: skip
    return Reply(200, body, {"X-Echo": call.headers.get("x-canary", ""), "X-Path": call.path})


@pytest.mark.parametrize("secret", CANARIES, ids=["plain", "quotes", "json", "long", "digits"])
def test_K1_K2_an_echo_of_a_secret_is_masked_everywhere(runs: Runs, scene: Scene, sink: Sink, secret: str) -> None:
    sent_by(scene, secret)
    sink.answering = mirror
    run = runs.now("echo", {"id": "1"})
    assert run.state == "completed", run.error
    assert json.loads(sink.calls[0].body)["x-body"] == secret  # it did go out
    nothing_shows(secret)


def test_K2_an_error_that_quotes_a_secret_is_masked(runs: Runs, scene: Scene, sink: Sink) -> None:
    secret = CANARIES[0]
    sent_by(scene, secret)
    sink.answering = lambda call, number: Reply(
        403, {"message": f"{'x' * 290} key {secret} is not valid"}, {"WWW-Authenticate": f"Bearer {secret}"}
    )
    run = runs.now("echo", {"id": "1"})
    assert run.error["code"] == "remote_rejected"
    nothing_shows(secret, secret[:9])


def test_K2_a_redirect_with_a_secret_is_masked(runs: Runs, scene: Scene, sink: Sink) -> None:
    secret = CANARIES[0]
    sent_by(scene, secret)
    sink.answering = lambda call, number: Reply(302, None, {"Location": f"http://127.0.0.1:1/?k={secret}"})
    run = runs.now("echo", {"id": "1"})
    assert run.error["code"] in {"redirect_refused", "address_refused"}
    nothing_shows(secret)


def test_K13_a_failed_call_stores_only_its_own_fields(runs: Runs, scene: Scene) -> None:
    secret = CANARIES[0]
    sent_by(scene, secret)
    scene.app_environment.base_url = "http://no-such-host.invalid"
    scene.app_environment.save()
    scene.bind()
    run = runs.now("echo", {"id": "1"})
    assert set(run.error) == {"code", "message", "fault", "retryable", "outcome_unknown", "details"}
    assert run.error["code"] == "name_not_found"
    nothing_shows(secret)


def test_K1_the_input_is_masked_by_key_and_sealed_whole(runs: Runs, sink: Sink) -> None:
    secret = "correct-horse-battery"
    sink.answering = lambda call, number: Reply(body={})
    run = runs.now("echo", {"id": "1", "body": {"note": "n", "password": secret}})
    assert json.loads(sink.calls[0].body)["password"] == secret
    assert run.input["body"]["password"] != secret
    nothing_shows(secret)


def test_K9_a_new_value_is_used_by_the_next_run(runs: Runs, scene: Scene, sink: Sink) -> None:
    owner = objects.owner(scene.workspace)
    create_secret(owner, key="TOKEN", value="first-value-1")
    scene.authenticate(AuthSpec("bearer", "Bearer", "bearer"))
    scene.value("credential", "token", plain="$Secret{TOKEN}")
    runs.now()
    update_secret(owner, "TOKEN", {"value": "second-value-2"})
    runs.now()
    assert [call.headers["authorization"] for call in sink.calls] == ["Bearer first-value-1", "Bearer second-value-2"]


def test_K12_a_secret_that_went_away_is_named_and_nothing_is_sent(runs: Runs, scene: Scene, sink: Sink) -> None:
    owner = objects.owner(scene.workspace)
    secret = create_secret(owner, key="TOKEN", value="first-value-1")
    scene.authenticate(AuthSpec("bearer", "Bearer", "bearer"))
    scene.value("credential", "token", plain="$Secret{TOKEN}")
    run = runs.start()
    secret.delete()
    run = runs.execute(run)
    assert (run.state, run.error["code"], run.error["fault"]) == ("failed", "misconfigured", "configuration")
    assert run.error["message"] == "There is no secret “TOKEN”, or it has expired."
    assert not sink.calls


def test_K7_an_input_copied_to_another_run_does_not_open(runs: Runs, sink: Sink) -> None:
    first, second = runs.start("echo", {"id": "1"}), runs.start("echo", {"id": "2"})
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE processors_runinput SET sealed = (SELECT sealed FROM processors_runinput WHERE run_id = %s)"
            " WHERE run_id = %s", [first.pk, second.pk],
        )  # fmt: skip
    run: Run = runs.execute(second)
    assert (run.state, run.error["code"]) == ("failed", "sealed_input_lost")
    assert not sink.calls
