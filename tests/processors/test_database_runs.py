"""One product, one feature, one set of actions and migrations: in whichever database an environment has, the same."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from processors.models import Run, Step
from processors.runtime import loop
from processors.services import migrating, operations
from processors.services.operations import OperationRequest
from products.lib.errors import Invalid
from products.models import Resource
from products.queries.callable_resources import Wanted
from products.services import migrations, resources
from products.services.database_actions import create_action
from products.services.releases import deploy, make_release
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.connectors.mongodb.own_server import PASSWORD, USER, drop, own_mongo
from tests.processors.connectors.sql.databases import administer, server
from tests.processors.feature_runs import FeatureRuns
from tests.processors.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)

ACTIONS: dict[str, dict[str, Any]] = {
    "add": {
        "type": "create",
        "sql": "INSERT INTO items (sku, stock) VALUES ({{sku:STRING:1:40}}, {{stock:INTEGER:0:1000}})",
        "mongodb": {"operation": "insert", "collection": "items",
                    "documents": [{"sku": "{{sku:STRING:1:40}}", "stock": "{{stock:INTEGER:0:1000}}"}]},
    },
    "by-sku": {
        "type": "read",
        "sql": "SELECT sku, stock FROM items WHERE sku = {{sku:STRING}}",
        "mongodb": {"operation": "find", "collection": "items", "filter": {"sku": "{{sku:STRING}}"},
                    "projection": {"_id": 0, "sku": 1, "stock": 1}},
    },
    "reserve": {
        "type": "update",
        "sql": "UPDATE items SET stock = stock - {{count:INTEGER}} WHERE sku = {{sku:STRING}} AND stock >= {{count}}",
        "mongodb": {"operation": "update", "collection": "items",
                    "filter": {"sku": "{{sku:STRING}}", "stock": {"$gte": "{{count:INTEGER}}"}},
                    "update": [{"$set": {"stock": {"$subtract": ["$stock", "{{count}}"]}}}]},
    },
}  # fmt: skip
TABLE = "CREATE TABLE items (sku VARCHAR(40) NOT NULL PRIMARY KEY, stock INTEGER NOT NULL)"


def db(tag: str, action: str, **given: Any) -> dict[str, Any]:
    """An event that uses `orders`."""
    return {"tag": tag, "type": "db_action", "event": f"orders:{action}", "input": given}


FEATURE = {
    "input": {"sku": {"type": "string", "required": True}},
    "sequences": [
        {"tag": "all", "events": [
            db("add", "add", sku="$Input{sku}", stock=5),
            db("take", "reserve", sku="$Input{sku}", count=3),
            db("again", "reserve", sku="$Input{sku}", count=3),
            db("look", "by-sku", sku="$Step{add}{rows}") | {"input": {"sku": "$Input{sku}"}},
        ]},
    ],
    "output": {"took": ["$Step{take}{changed}", "$Step{again}{changed}"], "left": "$Step{look}{rows}"},
}  # fmt: skip


@pytest.fixture
def orders(runs: Runs) -> Resource:
    """The database `orders` with its actions and one migration, configured nowhere yet."""
    row = resources.create_resource(runs.actor, "shop", "database", {"name": "Orders"})
    for tag, definition in ACTIONS.items():
        create_action(runs.actor, row, name=tag, tag=tag, definition=definition)
    migrations.create_migration(runs.actor, row, tag="items", up=[TABLE], down=["DROP TABLE items"])
    return row


@pytest.fixture
def kept_in(runs: Runs, orders: Resource, settings: Any, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Switches `dev` to another provider, with an empty database there."""
    settings.RESOURCES_DIR = tmp_path
    settings.EGRESS_ALLOW = [*settings.EGRESS_ALLOW, "127.0.0.0/8"]
    with ExitStack() as stack:

        def switch(provider: str) -> None:
            name = f"ductape_test_{secrets.token_hex(6)}"
            given = _settings(provider, name, stack, tmp_path)
            resources.configure(runs.actor, orders, "dev", {"provider": provider, "settings": given})

        yield switch
        loop.stop()  # while the servers are there


def _settings(provider: str, name: str, stack: ExitStack, folder: Path) -> dict[str, Any]:
    if provider == "sqlite":
        return {"file": name}
    if provider == "mongodb":
        (folder / "mongo").mkdir()
        mongo = stack.enter_context(own_mongo(folder / "mongo"))
        stack.callback(drop, mongo.port, name)
        return {"hosts": f"127.0.0.1:{mongo.port}", "database": name, "user": USER, "password": PASSWORD, "tls": "off"}
    asyncio.run(administer(provider, f"CREATE DATABASE {name}"))
    stack.callback(lambda: asyncio.run(administer(provider, f"DROP DATABASE {name}{_FORCE.get(provider, '')}")))
    return {**server(provider), "database": name}


_FORCE = {"postgresql": " WITH (FORCE)"}


