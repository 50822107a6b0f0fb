"""Migrations as they are saved: in order, with statements, never with nothing to do."""

from __future__ import annotations

from typing import Any

import pytest

from products.access import Actor
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.models import AuditEntry, Migration, Resource
from products.queries.database_actions import migrations_of
from products.services import migrations as services
from products.services.resources import create_resource
from products.services.validation import Taken
from tests.people import Cast
from tests.products.things import make_product

pytestmark = pytest.mark.django_db
UP = ["CREATE TABLE orders (id INTEGER PRIMARY KEY)"]


@pytest.fixture
def dev(cast: Cast) -> Actor:
    return cast.as_(cast.dev)


@pytest.fixture
def orders(dev: Actor) -> Resource:
    make_product(dev)
    return create_resource(dev, "shop", "database", {"name": "Orders"})


def add(actor: Actor, row: Resource, tag: str, **more: Any) -> Migration:
    return services.create_migration(actor, row, **{"tag": tag, "up": UP, **more})


def test_each_comes_after_all_others(dev: Actor, orders: Resource) -> None:
    for tag in ("b", "a", "c"):
        add(dev, orders, tag)
    assert [row.tag for row in migrations_of(dev, orders)] == ["b", "a", "c"]
    services.delete_migration(dev, Migration.objects.get(tag="a"))
    add(dev, orders, "d")
    assert [row.tag for row in migrations_of(dev, orders)] == ["b", "c", "d"]


def test_the_checksum_changes_with_either_direction_and_with_nothing_else(dev: Actor, orders: Resource) -> None:
    row = add(dev, orders, "a", down=["DROP TABLE orders"])
    seen = [services.known_migrations(orders)[0]["checksum"]]
    services.update_migration(dev, row, description="Words")
    assert services.known_migrations(orders)[0]["checksum"] == seen[0]
    for change in ({"up": [*UP, "SELECT 1"]}, {"down": []}):
        services.update_migration(dev, row, **change)
        seen.append(services.known_migrations(orders)[0]["checksum"])
    assert len(set(seen)) == 3


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"up": []}, "/up"),
        ({"up": None}, "/up"),
        ({"up": {"a": 1}}, "/up"),
        ({"up": ["SELECT 1", " "]}, "/up/1"),
        ({"up": ["SELECT 1", 5]}, "/up/1"),
        ({"up": ["x" * 200_001]}, "/up/0"),
        ({"up": ["CREATE TABLE a (id INT); -- and\nCREATE TABLE b (id INT)"]}, "/up/0"),
        ({"down": ["DROP TABLE b", "DROP TABLE a; DROP TABLE c;"]}, "/down/1"),
        ({"up": ["SELECT 1"] * 201}, "/up"),
        ({"down": [None]}, "/down/0"),
        ({"tag": "Upper"}, "/tag"),
    ],
)
def test_D1_what_is_no_migration_is_refused_at_its_place(
    dev: Actor, orders: Resource, given: Any, pointer: str
) -> None:
    with pytest.raises(Invalid) as caught:
        add(dev, orders, **{"tag": "a", **given})
    assert {problem.pointer for problem in caught.value.errors} == {pointer}
    assert not Migration.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE a (id INT);  -- the end;",
        "INSERT INTO a VALUES ('x; DROP TABLE a', \"y;z\")",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET n = 1; UPDATE a SET n = 2; END",
        "CREATE OR REPLACE FUNCTION f() RETURNS trigger AS $$ BEGIN x := 1; RETURN NEW; END $$ LANGUAGE plpgsql",
        "DO $$ BEGIN PERFORM 1; PERFORM 2; END $$",
        "SELECT 1 # a comment; of MySQL",
    ],
)
def test_one_statement_may_hold_semicolons(dev: Actor, orders: Resource, text: str) -> None:
    assert add(dev, orders, "a", up=[text]).up == [text]


def test_A1_A2_who_may(cast: Cast, dev: Actor, orders: Resource) -> None:
    row = add(dev, orders, "a")
    for person, refusal in ((cast.vera, Forbidden), (cast.charlie, NotFound)):
        actor = cast.as_(person)
        for act in (
            lambda actor=actor: add(actor, orders, "b"),
            lambda actor=actor: services.update_migration(actor, row, up=["SELECT 1"]),
            lambda actor=actor: services.delete_migration(actor, row),
        ):
            with pytest.raises(refusal):
                act()


def test_a_tag_is_taken_once_and_there_is_a_most(dev: Actor, orders: Resource, monkeypatch: Any) -> None:
    add(dev, orders, "a")
    with pytest.raises(Taken):
        add(dev, orders, "a")
    monkeypatch.setattr(services, "MAX_MIGRATIONS", 1)
    with pytest.raises(Conflict):
        add(dev, orders, "b")


def test_N1_every_change_is_on_record(dev: Actor, orders: Resource) -> None:
    row = add(dev, orders, "a")
    services.update_migration(dev, row, up=["SELECT 1"])
    services.delete_migration(dev, row)
    rows = AuditEntry.objects.filter(verb__startswith="migration.").order_by("id")
    assert [entry.verb.split(".")[1] for entry in rows] == ["created", "changed", "deleted"]
