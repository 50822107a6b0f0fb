"""A13: what is deleted is out of reach at once; its rows go in lots, whoever dies in the middle."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from processors.live.topics import Topic
from processors.models import Attempt, IdempotencyRecord, LogLine, Run, RunDefinition, RunInput, Step
from processors.queries.listening import allowed
from processors.runtime.claim_statements import CLAIM, NEXT, WHOSE
from processors.services import deleting, sweeping
from products import access, dispatch
from products.lib.errors import Conflict, Invalid, NotFound
from products.models import App, AuditEntry, Product, Visibility, Workspace, new_id
from products.services.apps import delete_app
from products.services.connections import connect
from products.services.products import create_product, delete_product
from products.services.workspaces import create_workspace, delete_workspace
from tests import objects
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)
BELOW = (Step, Attempt, LogLine, RunInput)
_COPY = """
WITH made AS (SELECT gen_random_uuid() AS id FROM generate_series(1, %(many)s)), run AS (
    INSERT INTO processors_run (id, created_at, workspace_id, product_id, environment_id, kind, target, definition_id,
        processor_tag, trigger, actor, request_id, idempotency_key, state, reason, input, retries, timeout_s, fence,
        lost, seq, finished_at)
    SELECT overlay(r.id::text placing substr(made.id::text, 20) from 20)::uuid, r.created_at, r.workspace_id,
        r.product_id, r.environment_id, r.kind, r.target, r.definition_id, r.processor_tag, r.trigger, r.actor, '', '',
        %(state)s, '', r.input, 0, 60, 0, 0, 1, now()
    FROM processors_run r, made WHERE r.id = %(run)s RETURNING id
), line AS (
    INSERT INTO processors_logline (run_id, seq, at, level, step, message) SELECT id, 1, now(), 'info', '', 'x' FROM run
), step AS (
    INSERT INTO processors_step (id, run_id, tag, kind, index, state, idempotency_key, attempts)
    SELECT gen_random_uuid(), id, 'api:get', 'action', 0, 'completed', '', 1 FROM run
)
INSERT INTO processors_runinput (run_id, sealed) SELECT id, ''::bytea FROM run
"""


def many(run: Run, number: int, *, state: str = "completed") -> None:
    """So many more of this run, each with something below it."""
    with connection.cursor() as cursor:
        cursor.execute(_COPY, {"run": run.pk, "many": number, "state": state})


def deleted(row: Workspace | Product) -> None:
    """Whatever is left of it goes now."""
    while deleting.go_on(row.pk):
        pass
    assert not type(row)._default_manager.filter(pk=row.pk).exists()


def nothing_is_left(scene: Scene) -> None:
    assert not Run.objects.filter(product_id=scene.product.pk).exists()
    assert [model.__name__ for model in BELOW if model._default_manager.exists()] == []


def test_A13_some_thousand_runs_of_a_product_go_with_everything_below_them(
    people: Cast, scene: Scene, runs: Runs
) -> None:
    many(runs.now("get"), 3_000)
    many(runs.start("get", idempotency_key="k"), 50, state="queued")
    delete_product(people.as_(people.dev), "shop")
    assert Run.objects.filter(product_id=scene.product.pk).count() == 3_052, "the request deletes no runs"
    deleted(scene.product)
    nothing_is_left(scene)
    assert not IdempotencyRecord.objects.exists()
    assert AuditEntry.objects.get(verb="product.deleted").changes == {"tag": ["shop", None]}
    delete_app(people.as_(people.dev), scene.app.tag)


def test_A13_a_deleted_product_is_not_there_for_anybody_and_its_tag_is_free(
    people: Cast, scene: Scene, runs: Runs, client: Client
) -> None:
    run, actor = runs.now("get"), people.as_(people.dev)
    topics = {Topic("run", run.pk), Topic("runs", scene.product.pk, "dev")}
    assert allowed(people.dev, topics) == topics
    delete_product(actor, "shop")
    client.force_login(people.dev)
    hidden = Product.objects.get(pk=scene.product.pk).tag
    for path in ("products/shop/", f"products/{hidden}/", f"runs/{run.pk}/", f"runs/{run.pk}/log/"):
        assert client.get(f"/api/v1/workspaces/acme/{path}").status_code == 404, path
    for path in (f"p/{hidden}/", f"runs/{run.pk}/", "p/shop/"):
        assert client.get(f"/w/acme/{path}").status_code == 404, path
    assert client.get("/api/v1/workspaces/acme/runs/").json()["results"] == []
    assert client.get("/api/v1/workspaces/acme/products/").json()["results"] == []
    assert allowed(people.dev, topics) == set()
    with pytest.raises(NotFound):
        runs.start("get")
    with pytest.raises(Conflict, match="being deleted"):
        delete_app(actor, scene.app.tag)
    assert create_product(actor, name="Shop").tag == "shop"
    deleted(scene.product)
    assert client.get("/api/v1/workspaces/acme/products/shop/").status_code == 200


def test_A13_no_worker_begins_a_run_of_what_is_being_deleted(people: Cast, scene: Scene, runs: Runs) -> None:
    waiting, lost = runs.start("get"), runs.start("get")
    past = timezone.now() - timedelta(hours=1)
    Run.objects.filter(pk=lost.pk).update(state="running", lease_until=past, fence=1)
    Run.objects.update(rang_at=None)
    delete_product(people.as_(people.dev), "shop")
    sweeping.ring_again()
    assert not Run.objects.exclude(rang_at=None).exists(), "nobody is asked to take them"
    assert runs.execute(waiting).state == "queued"
    assert runs.execute(lost).fence == 1
    assert all("deleting_at" in statement for statement in (CLAIM, NEXT, WHOSE))


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of all announcements."""
    heard: list[str] = []

    def hear(_task: str, *ids: str, **_options: str) -> bool:
        heard.extend(ids)
        return True

    monkeypatch.setattr(dispatch, "ring", hear)
    return heard