def use(runs: Runs, action: str, **given: Any) -> Run:
    request = OperationRequest("shop", "dev", Wanted("database", "orders", action), given)
    return runs.execute(operations.start_operation(runs.actor, request).run)


@pytest.mark.services("postgres", "mysql")
def test_a_provider_is_switched_and_the_same_feature_gives_the_same(
    runs: Runs, kept_in: Callable[[str], None], scene: Scene, people: Cast
) -> None:
    made = FeatureRuns(people.as_(people.dev), scene)
    made.make("stock", FEATURE)
    seen = {}
    for provider in ("postgresql", "mysql", "sqlite", "mongodb"):
        kept_in(provider)
        if provider != "mongodb":
            up = runs.execute(migrating.migrate(runs.actor, product="shop", environment="dev", database="orders").run)
            assert up.state == "completed", up.error
        run = made.now("stock", {"sku": "tape"})
        seen[provider] = (run.state, run.output, run.error)
    same = ("completed", {"took": [1, 0], "left": [{"sku": "tape", "stock": 2}]}, None)
    assert seen == dict.fromkeys(seen, same)


def test_actions_run_by_themselves_and_say_what_they_changed(runs: Runs, kept_in: Callable[[str], None]) -> None:
    kept_in("sqlite")
    runs.execute(migrating.migrate(runs.actor, product="shop", environment="dev", database="orders").run)
    assert use(runs, "add", sku="a", stock=2).output["changed"] == 1
    assert [use(runs, "reserve", sku="a", count=2).output["changed"] for _ in range(2)] == [1, 0]
    twice = use(runs, "add", sku="a", stock=2)
    assert twice.state == "failed"
    assert twice.error["outcome_unknown"] is False


def test_J12_a_value_of_another_type_is_refused_where_it_stands(runs: Runs, kept_in: Callable[[str], None]) -> None:
    kept_in("sqlite")
    for given, pointer in (({"sku": {"$gt": ""}}, "/input/sku"), ({"sku": ["a"]}, "/input/sku"), ({}, "/input/sku")):
        with pytest.raises(Invalid) as refused:
            use(runs, "by-sku", **given)
        assert pointer in {problem.pointer for problem in refused.value.errors}


def test_a_release_keeps_the_database_actions_that_its_features_use(
    runs: Runs, orders: Resource, kept_in: Callable[[str], None], scene: Scene, people: Cast
) -> None:
    kept_in("sqlite")
    runs.execute(migrating.migrate(runs.actor, product="shop", environment="dev", database="orders").run)
    made = FeatureRuns(people.as_(people.dev), scene)
    made.make("stock", FEATURE)
    alice = people.as_(people.alice)
    release = make_release(alice, scene.product)
    deploy(alice, scene.product.environments.get(slug="dev"), release.number)
    reserve = orders.actions.get(tag="reserve")
    reserve.definition = {"type": "update", "sql": "UPDATE items SET stock = 0 WHERE sku = {{sku:STRING}}"}
    reserve.save()
    assert made.now("stock", {"sku": "tape"}).output["took"] == [1, 0]


def test_migrations_go_up_and_down_and_are_seen(runs: Runs, kept_in: Callable[[str], None]) -> None:
    kept_in("sqlite")
    up = runs.execute(migrating.migrate(runs.actor, product="shop", environment="dev", database="orders").run)
    assert up.state == "completed", up.error
    down = runs.execute(
        migrating.migrate(runs.actor, product="shop", environment="dev", database="orders", direction="down").run
    )
    assert down.state == "completed", down.error
    missing = use(runs, "by-sku", sku="a")
    assert missing.state == "failed"
    assert "items" in missing.error["details"]["remote_message"]
    assert (missing.error["details"]["line"], missing.error["details"]["column"]) == (1, 24)
    assert Step.objects.filter(run=missing).get().kind == "db_action"


def test_one_that_was_deleted_is_forgotten_and_all_others_are_taken_back(
    runs: Runs, orders: Resource, kept_in: Callable[[str], None]
) -> None:
    def go(**given: Any) -> Run:
        asked = {"product": "shop", "environment": "dev", "database": "orders", **given}
        return runs.execute(migrating.migrate(runs.actor, **asked).run)

    kept_in("sqlite")
    stray = migrations.create_migration(runs.actor, orders, tag="stray", up=["CREATE TABLE stray (id INTEGER)"])
    assert go().output["done"] == ["items", "stray"]
    migrations.delete_migration(runs.actor, stray)
    stuck = go(direction="down", to="*")
    assert (stuck.state, "stray" in stuck.error["message"]) == ("failed", True)
    assert go(repair="forget", to="stray").state == "completed"
    assert go(direction="down", to="*").output == {
        "done": ["items"], "migrations": [{"tag": "items", "state": "pending", "applied_at": None}],
    }  # fmt: skip
