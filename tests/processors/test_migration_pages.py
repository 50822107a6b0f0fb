"""The page of migrations: what stands where, what can be done about it, in words that are true; a thousand of them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from processors.models import Run
from processors.services.looking import Seen
from processors.views import asking, database_migrations
from products.models import Colour, Environment, Migration
from products.services.migrations import create_migration
from products.services.resources import create_resource
from tests.people import Cast
from tests.products.things import make_product

pytestmark = pytest.mark.django_db
PAGE = "/w/acme/p/shop/resources/database/orders/"
TABLE = f"{PAGE}migrations/?part=table"
TAGS = ("0001", "0002", "0003")
Database = dict[str, dict[str, Any]]


@pytest.fixture
def database(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Database:
    """By environment and tag, what a database says of the three migrations that the product has, and of others."""
    dev = cast.as_(cast.dev)
    make_product(dev)
    Environment.objects.filter(slug="prd").update(colour=Colour.RED)
    sqlite = {"provider": "sqlite", "settings": {"file": "orders"}}
    data = {"name": "Orders", "environments": {"dev": sqlite, "prd": sqlite}}
    row = create_resource(dev, "shop", "database", data)
    for tag in TAGS:
        create_migration(dev, row, tag=tag, up=["SELECT 1"], down=["SELECT 2"])
    said: Database = {"dev": {}, "prd": {}}

    def look(actor: Any, product: str, environment: str, wanted: Any, given: Any = None, **known: Any) -> Seen:
        assert all(set(each) == {"tag", "checksum"} for each in given["known"]), "no statement is sent"
        states = {each["tag"]: {"state": "pending"} for each in given["known"]} | said[environment]
        return Seen({"migrations": [{"tag": tag, **state} for tag, state in states.items()]})

    monkeypatch.setattr(asking, "look", look)
    return said


@pytest.fixture
def client(cast: Cast, database: Database) -> Client:
    """Dev's."""
    made = Client()
    made.force_login(cast.dev)
    return made


def offered(page: str, environment: str = "dev") -> set[tuple[str, str]]:
    """What can be done in an environment: the button, and the migration that it names."""
    found = set()
    for form in re.findall(r"<form [^>]*(?:migrate|repair)-form.*?</form>", page, re.DOTALL):
        if f'name="environment" value="{environment}"' in form:
            (to,) = re.findall(r'name="to" value="([^"]*)"', form)
            found |= {(label, to) for label in re.findall(r">([^<>]+)</button>", form)}
    return found


def table(client: Client) -> str:
    return client.get(TABLE).content.decode()


def test_what_was_changed_since_is_settled_where_it_stands(client: Client, database: Database) -> None:
    database["dev"] = {"0001": {"state": "drifted"}, "0002": {"state": "applied"}, "0003": {"state": "drifted"}}
    page = table(client)
    assert offered(page) == {(label, tag) for tag in ("0001", "0003") for label in ("Count as run", "Count as not run")}
    assert "was changed since it was run: say there" in page
    client.post(f"{PAGE}migrate/", {"environment": "dev", "direction": "up", "to": "0003", "repair": "skip"})
    assert (Run.objects.get().input["to"], Run.objects.get().input["repair"]) == ("0003", "skip")


def test_what_the_product_has_no_more_is_forgotten(client: Client, database: Database) -> None:
    database["dev"] = {"0001": {"state": "applied"}, "0002": {"state": "applied"}, "stray": {"state": "missing"}}
    page = table(client)
    assert offered(page) == {("Forget it", "stray"), ("Run all", "")}
    assert "Nothing is rolled back while stray is missing here" in page
    client.post(f"{PAGE}migrate/", {"environment": "dev", "to": "stray", "repair": "forget"})
    assert (Run.objects.get().input["to"], Run.objects.get().input["repair"]) == ("stray", "forget")
    assert "nothing can be rolled back any more" in client.get(f"{PAGE}migrations/0001/").content.decode()


def test_all_are_taken_back_where_several_were_run(client: Client, database: Database) -> None:
    database["dev"] = {"0001": {"state": "applied"}, "0002": {"state": "applied"}}
    database["prd"] = {"0001": {"state": "applied"}}
    page = table(client)
    assert ("Roll back all", "*") in offered(page)
    assert ("Roll back all", "*") not in offered(page, "prd")
    assert "Everything that was run in dev is taken back" in page
    assert "0002 is taken back in dev" in page
    client.post(f"{PAGE}migrate/", {"environment": "dev", "direction": "down", "to": "*"})
    assert (Run.objects.get().input["direction"], Run.objects.get().input["to"]) == ("down", "*")


@pytest.mark.parametrize(("direction", "settled"), [("up", "Count as not run"), ("down", "Count as taken back")])
def test_a_repair_promises_what_it_does(client: Client, database: Database, direction: str, settled: str) -> None:
    database["dev"] = {"0001": {"state": "failed", "direction": direction, "statement": 2}}
    database["prd"] = database["dev"]
    page = table(client)
    assert offered(page) == {(label, "0001") for label in ("Try again", "Count as run", settled)}
    texts = re.findall(r'name="repair".*?data-confirm-text="([^"]*)"', page)
    assert len(texts) == 6
    assert all(re.search(r"Nothing (else )?is (run|taken back)", text) for text in texts)
    assert page.count('data-confirm-type="prd"') == 3  # who changes production types its name


def test_A2_who_may_only_look_repairs_nothing(cast: Cast, client: Client, database: Database) -> None:
    database["dev"] = {"0001": {"state": "drifted"}, "stray": {"state": "missing"}}
    client.force_login(cast.vera)
    assert offered(table(client)) == set()
    answer = client.post(f"{PAGE}migrate/", {"environment": "dev", "to": "stray", "repair": "forget"})
    assert (answer.status_code, Run.objects.count()) == (403, 0)


def test_a_thousand_are_paged_and_none_is_a_stranger(client: Client, database: Database) -> None:
    first = Migration.objects.get(tag="0001")
    Migration.objects.bulk_create(
        Migration(resource=first.resource, tag=f"{number:04}", position=number, up=["SELECT 1"])
        for number in range(4, 1001)
    )
    database["dev"] = {f"{number:04}": {"state": "applied"} for number in range(1, 641)}
    database["dev"]["0501"] = {"state": "drifted"}
    page = table(client)
    assert "missing here" not in page
    assert "901 to 1000 of 1000" in page
    assert 'href="?page=6#migration-0501"' in page
    middle = client.get(f"{TABLE}&page=6").content.decode()
    assert "501 to 600 of 1000" in middle
    assert 'id="migration-0501"' in middle
    assert ("Count as run", "0501") in offered(middle)
    assert "0001, 0002, " in middle  # the first that are pending in prd
    assert "0020 and 980 more" in middle
    for odd in ("0", "-1", "x", "99999", "²", "9" * 50):
        assert client.get(f"{PAGE}migrations/?page={odd}").status_code == 200


def test_a_page_is_as_long_as_it_is_shown() -> None:
    chosen = database_migrations.Pages.chosen
    assert [(each.number, each.start, each.end, each.earlier, each.later) for each in (
        chosen(0, ""), chosen(100, ""), chosen(101, ""), chosen(101, "1"),
    )] == [(1, 0, 0, 0, 0), (1, 0, 100, 0, 0), (2, 100, 101, 1, 0), (1, 0, 100, 0, 2)]  # fmt: skip
