"""What may be asked of migrations: of a person, over REST and from Python; what the database is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from processors.models import Run
from processors.services.migrating import migrate
from products.access import Actor
from products.lib.errors import Invalid
from products.services.migrations import create_migration
from products.services.resources import create_resource
from tests import objects
from tests.people import Cast
from tests.products.things import make_product

pytestmark = pytest.mark.django_db
REST = "/api/v1/workspaces/acme/processor/db/migration/"
HERE = {"product": "shop", "environment": "dev", "database": "orders"}


@pytest.fixture
def dev(cast: Cast) -> Actor:
    """Dev, and a product whose database has two migrations."""
    actor = cast.as_(cast.dev)
    make_product(actor)
    sqlite = {"provider": "sqlite", "settings": {"file": "orders"}}
    row = create_resource(actor, "shop", "database", {"name": "Orders", "environments": {"dev": sqlite}})
    for tag in ("0001", "0002"):
        create_migration(actor, row, tag=tag, up=["SELECT 1"], down=["SELECT 2"])
    return actor


@pytest.fixture
def client(cast: Cast, dev: Actor) -> Client:
    """With a key that may run."""
    return Client(headers={"Authorization": f"Bearer {objects.key(cast.workspace, 'read', 'run').text}"})


def asked(run: Run) -> tuple[str, str, str]:
    """What a run was asked for."""
    found = run.input
    return found["direction"], found["to"], found["repair"]


def test_all_are_taken_back_by_a_star(dev: Actor) -> None:
    run = migrate(dev, **HERE, direction="down", to="*").run
    assert asked(run) == ("down", "*", "")


@pytest.mark.parametrize("given", [{"to": "*"}, {"to": "*", "direction": "down", "repair": "skip"}, {"to": "0009"}])
def test_a_star_is_for_what_is_taken_back_only(dev: Actor, given: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        migrate(dev, **HERE, **given)
    assert [problem.pointer for problem in caught.value.errors] == ["/to"]
    assert not Run.objects.exists()


def test_one_that_the_product_has_no_more_can_be_forgotten(dev: Actor) -> None:
    run = migrate(dev, **HERE, repair="forget", to="0000").run
    assert asked(run) == ("up", "0000", "forget")
    for repair in ("skip", "retry"):
        with pytest.raises(Invalid):
            migrate(dev, **HERE, repair=repair, to="0000")


def test_both_can_be_had_over_REST(client: Client) -> None:
    for path, given, told in (
        ("rollback", {"to": "*"}, ("down", "*", "")),
        ("run", {"to": "0000", "repair": "forget"}, ("up", "0000", "forget")),
    ):
        answer = client.post(REST + path, HERE | given, content_type="application/json")
        assert answer.status_code == 202
        assert asked(Run.objects.get(pk=answer.json()["id"])) == told
    refused = client.post(f"{REST}run", {**HERE, "to": "*"}, content_type="application/json")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/to")
