"""Operations of resources: who may start which, with what input; looks and queries; and what is noted of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from processors.models import Run, RunDefinition, RunInput
from processors.services import looking
from processors.services.looking import look, queries_allowed
from processors.services.migrating import migrate
from processors.services.operations import OperationRequest, start_operation
from processors.services.query_notes import masked_query
from products.access import Actor
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.models import AuditEntry, Colour, Environment, Membership, Resource, ResourceConfig
from products.queries.callable_resources import Wanted
from products.services.database_actions import create_action
from products.services.migrations import create_migration
from products.services.resources import create_resource
from tests.people import Cast
from tests.products.things import make_product

pytestmark = pytest.mark.django_db
BY_ID = {"type": "read", "sql": "SELECT * FROM orders WHERE id = {{id:NUMBER:1:1000}} AND kind = {{kind:STRING?}}"}
BY = Wanted("database", "orders", "by-id")
QUERY = Wanted("database", "orders", "query")


@pytest.fixture
def dev(cast: Cast) -> Actor:
    """Dev, and a product with a database in `dev` and `prd`, a cache and a storage."""
    actor = cast.as_(cast.dev)
    make_product(actor)
    Environment.objects.filter(slug="prd").update(colour=Colour.RED)
    sqlite = {"provider": "sqlite", "settings": {"file": "orders"}}
    row = create_resource(actor, "shop", "database", {"name": "Orders", "environments": {"dev": sqlite, "prd": sqlite}})
    create_action(actor, row, name="By id", definition=BY_ID)
    create_migration(actor, row, tag="0001", up=["CREATE TABLE orders (id INTEGER)"])
    create_resource(actor, "shop", "cache", {"name": "Rates", "environments": {"dev": {"provider": "builtin"}}})
    return actor


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a worker would have been asked: nobody answers here."""
    asked: list[dict[str, Any]] = []

    def answered(actor: Actor, environment: Environment, text: str) -> looking.Seen:
        asked.append(json.loads(text))
        return looking.Seen({"rows": []})

    monkeypatch.setattr(looking, "_answered", answered)
    return asked


def start(actor: Actor, wanted: Wanted = BY, given: Any = None, environment: str = "dev", **options: Any) -> Run:
    given = {"id": 1} if given is None else given
    return start_operation(actor, OperationRequest("shop", environment, wanted, given, **options)).run