def test_A13_with_a_workspace_go_all_its_rows_and_only_those(people: Cast, scene: Scene, runs: Runs) -> None:
    many(runs.now("get"), 1_000)
    for row in (people.workspace, people.elsewhere):
        for make in (objects.secret, objects.key, objects.invitation):
            make(row)
    kept = AuditEntry.objects.filter(workspace=people.elsewhere).count()
    AuditEntry.objects.bulk_create([
        AuditEntry(workspace=people.workspace, actor="x", verb="x", object_type="x", object_name="x")
        for _ in range(2_500)
    ])
    delete_workspace(people.as_(people.alice))
    with pytest.raises(NotFound):
        access.member(people.alice, "acme")
    assert create_workspace(people.vera, name="Acme").tag == "acme", "the tag is free at once"
    deleted(people.workspace)
    nothing_is_left(scene)
    assert not RunDefinition.objects.filter(workspace_id=people.workspace.pk).exists()
    assert AuditEntry.objects.filter(workspace=people.elsewhere).count() == kept


def test_A13_a_definition_that_another_workspace_runs_stays_there(people: Cast, scene: Scene, runs: Runs) -> None:
    run = runs.now("get")
    other = objects.environment(people.elsewhere)
    Run.objects.create(
        workspace=people.elsewhere, product=other.product, environment=other, kind="action", target="api:get",
        definition_id=run.definition_id, trigger="rest",
    )  # fmt: skip
    delete_workspace(people.as_(people.alice))
    deleted(people.workspace)
    assert RunDefinition.objects.get(pk=run.definition_id).workspace_id == people.elsewhere.pk


def dies_in_the_third_lot(monkeypatch: pytest.MonkeyPatch, deleted_id: UUID) -> None:
    """Whoever deletes the rest is killed in a transaction: two lots are gone."""
    whole, lots = deleting._some_runs, iter(range(3))

    def dies(of: Any) -> bool:
        more = whole(of)
        if next(lots) == 2:
            raise SystemExit
        return more

    with monkeypatch.context() as patched:
        patched.setattr(deleting, "_some_runs", dies)
        with pytest.raises(SystemExit):
            deleting.go_on(deleted_id)


