"""The palette: it finds whatever has a name, and what one may do with it."""

from __future__ import annotations

import pytest

from products.models import AccessKey, App, Environment, Membership, Release, User
from products.services.database_actions import create_action
from products.services.migrations import create_migration
from products.services.products import create_product
from products.services.resources import create_resource
from tests import app_objects, objects
from tests.contracts.routes import signed_in
from tests.people import Cast
from tests.products.things import make_product

pytestmark = pytest.mark.django_db


def found(user: User, query: str) -> dict[str, str]:
    """What the palette offers, by title: the address."""
    return {item["title"]: item["url"] for item in signed_in(user).get("/w/acme/find/", {"q": query}).json()}


def test_A2_the_palette_finds_whatever_has_a_name(cast: Cast) -> None:
    owner = cast.as_(cast.alice)
    shop = make_product(owner)
    place = {"dev": {"provider": "sqlite", "settings": {"file": "orders"}}}
    database = create_resource(owner, "shop", "database", {"name": "Orders", "tag": "orders", "environments": place})
    create_action(owner, database, name="Haystack rows", tag="rows", definition={"type": "read", "sql": "SELECT 1"})
    create_migration(owner, database, tag="0001", up=["SELECT 1"], description="Haystack table")
    Release.objects.create(product=shop, number=7, note="Haystack fixes", content_hash="x")
    Environment.objects.filter(product=shop, slug="dev").update(name="Haystack dev")
    key = objects.key(cast.workspace, "read").key
    AccessKey.objects.filter(pk=key.pk).update(name="Haystack key")
    seen = found(cast.alice, "haystack")
    assert seen == {
        "Haystack dev": "/w/acme/p/shop/environments/dev/",
        "Haystack rows": "/w/acme/p/shop/resources/database/orders/actions/rows/",
        "0001": "/w/acme/p/shop/resources/database/orders/migrations/",
        "Release 7": "/w/acme/p/shop/releases/",
        "Haystack key": "/w/acme/keys/",
    }
    assert "Release 7" in found(cast.alice, "release 7")
    assert set(seen) - set(found(cast.vera, "haystack")) == {"Haystack key"}
    vera = Membership.objects.get(user=cast.vera)
    assert f"/w/acme/team/{vera.pk}/" in found(cast.alice, cast.vera.email).values()
    assert set(found(cast.dev, cast.vera.email).values()) == {"/w/acme/team/"}
    assert signed_in(cast.charlie).get("/w/acme/find/", {"q": "haystack"}).status_code == 404
    Membership.objects.filter(user=cast.vera).update(product_scope=["another"])
    assert found(cast.vera, "haystack") == {}


def test_the_palette_knows_pages_of_products_and_acts(cast: Cast) -> None:
    owner = cast.as_(cast.alice)
    make_product(owner)
    create_product(owner, name="Depot")
    assert {"/w/acme/p/shop/runs/", "/w/acme/p/depot/runs/"} <= set(_all(cast.alice, "runs"))
    assert [url for url in _all(cast.alice, "depot runs") if "/runs/" in url] == ["/w/acme/p/depot/runs/"]
    assert "/w/acme/p/depot/environments/" in _all(cast.alice, "environments depot")
    assert found(cast.alice, "new secret")["New secret"] == "/w/acme/secrets/new/"
    assert found(cast.alice, "depot new feature")["New feature"] == "/w/acme/p/depot/feature-new/"
    assert not {title for title in found(cast.vera, "new") if title.startswith("New")}


def test_the_palette_runs_what_it_finds(cast: Cast) -> None:
    action = app_objects.action(cast.workspace)
    asked = f"run {action.name}"
    way = f"/w/acme/apps/{action.app_id}/actions/{action.tag}/"
    assert found(cast.dev, asked) == {f"Run {action.name}": f"{way}run/"}
    both = found(cast.dev, action.name)
    assert (both[f"Run {action.name}"], both[action.name]) == (f"{way}run/", way)
    assert found(cast.vera, asked) == {}
    assert list(found(cast.vera, action.name)) == [action.name]


def test_of_too_many_each_kind_has_some(cast: Cast) -> None:
    for number in range(8):
        create_product(cast.as_(cast.alice), name=f"Needle {number}")
    AccessKey.objects.filter(pk=objects.key(cast.workspace, "read").key.pk).update(name="Needle key")
    App.objects.create(workspace=cast.workspace, tag="needle", name="Needle app")
    Environment.objects.update(name="Needle place")
    kinds = {url.split("/")[3] for url in _all(cast.alice, "needle")}
    assert kinds >= {"p", "keys", "apps"}


def _all(user: User, query: str) -> list[str]:
    return [item["url"] for item in signed_in(user).get("/w/acme/find/", {"q": query}).json()]
