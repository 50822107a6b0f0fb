"""What people see of a resource without a run: a worker answers, sealed, and by their rights."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from django.conf import settings as site
from django.test import Client

from processors.live import wire
from processors.models import Run
from processors.runtime import loop
from processors.services import looking
from processors.services.looking import Seen, look
from processors.services.migrating import migrate
from processors.services.operations import OperationRequest, start_operation
from products import access, dispatch
from products.access import Actor
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.models import Environment, Resource
from products.queries.callable_resources import Wanted
from products.services import resources
from products.services.database_actions import create_action
from products.services.migrations import create_migration
from tests import objects
from tests.people import Cast
from tests.processors.conftest import Runs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cache(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> Resource:
    """`rates`; the doorbell leads straight into the loop of this process."""
    monkeypatch.setattr(dispatch, "ring", lambda task, look_id, queue: loop.start().look(UUID(look_id)))
    wanted = {"name": "Rates", "environments": {"dev": {"provider": "builtin"}}}
    return resources.create_resource(runs.actor, "shop", "cache", wanted)


def see(actor: Actor, operation: str, given: Any = None, *, kind: str = "cache", tag: str = "rates") -> Seen:
    return look(actor, "shop", "dev", Wanted(kind, tag, operation), given)


def test_a_look_answers_without_a_run(runs: Runs, cache: Resource) -> None:
    assert see(runs.actor, "check").error is None
    assert see(runs.actor, "keys").output["keys"] == []
    assert not Run.objects.exists()


@pytest.mark.parametrize(("value", "drawn"), [
    (None, '<span class="word">null</span>'), (5, '<span class="number">5</span>'), ("5", "&quot;5&quot;"),
])  # fmt: skip
def test_the_page_of_a_key_tells_null_and_numbers_from_texts(
    runs: Runs, cache: Resource, people: Cast, value: Any, drawn: str
) -> None:
    request = OperationRequest("shop", "dev", Wanted("cache", "rates", "set"), {"key": "k", "value": value})
    assert runs.execute(start_operation(runs.actor, request).run).state == "completed"
    client = Client()
    client.force_login(people.vera)
    page = client.get("/w/acme/p/shop/resources/cache/rates/key/?env=dev&key=k").content.decode()
    assert drawn in page


def test_A5_who_may_only_look_changes_nothing(runs: Runs, cache: Resource, people: Cast) -> None:
    vera = people.as_(people.vera)
    assert see(vera, "keys").error is None
    with pytest.raises(Forbidden):
        see(vera, "purge")


def test_A1_a_stranger_sees_nothing(runs: Runs, cache: Resource, people: Cast) -> None:
    with pytest.raises(NotFound):
        see(access.member(people.charlie, people.elsewhere.tag), "keys")


def test_operations_for_runs_are_no_looks_and_input_is_checked(runs: Runs, cache: Resource) -> None:
    with pytest.raises(NotFound):
        see(runs.actor, "nothing")
    with pytest.raises(Invalid) as refused:
        see(runs.actor, "keys", {"limit": "many"})
    assert refused.value.errors[0].pointer == "/input/limit"


def test_an_error_of_the_other_side_is_an_answer_without_its_secrets(
    runs: Runs, cache: Resource, settings: Any
) -> None:
    settings.EGRESS_ALLOW = ["127.0.0.1:6379"]
    wrong = {"host": "127.0.0.1", "tls": "off", "password": "canary-7f3a"}
    resources.configure(runs.actor, cache, "dev", {"provider": "redis", "settings": wrong})
    seen = see(runs.actor, "check")
    assert seen.error is not None
    assert seen.error["code"] == "auth_failed"
    assert "canary" not in str(seen)


def test_S1_a_private_address_is_refused(runs: Runs, cache: Resource) -> None:
    inside = {"host": "10.0.0.1", "tls": "off"}
    resources.configure(runs.actor, cache, "dev", {"provider": "redis", "settings": inside})
    seen = see(runs.actor, "check")
    assert seen.error is not None
    assert seen.error["code"] == "address_refused"


def test_K1_questions_lie_sealed_and_for_seconds(runs: Runs, cache: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
    client = redis.Redis.from_url(site.VALKEY_URL)
    found: list[bytes] = []

    def ring(task: str, look_id: str, queue: str) -> bool:
        key = wire.LOOK.format(id=look_id)
        found.append(client.get(key) or b"")  # type: ignore[arg-type]
        assert 0 < int(client.ttl(key)) < 60  # type: ignore[arg-type]
        return bool(loop.start().look(UUID(look_id)))

    monkeypatch.setattr(dispatch, "ring", ring)
    see(runs.actor, "keys", {"contains": "canary-1b2c"})
    assert found[0]
    assert b"canary" not in found[0]
    client.close()


def test_without_a_worker_it_is_said_that_nobody_answers(
    runs: Runs, cache: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "ring", lambda task, look_id, queue: True)
    monkeypatch.setattr(looking, "WAIT_S", 1.0)
    with pytest.raises(Conflict, match="No worker has answered"):
        see(runs.actor, "check")


def test_ad_hoc_queries_are_off_in_red_environments_unless_allowed(runs: Runs, cache: Resource) -> None:
    wanted = {"name": "Orders", "environments": {"dev": {"provider": "sqlite", "settings": {"file": "orders"}}}}
    database = resources.create_resource(runs.actor, "shop", "database", wanted)
    Environment.objects.filter(slug="dev").update(colour="red")
    with pytest.raises(Forbidden, match="turned off in “dev”"):
        see(runs.actor, "query", {"text": "SELECT 1"}, kind="database", tag="orders")
    resources.configure(runs.actor, database, "dev", {"settings": {"console": True}})
    see(runs.actor, "query", {"text": "SELECT 1"}, kind="database", tag="orders")


LOOK = "/api/v1/workspaces/acme/products/shop/resources/database/orders/environments/dev/look/"
BY_ID = {"type": "read", "sql": "SELECT * FROM sqlite_schema WHERE rowid = {{id:NUMBER:1:1000}}"}


@pytest.fixture
def orders(runs: Runs, cache: Resource, settings: Any, tmp_path: Path) -> Resource:
    """A database with an action and two migrations, of which none was run."""
    settings.RESOURCES_DIR = tmp_path
    wanted = {"name": "Orders", "environments": {"dev": {"provider": "sqlite", "settings": {"file": "orders"}}}}
    row = resources.create_resource(runs.actor, "shop", "database", wanted)
    create_action(runs.actor, row, name="By id", definition=BY_ID)
    for tag in ("0001", "0002"):
        create_migration(runs.actor, row, tag=tag, up=[f"CREATE TABLE t{tag} (a INTEGER)"])
    return row


def ask(people: Cast, operation: str, given: Any, *scopes: str) -> Any:
    """Over REST, with a key that may read."""
    client = Client(headers={"Authorization": f"Bearer {objects.key(people.workspace, *scopes or ('read',)).text}"})
    return client.post(LOOK, {"operation": operation, "input": given}, content_type="application/json")


@pytest.mark.parametrize("values", [{"input": {"id": 1}}, {"input": {}}, {}])
def test_a_dry_run_over_rest_names_a_saved_action(people: Cast, orders: Resource, values: dict[str, Any]) -> None:
    answer = ask(people, "explain", {"action": "by-id", **values}).json()
    assert answer["error"] is None, answer
    (plan,) = answer["output"]["plans"]
    assert "{{id}}" in plan["statement"]
    assert plan["plan"]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [({}, "/input/action"), ({"action": "gone"}, "/input/action"), ({"action": 5}, "/input/action"),
     ({"action": "by-id", "input": {"id": 0}}, "/input/input/id"), ({"action": "by-id", "input": 5}, "/input/input"),
     ({"action": "by-id", "definition": {"type": "read", "sql": "SELECT 1"}}, "/input/definition")],
)  # fmt: skip
def test_a_dry_run_is_refused_at_its_field(people: Cast, orders: Resource, given: Any, pointer: str) -> None:
    answer = ask(people, "explain", given)
    assert answer.status_code == 400
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_the_plan_of_migrations_over_rest_is_that_of_the_product(runs: Runs, people: Cast, orders: Resource) -> None:
    assert states(people) == {"0001": "pending", "0002": "pending"}
    run = migrate(runs.actor, product="shop", environment="dev", database="orders", to="0001").run
    assert runs.execute(run).state == "completed"
    assert states(people) == {"0001": "applied", "0002": "pending"}


def states(people: Cast) -> dict[str, str]:
    answer = ask(people, "migrations", {}).json()
    return {each["tag"]: each["state"] for each in answer["output"]["migrations"]}


def test_A5_a_migration_over_rest_is_a_run_and_no_look(people: Cast, orders: Resource) -> None:
    known = [{"tag": "x", "up": ["CREATE TABLE y (a INTEGER)"], "down": [], "checksum": "z"}]
    assert ask(people, "migrate", {"known": known}, "read", "run").status_code == 404
    assert not Run.objects.exists()