def test_A13_whoever_dies_in_the_middle_leaves_it_to_the_scheduler(
    people: Cast, scene: Scene, runs: Runs, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    many(runs.now("get"), 999)
    delete_workspace(people.as_(people.alice))
    dies_in_the_third_lot(monkeypatch, people.workspace.pk)
    assert Run.objects.count() == 600, "what was committed is gone, the lot in hand is not"
    rung.clear()
    assert deleting.ring_unfinished() == 1
    assert rung == [str(people.workspace.pk)]
    deleted(people.workspace)
    nothing_is_left(scene)
    assert deleting.ring_unfinished() == 0


def test_A13_two_at_once_delete_everything_once(people: Cast, scene: Scene, runs: Runs) -> None:
    many(runs.now("get"), 2_000)
    delete_product(people.as_(people.dev), "shop")
    errors: list[BaseException] = []
    workers = [threading.Thread(target=at_it, args=(scene.product.pk, errors)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert errors == []
    nothing_is_left(scene)
    assert not Product.objects.filter(pk=scene.product.pk).exists()


def at_it(row: UUID, errors: list[BaseException]) -> None:
    try:
        while deleting.go_on(row):
            pass
    except Exception as error:  # noqa: BLE001 - said by whoever waits
        errors.append(error)
    finally:
        connections.close_all()


def test_A13_a_worker_that_is_at_a_run_is_waited_for(people: Cast, scene: Scene, runs: Runs) -> None:
    run = runs.now("get")
    many(run, 10)
    delete_product(people.as_(people.dev), "shop")
    holds, may_go = threading.Event(), threading.Event()
    worker = threading.Thread(target=holding, args=(run.pk, holds, may_go))
    worker.start()
    assert holds.wait(120)
    assert deleting.go_on(scene.product.pk) is False
    assert list(Run.objects.values_list("pk", flat=True)) == [run.pk]
    may_go.set()
    worker.join(120)
    deleted(scene.product)
    nothing_is_left(scene)


def holding(run: UUID, holds: threading.Event, may_go: threading.Event) -> None:
    """Has the run's row locked, as a worker that writes its journal."""
    try:
        with transaction.atomic():
            Run.objects.select_for_update().get(pk=run)
            holds.set()
            may_go.wait(120)
            LogLine.objects.create(run_id=run, seq=99, at=timezone.now(), level="info", message="written meanwhile")
    finally:
        connections.close_all()


def test_A13_a_backup_that_reads_the_definitions_is_waited_for_and_holds_up_no_start(
    people: Cast, scene: Scene, runs: Runs
) -> None:
    runs.now("get")
    delete_workspace(people.as_(people.alice))
    reads, may_go = threading.Event(), threading.Event()
    backup = threading.Thread(target=reading, args=(reads, may_go))
    backup.start()
    assert reads.wait(120)
    assert deleting.go_on(people.workspace.pk) is False
    assert RunDefinition.objects.exists()
    may_go.set()
    backup.join(120)
    deleted(people.workspace)


def reading(reads: threading.Event, may_go: threading.Event) -> None:
    """Has read the definitions in a transaction that goes on, as a backup."""
    try:
        with transaction.atomic():
            list(RunDefinition.objects.all())
            reads.set()
            may_go.wait(120)
    finally:
        connections.close_all()


def test_A13_a_published_app_is_withdrawn_before_its_workspace_goes(people: Cast) -> None:
    app = App.objects.create(workspace=people.workspace, tag="pub", name="Pub", visibility=Visibility.PUBLIC)
    theirs = objects.product(people.elsewhere)
    delete_workspace(people.as_(people.alice))
    with pytest.raises(Invalid, match="no such app"):
        connect(access.member(people.charlie, "elsewhere"), theirs.tag, {"app": str(app.pk)})
    deleted(people.workspace)


def test_A13_what_is_not_marked_is_not_touched(people: Cast, scene: Scene, runs: Runs) -> None:
    runs.now("get")
    assert [deleting.go_on(row) for row in (people.workspace.pk, scene.product.pk, new_id())] == [False] * 3
    assert Run.objects.count() == 1
