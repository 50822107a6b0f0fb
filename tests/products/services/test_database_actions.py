"""Database actions as they are saved: what cannot be run is refused with pointers, what is used is not deleted."""

from __future__ import annotations

from typing import Any

import pytest

from products.access import Actor
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.models import AuditEntry, DatabaseAction, Resource
from products.queries import database_actions as queries
from products.queries.feature_world import world_of
from products.services import database_actions as services
from products.services.features import create_feature
from products.services.resources import create_resource
from products.services.validation import Taken
from tests.people import Cast
from tests.products.things import make_product

pytestmark = pytest.mark.django_db
BY_ID = {"type": "read", "sql": "SELECT * FROM orders WHERE id = {{id:INTEGER}}"}


@pytest.fixture
def dev(cast: Cast) -> Actor:
    return cast.as_(cast.dev)


@pytest.fixture
def orders(dev: Actor) -> Resource:
    make_product(dev)
    config = {"provider": "sqlite", "settings": {"file": "orders"}}
    return create_resource(dev, "shop", "database", {"name": "Orders", "environments": {"dev": config}})


@pytest.fixture
def by_id(dev: Actor, orders: Resource) -> DatabaseAction:
    return services.create_action(dev, orders, name="By id", definition=BY_ID)


def test_an_action_is_kept_as_it_was_written(dev: Actor, orders: Resource, by_id: DatabaseAction) -> None:
    assert queries.database_action(dev, orders, "by-id").definition == BY_ID


@pytest.mark.parametrize(
    ("definition", "pointer"),
    [
        ([], "/definition"),
        ({"sql": "SELECT 1"}, "/definition/type"),
        ({"type": "drop", "sql": "SELECT 1"}, "/definition/type"),
        ({"type": "read"}, "/definition/sql"),
        ({"type": "read", "sql": 5}, "/definition/sql"),
        ({"type": "read", "sql": ["SELECT 1", "SELECT '{{name:STRING}}'"]}, "/definition/sql/1"),
        ({"type": "read", "sql": "SELECT {{id:NOTHING}}"}, "/definition/sql"),
        ({"type": "read", "sql": "SELECT 1", "max_rows": 0}, "/definition/max_rows"),
        ({"type": "read", "sql": "SELECT 1", "timeout": "soon"}, "/definition/timeout"),
        ({"type": "read", "sql": "SELECT 1", "variants": {"oracle": "SELECT 1"}}, "/definition/variants/oracle"),
        ({"type": "read", "sql": "SELECT 1", "more": 1}, "/definition/more"),
        ({"type": "read", "sql": "SELECT '\x00'"}, "/definition/sql"),
    ],
)
def test_D1_what_cannot_be_run_is_refused_at_its_place(
    dev: Actor, orders: Resource, by_id: DatabaseAction, definition: Any, pointer: str
) -> None:
    with pytest.raises(Invalid) as caught:
        services.create_action(dev, orders, name="New", definition=definition)
    assert pointer in {problem.pointer for problem in caught.value.errors}
    with pytest.raises(Invalid):
        services.update_action(dev, by_id, definition=definition)
    assert DatabaseAction.objects.get().definition == BY_ID


@pytest.mark.parametrize("where", ["event", "rollback"])
def test_X10_what_a_feature_uses_is_not_deleted(
    dev: Actor, orders: Resource, by_id: DatabaseAction, where: str
) -> None:
    call = {"type": "db_action", "event": "orders:by-id", "input": {"id": 1}}
    event = {"tag": "find", **call}
    if where == "rollback":
        other = services.create_action(dev, orders, name="Other", definition={"type": "read", "sql": "SELECT 1"})
        event = {"tag": "find", "type": "db_action", "event": f"orders:{other.tag}", "rollback": call}
    definition = {"sequences": [{"tag": "main", "events": [event]}]}
    create_feature(dev, orders.product, tag="finds", name="Finds", definition=definition)
    with pytest.raises(Conflict, match="finds") as caught:
        services.delete_action(dev, by_id)
    assert caught.value.code == "in_use"
    assert DatabaseAction.objects.filter(tag="by-id").exists()


def test_A1_A2_who_may(cast: Cast, orders: Resource, by_id: DatabaseAction) -> None:
    for person, refusal in ((cast.vera, Forbidden), (cast.charlie, NotFound)):
        actor = cast.as_(person)
        for act in (
            lambda actor=actor: services.create_action(actor, orders, name="New", definition=BY_ID),
            lambda actor=actor: services.update_action(actor, by_id, name="New"),
            lambda actor=actor: services.delete_action(actor, by_id),
        ):
            with pytest.raises(refusal):
                act()


def test_tags_names_and_the_most(dev: Actor, orders: Resource, by_id: DatabaseAction, monkeypatch: Any) -> None:
    assert services.create_action(dev, orders, name="By id", definition=BY_ID).tag == "by-id-2"
    with pytest.raises(Taken):
        services.create_action(dev, orders, name="Again", tag="by-id", definition=BY_ID)
    with pytest.raises(Invalid):
        services.update_action(dev, by_id, tag="another")
    monkeypatch.setattr(services, "MAX_ACTIONS", 2)
    with pytest.raises(Conflict):
        services.create_action(dev, orders, name="Third", definition=BY_ID)


def test_only_databases_have_actions(dev: Actor, orders: Resource) -> None:
    cache = create_resource(dev, "shop", "cache", {"name": "Rates"})
    with pytest.raises(NotFound):
        services.create_action(dev, cache, name="New", definition=BY_ID)


def test_N1_every_change_is_on_record(dev: Actor, by_id: DatabaseAction) -> None:
    services.update_action(dev, by_id, name="By number")
    services.update_action(dev, by_id, name="By number")
    services.delete_action(dev, by_id)
    rows = AuditEntry.objects.filter(verb__startswith="database_action.").order_by("id")
    assert [row.verb.split(".")[1] for row in rows] == ["created", "changed", "deleted"]


def test_a_feature_that_gives_placeholders_what_they_cannot_be_is_refused_at_their_place(
    dev: Actor, by_id: DatabaseAction, django_assert_max_num_queries: Any
) -> None:
    def definition(**given: Any) -> dict[str, Any]:
        events = [{"tag": tag, "type": "db_action", "event": "orders:by-id", "input": given} for tag in ("one", "two")]
        return {"sequences": [{"tag": "main", "events": events}]}

    at = "/definition/sequences/0/events/0/input"
    for given, pointer in (({"id": "one"}, f"{at}/id"), ({}, f"{at}/id"), ({"id": 1, "ix": 2}, f"{at}/ix")):
        with pytest.raises(Invalid) as caught:
            create_feature(dev, by_id.resource.product, name="Look", definition=definition(**given))
        assert caught.value.errors[0].pointer == pointer
    world = world_of(by_id.resource.product)
    with django_assert_max_num_queries(1):
        assert [world.resources["db_action"]["orders"]["by-id"][0].name for _ in range(3)] == ["id"] * 3
    assert create_feature(dev, by_id.resource.product, name="Look", definition=definition(id="$Run{id}"))
    assert create_feature(dev, by_id.resource.product, name="Look more", definition=definition(id=5))
