"""A13: a deleted environment is out of reach at once; its runs go in lots, whoever dies in the middle."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from processors.live.topics import Topic
from processors.models import IdempotencyRecord, KeptResult, Run
from processors.queries.listening import allowed
from processors.queries.overview import by_product, latest_failures, oldest_queued
from processors.queries.workers import processor_views
from processors.runtime.claim_statements import CLAIM, NEXT, WHOSE
from processors.services import deleting, sweeping
from processors.services import runs as run_services
from products import dispatch
from products.lib.actions import AuthSpec
from products.lib.errors import NotFound
from products.models import (
    AuditEntry,
    ConnectionEnvironment,
    ConnectionValue,
    Environment,
    Release,
    Resource,
    ResourceConfig,
)
from products.services.auths import delete_auth
from products.services.environments import create_environment, delete_environment
from products.services.products import delete_product
from products.services.releases import deploy
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.scene import Scene
from tests.processors.test_A13_deleting import BELOW, deleted, dies_in_the_third_lot, many, nothing_is_left

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 100_000
FEW_STATEMENTS = 40
ADMIN = "/admin/products/environment/"


@pytest.fixture
def stays(scene: Scene) -> Environment:
    """Another environment of the product, with a run and what a connection holds for it."""
    row = Environment.objects.create(product=scene.product, slug="stg", name="Staging", position=1)
    place = ConnectionEnvironment.objects.create(
        connection=scene.connection, environment=row, app_environment=scene.app_environment
    )
    ConnectionValue.objects.create(connection_environment=place, kind="variable", key="k", value="v")
    KeptResult.objects.create(environment=row, key="k", value=1, expires_at=timezone.now())
    return row


def gone(environment: Environment) -> None:
    """Whatever is left of it goes now."""
    while deleting.go_on(environment.pk):
        pass
    assert not Environment.whole.filter(pk=environment.pk).exists()


def test_A13_deleting_an_environment_of_100_000_runs_is_little_work_and_a_kill_in_the_middle_is_finished_later(
    people: Cast, scene: Scene, stays: Environment, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(runs.now("get"), MANY)
    many(runs.start("get", idempotency_key="k"), 50, state="queued")
    other = runs.start("get")
    Run.objects.filter(pk=other.pk).update(environment=stays)
    KeptResult.objects.create(environment=scene.environment, key="k", value=1, expires_at=timezone.now())
    with CaptureQueriesContext(connection) as made:
        delete_environment(people.as_(people.dev), "shop", "dev")
    assert len(made) < FEW_STATEMENTS
    assert not [each["sql"] for each in made if "processors_run" in each["sql"]], "the request touches no run"
    assert Run.objects.filter(environment_id=scene.environment.pk).count() == MANY + 52
    dies_in_the_third_lot(monkeypatch, scene.environment.pk)
    assert Run.objects.filter(environment_id=scene.environment.pk).count() == MANY + 52 - 2 * deleting.RUNS_LOT
    rung: list[str] = []

    def hear(_task: str, *ids: str) -> bool:
        rung.extend(ids)
        return True

    with monkeypatch.context() as patched:
        patched.setattr(dispatch, "ring", hear)
        assert deleting.ring_unfinished() == 1
    assert rung == [str(scene.environment.pk)]
    gone(scene.environment)
    assert list(Run.objects.values_list("pk", flat=True)) == [other.pk]
    assert [model.__name__ for model in BELOW if model._default_manager.exclude(run_id=other.pk).exists()] == []
    assert not IdempotencyRecord.objects.exists()
    assert deleting.ring_unfinished() == 0


def test_A13_nothing_of_another_environment_goes(people: Cast, scene: Scene, stays: Environment, runs: Runs) -> None:
    scene.value("credential", "token", sealed="t0ken")
    resource = Resource.objects.create(product=scene.product, kind="cache", tag="quick", name="Quick")
    for place in (scene.environment, stays):
        ResourceConfig.objects.create(resource=resource, environment=place, provider="valkey")
    run = runs.now("get")
    kept = runs.start("get")
    Run.objects.filter(pk=kept.pk).update(environment=stays)
    delete_environment(people.as_(people.dev), "shop", "dev")
    assert not ConnectionValue.objects.exclude(connection_environment__environment=stays).exists(), (
        "credentials at once"
    )
    gone(scene.environment)
    assert not Run.objects.filter(pk=run.pk).exists()
    assert Run.objects.get() == kept
    for model in (ConnectionEnvironment, ResourceConfig, KeptResult):
        assert [row.environment_id for row in model._default_manager.all()] == [stays.pk], model
    assert ConnectionValue.objects.get().value == "v"
    assert list(scene.product.environments.all()) == [stays]


def test_A13_a_deleted_environment_is_not_there_for_anybody_and_its_slug_is_free(
    people: Cast, scene: Scene, stays: Environment, runs: Runs, client: Client
) -> None:
    run, actor = runs.now("get"), people.as_(people.dev)
    runs.start("get", idempotency_key="same")
    Run.objects.filter(pk=run.pk).update(state="failed")
    topics = {Topic("run", run.pk), Topic("runs", scene.product.pk, "dev")}
    assert allowed(people.dev, topics) == topics
    assert latest_failures(actor)
    assert oldest_queued(actor)
    client.force_login(people.dev)
    assert client.delete("/api/v1/workspaces/acme/products/shop/environments/dev/").status_code == 204
    hidden = Environment.whole.get(pk=scene.environment.pk).slug
    for path in ("environments/dev/", f"environments/{hidden}/"):
        assert client.get(f"/api/v1/workspaces/acme/products/shop/{path}").status_code == 404, path
    for path in (f"runs/{run.pk}/", f"runs/{run.pk}/log/"):
        assert client.get(f"/api/v1/workspaces/acme/{path}").status_code == 404, path
    for path in (f"runs/{run.pk}/", f"p/shop/runs/{run.pk}/", "p/shop/environments/dev/"):
        assert client.get(f"/w/acme/{path}").status_code == 404, path
    for path in (
        "p/shop/",
        "p/shop/settings/",
        "p/shop/environments/",
        "p/shop/connections/",
        "p/shop/runs/",
        "processors/",
    ):
        page = client.get(f"/w/acme/{path}", follow=True)
        assert page.status_code == 200, path
        assert hidden not in page.content.decode(), path
    listed = client.get("/api/v1/workspaces/acme/products/shop/environments/").json()
    assert [row["slug"] for row in listed.get("results", listed)] == ["stg"]
    assert client.get("/api/v1/workspaces/acme/runs/").json()["results"] == []
    assert allowed(people.dev, topics) == set()
    assert latest_failures(actor) == []
    assert oldest_queued(actor) is None
    assert sum(numbers.open for numbers in by_product(actor).values()) == 0
    assert sum(view.queued for view in processor_views(actor)) == 0
    for attempt in (lambda: runs.start("get"), lambda: run_services.replay_run(actor, run, idempotency_key="")):
        with pytest.raises(NotFound):
            attempt()
    assert AuditEntry.objects.get(verb="environment.deleted").changes == {"slug": ["dev", None]}
    again = create_environment(actor, "shop", {"slug": "dev", "name": "Development"})
    assert Environment.objects.get(product=scene.product, slug="dev") == again
    gone(scene.environment)
    assert client.get("/api/v1/workspaces/acme/products/shop/environments/dev/").status_code == 200


def test_A13_the_admin_shows_since_when_an_environment_goes(
    people: Cast, scene: Scene, stays: Environment, client: Client
) -> None:
    delete_environment(people.as_(people.dev), "shop", "dev")
    people.alice.is_staff = people.alice.is_superuser = True
    people.alice.save()
    client.force_login(people.alice)
    row = Environment.whole.get(pk=scene.environment.pk)
    assert row.deleting_at is not None
    assert row.slug in client.get(ADMIN).content.decode()
    assert client.get(f"{ADMIN}{row.pk}/change/").status_code == 200


def test_A13_no_worker_begins_a_run_of_an_environment_that_is_being_deleted(
    people: Cast, scene: Scene, stays: Environment, runs: Runs
) -> None:
    waiting, elsewhere = runs.start("get"), runs.start("get")
    Run.objects.filter(pk=elsewhere.pk).update(environment=stays)
    Run.objects.update(rang_at=None)
    delete_environment(people.as_(people.dev), "shop", "dev")
    sweeping.ring_again()
    assert list(Run.objects.exclude(rang_at=None)) == [elsewhere], "nobody is asked to take those that go"
    assert runs.execute(waiting).state == "queued"
    assert runs.execute(elsewhere).state == "completed"
    assert all("products_environment h" in statement for statement in (CLAIM, NEXT, WHOSE))


def test_A13_a_release_and_an_auth_are_free_of_it_at_once(people: Cast, scene: Scene, stays: Environment) -> None:
    actor = people.as_(people.dev)
    scene.authenticate(AuthSpec(tag="key", name="Key", kind="bearer"), token="t0ken")
    release = Release.objects.create(product=scene.product, number=1, content={}, content_hash="", author="Dev")
    deploy(actor, scene.environment, release.number)
    delete_environment(actor, "shop", "dev")
    release.delete()
    delete_auth(actor, scene.app.tag, "key")


def test_A13_a_product_takes_its_environment_that_is_going_with_it(
    people: Cast, scene: Scene, stays: Environment, runs: Runs
) -> None:
    many(runs.now("get"), 300)
    delete_environment(people.as_(people.dev), "shop", "dev")
    delete_product(people.as_(people.dev), "shop")
    assert deleting.ring_unfinished() == 1, "by the product alone"
    deleted(scene.product)
    nothing_is_left(scene)
    assert deleting.go_on(scene.environment.pk) is False
