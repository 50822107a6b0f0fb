"""Runs of databases, storages and caches once more with another input: by service, REST and page, kind by kind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from processors.models import Run, RunInput
from processors.services import repair, runs
from processors.services.migrating import migrate
from processors.services.operations import OperationRequest, start_operation
from products.access import Actor
from products.lib.errors import Conflict, Invalid
from products.queries.callable_resources import Wanted
from products.services import vault
from products.services.database_actions import create_action
from products.services.migrations import create_migration
from products.services.resources import create_resource
from tests.contracts.routes import signed_in
from tests.people import Cast
from tests.products.things import make_product

pytestmark = pytest.mark.django_db
PLACES: dict[str, Any] = {
    "database": {"provider": "sqlite", "settings": {"file": "orders"}},
    "storage": {"provider": "local", "settings": {"folder": "files"}},
    "cache": {"provider": "builtin"},
}
FIND = {"type": "read", "sql": "SELECT {{a:NUMBER}}, {{b:NUMBER}}"}
GIVEN: dict[str, Any] = {
    "database": ("find", {"a": 1, "b": 2}, {"a": 5}),
    "storage": ("save", {"key": "a.txt", "content": "x"}, {"key": "b.txt"}),
    "cache": ("set", {"key": "eur", "value": 1}, {"value": {"token": "tok-canary"}}),
}
KINDS = pytest.mark.parametrize("kind", sorted(GIVEN))


@pytest.fixture
def dev(cast: Cast) -> Actor:
    """Dev, and a product with one resource of each kind in `dev`, named after its kind."""
    actor = cast.as_(cast.dev)
    make_product(actor)
    for kind, place in PLACES.items():
        row = create_resource(actor, "shop", kind, {"name": kind, "tag": kind, "environments": {"dev": place}})
        if kind == "database":
            create_action(actor, row, name="find", tag="find", definition=FIND)
            create_migration(actor, row, tag="0001", up=["CREATE TABLE orders (id INTEGER)"])
    return actor


def first_run(actor: Actor, kind: str, **options: Any) -> Run:
    """A run of an operation of that kind."""
    operation, given, _ = GIVEN[kind]
    wanted = Wanted(kind, kind, operation)
    return start_operation(actor, OperationRequest("shop", "dev", wanted, given, retries=3, timeout_s=7, **options)).run


def sealed_input(run: Run) -> Any:
    row = RunInput.objects.get(run=run)
    return json.loads(vault.open_sealed(run.workspace, row, "sealed", bytes(row.sealed)))


@KINDS
def test_it_runs_once_more_with_some_of_its_input_changed_or_another(dev: Actor, kind: str) -> None:
    operation, given, change = GIVEN[kind]
    run = first_run(dev, kind)
    again = repair.restart_run(dev, run, change, merge=True).run
    assert (again.kind, again.target, again.trigger) == (run.kind, f"{kind}:{operation}", "restart")
    assert (again.replay_of, again.retries, again.timeout_s) == (run.pk, 3, 7)
    assert sealed_input(again) == {**sealed_input(run), **change}
    whole = repair.restart_run(dev, run, {**given, **change}).run
    assert sealed_input(whole) == sealed_input(again)
    with pytest.raises(Invalid) as caught:
        repair.restart_run(dev, run, {"nothing": 1}, merge=True)
    assert "/input/nothing" in {problem.pointer for problem in caught.value.errors}


@KINDS
def test_R9_a_key_of_a_start_does_not_stand_for_a_repetition(dev: Actor, kind: str) -> None:
    run = first_run(dev, kind, idempotency_key="k")
    for repeat in (lambda: runs.replay_run(dev, run, idempotency_key="k"),
                   lambda: repair.restart_run(dev, run, {}, merge=True, idempotency_key="k")):  # fmt: skip
        with pytest.raises(Conflict, match="key"):
            repeat()
    again = runs.replay_run(dev, run, idempotency_key="again")
    assert runs.replay_run(dev, run, idempotency_key="again").run.pk == again.run.pk != run.pk


@KINDS
def test_the_page_offers_it_and_rest_takes_it(dev: Actor, cast: Cast, kind: str) -> None:
    change = GIVEN[kind][2]
    run = first_run(dev, kind)
    client: Client = signed_in(cast.dev)
    page = f"/w/acme/p/shop/runs/{run.pk}/"
    assert f'href="{page}restart/"' in client.get(page).content.decode()
    assert "Restart" in client.get(f"{page}restart/").content.decode()
    changed = json.dumps({**run.input, **change})
    answer = client.post(f"{page}restart/", {"input": changed, "merge": "yes"})
    assert answer.status_code == 302, answer.content
    by_page = Run.objects.get(trigger="restart")
    assert "Restart of" in client.get(answer["Location"]).content.decode()
    url = f"/api/v1/workspaces/acme/runs/{run.pk}/restart/"
    by_rest = client.post(url, {"input": change, "merge": True}, content_type="application/json")
    assert (by_rest.status_code, by_rest.json()["replay_of"]) == (202, str(run.pk)), by_rest.content
    assert sealed_input(Run.objects.get(pk=by_rest.json()["id"])) == sealed_input(by_page)
    assert signed_in(cast.vera).post(f"{page}restart/", {"input": changed, "merge": "yes"}).status_code == 403


def test_A2_what_the_dashboard_alone_starts_takes_no_other_input(dev: Actor, cast: Cast) -> None:
    run = migrate(dev, product="shop", environment="dev", database="database").run
    with pytest.raises(Conflict, match="dashboard"):
        repair.restart_run(dev, run, {"known": [{"tag": "x", "up": ["DROP TABLE orders"]}]}, merge=True)
    client = signed_in(cast.dev)
    page = f"/w/acme/p/shop/runs/{run.pk}/"
    assert "restart/" not in client.get(page).content.decode()
    refused = client.post(f"{page}restart/", {"input": "{}", "merge": "yes"})
    assert (refused.status_code, "dashboard" in refused.content.decode()) == (422, True)
    assert runs.replay_run(dev, run).run.input == run.input
