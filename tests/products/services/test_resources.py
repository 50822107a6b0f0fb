"""Resources: settings merged, secrets sealed and never given back, other hosts only for those who may use secrets."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from products.access import Actor, Permission
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.lib.redaction import MASK
from products.models import AuditEntry, Membership, Product, Resource, ResourceConfig, ResourceSecret
from products.queries import resources as queries
from products.queries.callable_resources import Wanted, callable_operation
from products.services import resources, vault
from products.services.database_actions import create_action
from products.services.features import create_feature, delete_feature
from products.services.secrets import create_secret
from products.services.validation import Taken
from tests.people import Cast
from tests.products.things import make_product

pytestmark = pytest.mark.django_db
CANARY = "password-canary-7719"
SERVER = {"host": "db.example.com", "database": "orders", "user": "shop", "password": CANARY}


@pytest.fixture
def dev(cast: Cast) -> Actor:
    return cast.as_(cast.dev)


@pytest.fixture
def shop(dev: Actor) -> Product:
    return make_product(dev)


@pytest.fixture
def orders(dev: Actor, shop: Product) -> Resource:
    return make_database(dev)


def make_database(actor: Actor, **settings: Any) -> Resource:
    config = {"provider": "postgresql", "settings": {**SERVER, **settings}}
    return resources.create_resource(actor, "shop", "database", {"name": "Orders", "environments": {"dev": config}})


def configured(actor: Actor, row: Resource, **settings: Any) -> ResourceConfig:
    return resources.configure(actor, row, "dev", {"settings": settings})


def sealed_password(row: Resource) -> bytes:
    return bytes(ResourceSecret.objects.get(config__resource=row, key="password").sealed)


def pointers(caught: pytest.ExceptionInfo[Invalid]) -> set[str]:
    return {problem.pointer for problem in caught.value.errors}


def test_K7_a_secret_setting_is_sealed_for_its_own_row(dev: Actor, orders: Resource) -> None:
    secret = ResourceSecret.objects.get()
    assert CANARY.encode() not in bytes(secret.sealed)
    assert vault.open_sealed(dev.workspace, secret, "sealed", secret.sealed) == CANARY
    assert "password" not in ResourceConfig.objects.get().settings
    twin = ResourceSecret(config=secret.config, key="other")
    with pytest.raises(Exception, match=r"(?i)seal|open|decrypt|tag"):
        vault.open_sealed(dev.workspace, twin, "sealed", secret.sealed)


def test_K3_every_read_shows_the_mask_and_sending_it_back_keeps_the_value(dev: Actor, orders: Resource) -> None:
    before = sealed_password(orders)
    view = queries.view(queries.resource(dev, "shop", "database", "orders")).of("dev")
    assert view is not None
    shown = {each.setting.name: each.shown for each in view.settings}
    assert (shown["password"], shown["host"]) == (MASK, "db.example.com")
    configured(dev, orders, password=MASK, pool_size=7)
    assert sealed_password(orders) == before
    assert ResourceConfig.objects.get().settings["pool_size"] == 7


def test_K1_no_reading_and_no_audit_row_has_the_value(dev: Actor, orders: Resource) -> None:
    configured(dev, orders, password="another-canary-7720")
    found = callable_operation(dev, orders.product, orders.product.environments.get(slug="dev"),
                               Wanted("database", "orders", "tables"), inner=True)  # fmt: skip
    texts = [
        json.dumps(found),
        json.dumps(list(AuditEntry.objects.values_list("changes", flat=True))),
        json.dumps(list(ResourceConfig.objects.values_list("settings", flat=True))),
        repr(queries.view(queries.resource(dev, "shop", "database", "orders"))),
    ]
    assert not [text for text in texts if "canary" in text]
    assert any("password" in text for text in texts)


def test_settings_are_merged_and_null_removes(dev: Actor, orders: Resource) -> None:
    configured(dev, orders, schema="sales", statement_s=5)
    configured(dev, orders, schema=None)
    kept = ResourceConfig.objects.get().settings
    assert "schema" not in kept
    assert (kept["statement_s"], kept["host"]) == (5, "db.example.com")
    configured(dev, orders, password=None)
    assert not ResourceSecret.objects.exists()


def test_null_cannot_remove_what_is_required(dev: Actor, orders: Resource) -> None:
    with pytest.raises(Invalid) as caught:
        configured(dev, orders, host=None)
    assert pointers(caught) == {"/settings/host"}
    assert ResourceConfig.objects.get().settings["host"] == "db.example.com"


def test_another_provider_begins_anew(dev: Actor, orders: Resource) -> None:
    resources.configure(dev, orders, "dev", {"provider": "sqlite", "settings": {"file": "orders"}})
    config = ResourceConfig.objects.get()
    assert (config.provider, config.settings) == ("sqlite", {"file": "orders"})
    assert not ResourceSecret.objects.exists()


def test_a_mask_says_nothing_about_another_provider(dev: Actor, orders: Resource) -> None:
    given = {"provider": "mysql", "settings": {"host": "m", "database": "d", "user": "u", "password": MASK}}
    resources.configure(dev, orders, "dev", given)
    assert not ResourceSecret.objects.exists()


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"port": 0}, "/settings/port"),
        ({"port": 65_536}, "/settings/port"),
        ({"port": "5432"}, "/settings/port"),
        ({"port": True}, "/settings/port"),
        ({"tls": "maybe"}, "/settings/tls"),
        ({"read_only": "yes"}, "/settings/read_only"),
        ({"host": "x" * 254}, "/settings/host"),
        ({"host": ["a"]}, "/settings/host"),
        ({"password": "x" * 501}, "/settings/password"),
        ({"password": 5}, "/settings/password"),
        ({"nothing": 1}, "/settings/nothing"),
    ],
)
def test_D1_a_setting_that_cannot_be_is_named(dev: Actor, orders: Resource, settings: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        resources.configure(dev, orders, "dev", {"settings": settings})
    assert pointers(caught) == {pointer}


def test_all_that_is_missing_is_named_at_once(dev: Actor, shop: Product) -> None:
    with pytest.raises(Invalid) as caught:
        resources.create_resource(
            dev, "shop", "database", {"name": "Orders", "environments": {"dev": {"provider": "postgresql"}}}
        )
    below = "/environments/dev/settings/"
    assert pointers(caught) == {f"{below}host", f"{below}database", f"{below}user"}


@pytest.mark.parametrize("config", [{"provider": "sqlite", "settings": [1]}, {"provider": "sqlite", "other": 1}, [], 5])
def test_D1_a_configuration_of_another_shape_is_refused(dev: Actor, shop: Product, config: Any) -> None:
    with pytest.raises(Invalid) as caught:
        resources.create_resource(dev, "shop", "database", {"name": "Orders", "environments": {"dev": config}})
    assert all(pointer.startswith("/environments/dev") for pointer in pointers(caught))
    assert not Resource.objects.exists()


def test_a_provider_has_to_be_one_of_the_kind(dev: Actor, shop: Product, orders: Resource) -> None:
    for provider in ("s3", "", None, 5, ["sqlite"]):
        with pytest.raises(Invalid) as caught:
            resources.configure(dev, orders, "prd", {"provider": provider})
        assert pointers(caught) == {"/provider"}


def test_who_may_not_use_secrets_cannot_turn_sealed_ones_to_another_host(dev: Actor, orders: Resource) -> None:
    editor = replace(dev, permissions=dev.permissions - {Permission.USE_SECRETS})
    for settings in ({"host": "evil.example.com"}, {"port": 6000}, {"tls": "off"}, {"password": "mine"}):
        with pytest.raises(Forbidden):
            resources.configure(editor, orders, "dev", {"settings": settings})
    with pytest.raises(Forbidden):
        resources.configure(editor, orders, "dev", {"provider": "mysql", "settings": {**SERVER, "password": MASK}})
    configured(editor, orders, password=MASK)
    resources.update_resource(editor, orders, name="Sales")
    assert ResourceConfig.objects.get().settings["host"] == "db.example.com"


def test_a_secret_that_a_setting_names_has_to_be_there(cast: Cast, dev: Actor, orders: Resource) -> None:
    with pytest.raises(Invalid) as caught:
        configured(dev, orders, password="$Secret{NOT_THERE}")
    assert "NOT_THERE" in str(caught.value.errors)
    create_secret(cast.as_(cast.alice), key="DB_PASSWORD", value=CANARY)
    configured(dev, orders, password="$Secret{DB_PASSWORD}")
    assert ResourceConfig.objects.get().settings["password"] == "$Secret{DB_PASSWORD}"
    assert not ResourceSecret.objects.exists()
    editor = replace(dev, permissions=dev.permissions - {Permission.USE_SECRETS})
    with pytest.raises(Forbidden):
        configured(editor, orders, host="evil.example.com")


def test_A1_charlie_finds_nothing(cast: Cast, dev: Actor, orders: Resource) -> None:
    charlie = cast.as_(cast.charlie)
    with pytest.raises(NotFound):
        queries.resource(charlie, "shop", "database", "orders")
    for act in (
        lambda: resources.update_resource(charlie, orders, name="Mine"),
        lambda: resources.configure(charlie, orders, "dev", {"settings": {"host": "mine"}}),
        lambda: resources.forget(charlie, orders, "dev"),
        lambda: resources.delete_resource(charlie, orders),
    ):
        with pytest.raises(NotFound):
            act()
    assert Resource.objects.get().name == "Orders"


def test_A2_vera_reads_and_changes_nothing(cast: Cast, dev: Actor, orders: Resource) -> None:
    vera = cast.as_(cast.vera)
    assert queries.resource(vera, "shop", "database", "orders") == orders
    for act in (
        lambda: resources.update_resource(vera, orders, name="Mine"),
        lambda: configured(vera, orders, host="mine"),
        lambda: resources.forget(vera, orders, "dev"),
        lambda: resources.delete_resource(vera, orders),
        lambda: make_database(vera),
    ):
        with pytest.raises(Forbidden):
            act()


def test_A6_who_is_narrowed_to_other_products_finds_nothing(cast: Cast, dev: Actor, orders: Resource) -> None:
    Membership.objects.filter(user=cast.dev).update(product_scope=["another"])
    narrowed = cast.as_(cast.dev)
    with pytest.raises(NotFound):
        queries.resource(narrowed, "shop", "database", "orders")
    with pytest.raises(NotFound):
        configured(narrowed, orders, host="mine")


def test_tags_are_made_from_names_taken_once_a_kind_and_fixed(dev: Actor, orders: Resource) -> None:
    assert (orders.tag, make_database(dev).tag) == ("orders", "orders-2")
    cache = resources.create_resource(dev, "shop", "cache", {"name": "Orders"})
    assert cache.tag == "orders"
    with pytest.raises(Taken):
        resources.create_resource(dev, "shop", "cache", {"name": "Orders", "tag": "orders"})
    for tag in ("Upper", "a:b", "-a", "a" * 64, "a b"):
        with pytest.raises(Invalid):
            resources.create_resource(dev, "shop", "cache", {"name": "Orders", "tag": tag})
    with pytest.raises(Invalid):
        resources.update_resource(dev, orders, tag="another")


def test_D2_there_is_a_most(dev: Actor, orders: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "MAX_RESOURCES", 1)
    with pytest.raises(Conflict):
        make_database(dev)
    resources.create_resource(dev, "shop", "cache", {"name": "Rates"})  # each kind is counted by itself


def test_shared_fields_are_checked_and_merged(dev: Actor, shop: Product) -> None:
    cache = resources.create_resource(dev, "shop", "cache", {"name": "Rates", "shared": {"for": "10m"}})
    resources.update_resource(dev, cache, shared={"stale_for": "1h"})
    assert Resource.objects.get().shared == {"for": "10m", "stale_for": "1h"}
    for shared in ({"for": "soon"}, {"stale_for": 5}, {"nothing": "1s"}):
        with pytest.raises(Invalid) as caught:
            resources.update_resource(dev, cache, shared=shared)
        assert pointers(caught) == {f"/shared/{next(iter(shared))}"}


def test_N1_every_change_is_on_record_with_the_names_of_what_changed(dev: Actor, orders: Resource) -> None:
    configured(dev, orders, host="other.example.com")
    configured(dev, orders, host="other.example.com")  # nothing differs, nothing is noted
    resources.update_resource(dev, orders, name="Sales")
    resources.forget(dev, orders, "dev")
    resources.delete_resource(dev, orders)
    rows = AuditEntry.objects.filter(verb__startswith="database.").order_by("id")
    assert [row.verb.removeprefix("database.") for row in rows] == [
        "created", "configured", "reconfigured", "changed", "forgotten", "deleted",
    ]  # fmt: skip
    assert rows[2].changes == {"environment": "dev", "settings": ["host"]}


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("database", {"type": "db_action", "event": "it:all", "input": {}}),
        ("storage", {"type": "storage", "event": "it:read", "input": {"key": "a"}}),
        ("cache", {"type": "cache", "event": "it:get", "input": {"key": "a"}}),
        ("cache", {"type": "storage", "event": "other:read", "input": {"key": "a"}, "cache": {"name": "it"}}),
        ("storage", {"type": "storage", "event": "other:read", "input": {"key": "a"},
                     "rollback": {"type": "storage", "event": "it:delete", "input": {"key": "a"}}}),
    ],
)  # fmt: skip
def test_X10_what_a_feature_uses_is_not_deleted(
    dev: Actor, orders: Resource, client: Client, kind: str, event: dict[str, Any]
) -> None:
    row = resources.create_resource(dev, "shop", kind, {"name": "It"})
    resources.create_resource(dev, "shop", "storage", {"name": "Other"})
    if kind == "database":
        create_action(dev, row, name="All", definition={"type": "read", "sql": "SELECT 1"})
    definition = {"sequences": [{"tag": "main", "events": [{"tag": "use", **event}]}]}
    feature = create_feature(dev, row.product, tag="uses-it", name="Uses it", definition=definition)
    with pytest.raises(Conflict, match="uses-it") as caught:
        resources.delete_resource(dev, row)
    assert caught.value.code == "in_use"
    assert dev.user is not None
    client.force_login(dev.user)
    refused = client.delete(f"/api/v1/workspaces/acme/products/shop/resources/{kind}/it/")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    page = client.post(f"/w/acme/p/shop/resources/{kind}/it/delete/", follow=True)
    assert "“uses-it” uses it; take that out first." in page.content.decode()
    assert Resource.objects.filter(pk=row.pk).exists()
    resources.delete_resource(dev, orders)
    delete_feature(dev, feature.row)
    resources.delete_resource(dev, row)


def test_the_state_says_what_is_lacking(dev: Actor, orders: Resource) -> None:
    view = queries.view(queries.resource(dev, "shop", "database", "orders"))
    assert [(each.environment.slug, each.state) for each in view.configs] == [("dev", "untested"), ("prd", "absent")]
    ResourceConfig.objects.update(settings={"host": "db.example.com", "database": "orders"})
    again = queries.view(queries.resource(dev, "shop", "database", "orders")).of("dev")
    assert again is not None
    assert (again.state, again.lacks) == ("incomplete", ("User",))
    with pytest.raises(Conflict, match="User"):
        callable_operation(dev, orders.product, again.environment, Wanted("database", "orders", "tables"), inner=True)
