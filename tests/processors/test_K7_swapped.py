"""K7: a ciphertext that somebody with a pen in the database has put elsewhere opens nowhere, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from processors.models import AuthToken, Run, RunInput
from processors.runtime import loop
from products.lib.actions import ActionSpec, AuthSpec, Body, CredentialField, Login, Placement
from products.models import ConnectionValue, Secret, Workspace
from products.services import vault
from products.services.secrets import create_secret
from tests import objects
from tests.people import Cast
from tests.processors.canary import nothing_shows
from tests.processors.conftest import Runs
from tests.processors.scene import Scene
from tests.processors.sink import Reply, Sink

pytestmark = pytest.mark.django_db(transaction=True)
MINE, OTHER, THEIRS = "mine-canary-7712", "other-canary-7713", "theirs-canary-7714"
KEY = AuthSpec(
    "k", "K", "token",
    fields=(CredentialField("key"), CredentialField("spare"), CredentialField("third")),
    placements=(Placement("header", "X-Key", "{{key}}"), Placement("header", "X-Spare", "{{spare}}")),
)  # fmt: skip
LOGIN = AuthSpec(
    "session", "Session", "credential", fields=(CredentialField("password"),),
    login=Login("login", {"body": {"password": "{{password}}"}}, "token", 2, "hours"),
)  # fmt: skip


@pytest.fixture
def sealed(scene: Scene, people: Cast) -> Scene:
    """The key by a secret of the workspace, another value beside it, the same secret elsewhere."""
    owner = objects.owner(people.workspace)
    create_secret(owner, key="KEY", value=MINE)
    create_secret(owner, key="SPARE", value=OTHER)
    create_secret(objects.owner(people.elsewhere), key="KEY", value=THEIRS)
    scene.authenticate(KEY, spare=OTHER, third=OTHER)
    scene.value("credential", "key", plain="$Secret{KEY}")
    return scene


def swap_secrets(scene: Scene, cast: Cast) -> None:
    """Between two rows of one workspace."""
    one, other = Secret.objects.filter(workspace=cast.workspace).order_by("key")
    Secret.objects.filter(pk=one.pk).update(sealed=other.sealed)
    Secret.objects.filter(pk=other.pk).update(sealed=one.sealed)


def take_theirs(scene: Scene, cast: Cast) -> None:
    """The row of the same name of another workspace."""
    theirs = Secret.objects.get(workspace=cast.elsewhere)
    Secret.objects.filter(workspace=cast.workspace, key="KEY").update(sealed=theirs.sealed)


def swap_fields(scene: Scene, cast: Cast) -> None:
    """Between two credentials of one connection."""
    spare, third = (scene.mapped.values.get(key=name) for name in ("spare", "third"))
    ConnectionValue.objects.filter(pk=spare.pk).update(sealed=third.sealed)


def swap_tables(scene: Scene, cast: Cast) -> None:
    """A secret in the place of a credential."""
    secret = Secret.objects.get(workspace=cast.workspace, key="KEY")
    scene.mapped.values.filter(key="spare").update(sealed=secret.sealed)


def swap_data_keys(scene: Scene, cast: Cast) -> None:
    """The data key of another workspace, which its owner can use."""
    Workspace.objects.filter(pk=cast.workspace.pk).update(data_key=cast.elsewhere.data_key)


def cut_short(scene: Scene, cast: Cast) -> None:
    """Half of a ciphertext."""
    row = Secret.objects.get(workspace=cast.workspace, key="KEY")
    Secret.objects.filter(pk=row.pk).update(sealed=bytes(row.sealed)[:20])


def put_clear(scene: Scene, cast: Cast) -> None:
    """A text that was never sealed."""
    Secret.objects.filter(workspace=cast.workspace, key="KEY").update(sealed=MINE.encode())


WAYS = [swap_secrets, take_theirs, swap_fields, swap_tables, swap_data_keys, cut_short, put_clear]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_K7_a_run_with_a_ciphertext_of_elsewhere_fails_and_sends_nothing(
    sealed: Scene, runs: Runs, sink: Sink, people: Cast, way: Callable[[Scene, Cast], None]
) -> None:
    assert runs.now().state == "completed"
    assert sink.calls[-1].headers["x-key"] == MINE
    assert sink.calls[-1].headers["x-spare"] == OTHER
    calls = len(sink.calls)
    way(sealed, people)
    loop.stop()  # what a worker remembers of a definition is not asked about here
    run = runs.now()
    assert (run.state, run.error["code"]) in {("failed", "misconfigured"), ("failed", "sealed_input_lost")}, run.error
    assert "cannot be opened with the master keys of this worker." in run.error["message"]
    assert len(sink.calls) == calls
    if way is not put_clear:  # who writes it in clear into the database has put it there
        nothing_shows(MINE, OTHER, THEIRS)


def test_K7_the_input_of_another_run_is_not_run(sealed: Scene, runs: Runs, sink: Sink) -> None:
    mine, other = runs.start("echo", {"id": "1"}), runs.start("echo", {"id": "2"})
    blob = RunInput.objects.get(run_id=other.pk).sealed
    RunInput.objects.filter(run_id=mine.pk).update(sealed=blob)
    run = runs.execute(mine)
    assert (run.state, run.error["code"]) == ("failed", "sealed_input_lost"), run.error
    assert sink.calls == []
    assert runs.execute(other).state == "completed"


def test_K7_a_token_of_another_connection_is_not_sent(scene: Scene, runs: Runs, sink: Sink) -> None:
    """It is thrown away, and a new one fetched."""
    scene.add(ActionSpec("login", "Login", "POST", "/login", body=Body(schema={"type": "object"})))
    scene.authenticate(LOGIN, password=MINE)
    issued = iter(("first-token-4411", "second-token-4412"))
    sink.answering = lambda call, number: Reply(body={"token": next(issued)} if call.path == "/login" else {})
    assert runs.now().state == "completed"
    row = AuthToken.objects.get()
    foreign = vault.sealer(scene.workspace).seal(
        "foreign-token-4413", place=vault.place(scene.workspace, Run(pk=row.pk), "sealed")
    )
    AuthToken.objects.update(sealed=foreign)
    loop.stop()
    assert runs.now().state == "completed"
    assert [call.headers.get("authorization") for call in sink.calls if call.path == "/get"] == [
        "Bearer first-token-4411", "Bearer second-token-4412",
    ]  # fmt: skip


def test_K7_two_equal_secrets_have_nothing_in_common_at_rest(people: Cast) -> None:
    owner = objects.owner(people.workspace)
    for number in range(8):
        create_secret(owner, key=f"SAME{number}", value=MINE)
    blobs = [bytes(blob) for blob in Secret.objects.values_list("sealed", flat=True)]
    assert len({blob[1:13] for blob in blobs}) == len(blobs), "no nonce twice"
    assert len({blob[13:] for blob in blobs}) == len(blobs)


def test_K7_no_row_holds_a_master_key_or_a_data_key_in_clear(sealed: Scene, people: Cast) -> None:
    data_key = vault.key_ring().unwrap(bytes(people.workspace.data_key))
    with connection.cursor() as cursor:
        cursor.execute("SELECT data_key FROM products_workspace")
        assert all(data_key not in bytes(row[0]) for row in cursor.fetchall())
    nothing_shows(data_key.hex())