def test_a_run_of_an_operation_is_a_row_with_a_sealed_input(dev: Actor) -> None:
    run = start(dev, given={"id": 7, "kind": "canary-text-5521"})
    assert (run.kind, run.target, run.state, run.actor) == ("db_action", "orders:by-id", "queued", "dev@example.com")
    assert b"canary" not in bytes(RunInput.objects.get(run=run).sealed)
    definition = RunDefinition.objects.get(pk=run.definition_id)
    assert definition.content["resource"]["tag"] == "orders"


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({}, "/input/id"),
        ({"id": 0}, "/input/id"),
        ({"id": 1001}, "/input/id"),
        ({"id": "1; DROP TABLE orders"}, "/input/id"),
        ({"id": 1, "kind": ["a"]}, "/input/kind"),
        ({"id": 1, "knid": "a"}, "/input/knid"),
        ([], "/input"),
    ],
)
def test_D1_an_input_that_does_not_fit_is_refused_at_its_field(dev: Actor, given: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        start(dev, given=given)
    assert {problem.pointer for problem in caught.value.errors} == {pointer}
    assert not Run.objects.exists()


def test_A1_A2_A6_who_may_run(cast: Cast, dev: Actor) -> None:
    with pytest.raises(Forbidden):
        start(cast.as_(cast.vera))
    with pytest.raises(NotFound):
        start(cast.as_(cast.charlie))
    Membership.objects.filter(user=cast.dev).update(environment_scope=["dev"])
    narrowed = cast.as_(cast.dev)
    assert start(narrowed).environment.slug == "dev"
    with pytest.raises(Forbidden, match="prd"):
        start(narrowed, environment="prd")
    with pytest.raises(Forbidden, match="prd"):
        migrate(narrowed, product="shop", environment="prd", database="orders")
    Membership.objects.filter(user=cast.dev).update(environment_scope=[], product_scope=["another"])
    with pytest.raises(NotFound):
        start(cast.as_(cast.dev))


def test_what_serves_the_dashboard_is_not_for_calls(dev: Actor) -> None:
    for wanted in (QUERY, Wanted("database", "orders", "migrate"), Wanted("cache", "rates", "purge")):
        with pytest.raises(NotFound):
            start(dev, wanted, {"text": "SELECT 1"})
    with pytest.raises(NotFound):
        start(dev, Wanted("database", "orders", "nothing"))
    with pytest.raises(Conflict, match="not configured"):
        start(dev, Wanted("cache", "rates", "get"), {"key": "a"}, environment="prd")


def test_R9_the_same_key_is_the_same_run(dev: Actor) -> None:
    assert start(dev, idempotency_key="once").pk == start(dev, idempotency_key="once").pk
    with pytest.raises(Conflict):
        start(dev, given={"id": 2}, idempotency_key="once")
    assert Run.objects.count() == 1


def test_a_migration_is_a_run_that_knows_all_of_them(dev: Actor) -> None:
    run = migrate(dev, product="shop", environment="dev", database="orders").run
    assert (run.kind, run.target) == ("db_action", "orders:migrate")
    assert [each["tag"] for each in run.input["known"]] == ["0001"]
    with pytest.raises(Invalid) as caught:
        migrate(dev, product="shop", environment="dev", database="orders", to="0009")
    assert [problem.pointer for problem in caught.value.errors] == ["/to"]


def test_A2_vera_looks_and_her_queries_only_read(cast: Cast, dev: Actor, answers: list[dict[str, Any]]) -> None:
    vera = cast.as_(cast.vera)
    look(vera, "shop", "dev", Wanted("database", "orders", "tables"))
    look(vera, "shop", "dev", QUERY, {"text": "SELECT 1"})
    assert answers[1]["input"]["read_only"] is True
    for given in ({"text": "SELECT 1", "read_only": False}, {"text": "SELECT 1", "read_only": 0}):
        with pytest.raises((Forbidden, Invalid)):
            look(vera, "shop", "dev", QUERY, given)
    with pytest.raises(Forbidden):
        look(vera, "shop", "dev", Wanted("cache", "rates", "purge"))
    assert len(answers) == 2


@pytest.mark.parametrize("operation", ["migrate", "run", "by-id"])
def test_A5_what_changes_something_is_a_run_and_no_look(
    dev: Actor, answers: list[dict[str, Any]], operation: str
) -> None:
    known = [{"tag": "0001", "up": ["DROP TABLE orders"], "down": [], "checksum": "x"}]
    for environment in ("dev", "prd"):
        with pytest.raises(NotFound):
            look(dev, "shop", environment, Wanted("database", "orders", operation), {"known": known})
    assert not answers


@pytest.mark.parametrize("operation", ["set", "delete", "increment"])
def test_A5_values_of_a_cache_are_changed_by_runs(dev: Actor, answers: list[dict[str, Any]], operation: str) -> None:
    with pytest.raises(NotFound):
        look(dev, "shop", "dev", Wanted("cache", "rates", operation), {"key": "a", "value": 1})
    assert not answers


@pytest.mark.parametrize(
    ("given", "noted"), [({}, {"all": True}), ({"key": "k"}, {"key": "k"}), ({"key": ""}, {"all": True})]
)
def test_N1_a_purge_is_on_record_before_it_is_made(
    dev: Actor, answers: list[dict[str, Any]], given: dict[str, Any], noted: dict[str, Any]
) -> None:
    look(dev, "shop", "dev", Wanted("cache", "rates", "purge"), given)
    row = AuditEntry.objects.get(verb="cache.purged")
    assert (row.actor, row.object_id) == ("dev@example.com", Resource.objects.get(kind="cache").pk)
    assert row.changes == {"environment": "dev", **noted}
    assert len(answers) == 1


def test_A1_charlie_looks_at_nothing(cast: Cast, dev: Actor, answers: list[dict[str, Any]]) -> None:
    with pytest.raises(NotFound):
        look(cast.as_(cast.charlie), "shop", "dev", QUERY, {"text": "SELECT 1"})
    assert not answers
    assert not AuditEntry.objects.filter(verb="database.queried").exists()


def test_queries_are_off_in_red_environments_unless_they_are_allowed(dev: Actor, answers: list[dict[str, Any]]) -> None:
    config = ResourceConfig.objects.select_related("environment").get(environment__slug="prd")
    for console, on in ((None, False), (True, True), (False, False)):
        config.settings = {**config.settings, "console": console}
        config.save()
        assert queries_allowed(config) is on
        if on:
            look(dev, "shop", "prd", QUERY, {"text": "SELECT 1"})
            continue
        with pytest.raises(Forbidden):
            look(dev, "shop", "prd", QUERY, {"text": "SELECT 1"})
    assert len(answers) == 1
    look(dev, "shop", "prd", Wanted("database", "orders", "tables"))  # looking at tables is no query


def test_N1_every_query_is_on_record_before_it_is_sent(dev: Actor, answers: list[dict[str, Any]]) -> None:
    text = "SELECT * FROM users WHERE password = 'canary-9931' AND id = 5 " + "x" * 600
    look(dev, "shop", "dev", QUERY, {"text": text, "read_only": False})
    row = AuditEntry.objects.get(verb="database.queried")
    assert (row.actor, row.object_id) == ("dev@example.com", Resource.objects.get(kind="database").pk)
    assert (row.changes["environment"], row.changes["read_only"]) == ("dev", False)
    assert len(row.changes["query"]) == 500
    assert "canary" not in row.changes["query"]
    assert row.changes["query"].startswith("SELECT * FROM users WHERE password = '")


@pytest.mark.parametrize(
    "text",
    [
        "ALTER USER shop PASSWORD 'canary'",
        "alter role shop with password E'canary'",
        "CREATE USER shop IDENTIFIED BY 'canary'",
        "CREATE USER shop IDENTIFIED WITH caching_sha2_password BY 'can''canary'",
        'UPDATE users SET api_key="canary"',
        "SELECT 1 WHERE secret_token LIKE 'canary%'",
        "ALTER USER shop PASSWORD $$canary$$",
        "ALTER USER shop PASSWORD 'canary",
        '{"find": "users", "filter": {"password": "canary"}}',
    ],
)
def test_K1_what_looks_like_a_secret_is_not_on_record(text: str) -> None:
    assert "canary" not in masked_query(text)


def test_what_is_no_secret_stays_readable_on_record() -> None:
    text = "SELECT name, 'text' FROM orders WHERE sku = 'mug' -- keys"
    assert masked_query(text) == text
