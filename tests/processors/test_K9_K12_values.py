"""K9 and K12: a value that changes or goes is noticed by the next run; what is missing is refused, never replaced."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from processors.models import RunDefinition
from processors.runtime import composition, loop
from processors.services import runs as run_services
from processors.services.runs import RunRequest
from products.lib.errors import Conflict, NotFound
from products.models import ConnectionEnvironment, ConnectionValue, Environment, Secret
from products.services.secrets import create_secret, delete_secret, update_secret
from tests.people import Cast
from tests.processors.canary import nothing_shows
from tests.processors.conftest import Runs
from tests.processors.scene import Scene, make_scene
from tests.processors.sink import Sink
from tests.processors.test_K11_hosts import HEADER

FIRST, SECOND = "first-canary-value", "second-canary-value"


@pytest.fixture
def named(runs: Runs, scene: Scene, people: Cast) -> Any:
    """Alice, whose secret the connection sends as a header."""
    alice = people.as_(people.alice)
    create_secret(alice, key="PART", value=FIRST)
    scene.authenticate(HEADER)
    scene.value("credential", "k", plain="$Secret{PART}")
    return alice


def test_K9_the_next_run_uses_the_new_value_at_once(runs: Runs, named: Any, sink: Sink) -> None:
    waiting = runs.start()  # its definition was made before
    runs.now()
    update_secret(named, "PART", {"value": SECOND})
    runs.now()
    runs.execute(waiting)
    assert [call.headers["x-key"] for call in sink.calls] == [FIRST, SECOND, SECOND]
    nothing_shows(FIRST, SECOND)


def test_K9_a_deleted_secret_fails_clearly_also_in_a_worker_that_knows_it(runs: Runs, named: Any, sink: Sink) -> None:
    waiting = runs.start()
    runs.now()
    delete_secret(named, "PART")
    run = runs.execute(waiting)
    assert (run.state, run.error["code"]) == ("failed", "misconfigured")
    assert "There is no secret “PART”" in run.error["message"]
    with pytest.raises(Conflict, match="There is no secret “PART”"):
        runs.start()
    assert len(sink.calls) == 1


def test_K9_a_renamed_secret_is_another_one(runs: Runs, named: Any, sink: Sink) -> None:
    waiting = runs.start()
    delete_secret(named, "PART")
    create_secret(named, key="PART_TWO", value=FIRST)
    assert "There is no secret “PART”" in runs.execute(waiting).error["message"]
    create_secret(named, key="PART", value=SECOND)
    runs.now()
    assert [call.headers["x-key"] for call in sink.calls] == [SECOND]


def test_K9_an_expired_secret_is_not_sent(runs: Runs, named: Any, sink: Sink) -> None:
    Secret.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    run = runs.now()
    assert "has expired" in run.error["message"]
    assert not sink.calls


def test_K9_a_credential_that_is_removed_while_a_run_waits_fails_it(runs: Runs, scene: Scene, sink: Sink) -> None:
    scene.authenticate(HEADER, k=FIRST)
    runs.now()
    waiting = runs.start()
    ConnectionValue.objects.all().delete()
    run = runs.execute(waiting)
    assert run.error["message"] == "The connection no longer has the value “k”."
    assert len(sink.calls) == 1


def test_K9_what_a_worker_keeps_is_bounded(runs: Runs, named: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composition, "_KEPT", 3)
    for number in range(6):
        update_secret(named, "PART", {"value": f"value-number-{number}"})
        runs.now()
    assert len(loop.start()._room.executor._parts.composer._known) == 3


def test_K12_an_environment_that_is_not_mapped_gets_no_other_ones_values(
    runs: Runs, scene: Scene, sink: Sink, people: Cast
) -> None:
    scene.authenticate(HEADER, k=FIRST)
    prd = Environment.objects.create(product=scene.product, slug="prd", name="Production")
    with pytest.raises(Conflict, match="does not say which environment"):
        _start(runs, "prd")
    with pytest.raises(NotFound):
        _start(runs, "nowhere")
    ConnectionEnvironment.objects.create(
        connection=scene.connection, environment=prd, app_environment=scene.app_environment, auth=scene.mapped.auth
    )
    with pytest.raises(Conflict, match="no value for the credential “k”"):
        _start(runs, "prd")
    assert not sink.calls


def test_K12_a_definition_reads_values_of_its_own_connection_and_workspace_only(
    runs: Runs, scene: Scene, sink: Sink, people: Cast
) -> None:
    theirs = make_scene(people.elsewhere, sink.url, product="theirs")
    theirs.authenticate(HEADER, k="their-canary-value")
    create_secret(people.as_(people.charlie), key="PART", value="their-canary-secret")
    scene.authenticate(HEADER, k=FIRST)
    foreign = str(ConnectionValue.objects.get(connection_environment=theirs.mapped).pk)
    for reference in ({"sealed": foreign}, {"text": "$Secret{PART}"}):
        run = runs.start()
        made = RunDefinition.objects.get(hash=run.definition_id)
        content = {**made.content, "credentials": {"k": reference}}
        RunDefinition.objects.create(hash=f"forged-{run.pk}"[:64], workspace=people.workspace, content=content)
        type(run).objects.filter(pk=run.pk).update(definition_id=f"forged-{run.pk}"[:64])
        assert runs.execute(run).error["code"] == "misconfigured"
    assert not sink.calls
    nothing_shows("their-canary-value", "their-canary-secret")


def _start(runs: Runs, environment: str) -> None:
    run_services.start_run(runs.actor, RunRequest("shop", environment, "api", "get", {}))
