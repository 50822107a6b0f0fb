"""Connecting apps: what is sealed, what is refused, and what a run gets."""

import json

import pytest

from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.lib.redaction import MASK
from products.models import AuditEntry, ConnectionValue, Environment, Secret
from products.queries import connections as queries
from products.services import apps, auths, connections, marketplace, variables, vault
from tests.products.things import COMPLETE, PAYMENTS_AUTH, make_app, make_connection, make_product

pytestmark = pytest.mark.django_db


def call(actor, product, action="get-payment", environment="dev"):
    row = product.environments.get(slug=environment)
    return queries.callable_action(actor, product, row, access_tag="pay", action_tag=action)


@pytest.fixture
def dev(cast):
    return cast.as_(cast.dev)


@pytest.fixture
def shop(dev):
    product = make_product(dev)
    make_connection(dev, product, make_app(dev), dev=COMPLETE)
    return product


def make_secret(workspace, key="STRIPE_KEY"):
    return Secret.objects.create(workspace=workspace, key=key, sealed=b"x")


def test_K7_credentials_are_sealed_for_their_own_row(dev, shop):
    value = ConnectionValue.objects.get(key="api_key")
    assert value.value is None
    assert b"canary" not in bytes(value.sealed)
    assert vault.open_sealed(dev.workspace, value, "sealed", value.sealed) == "key-canary-1234"


def test_K3_every_read_shows_the_mask_and_sending_it_back_keeps_the_value(dev, shop):
    before = bytes(ConnectionValue.objects.get(key="api_key").sealed)
    shown = queries.connection(dev, "shop", "pay").environments[0]
    assert [value.shown for value in shown.credentials] == [MASK]
    assert {value.key: value.shown for value in shown.variables} == {"region": "eu", "signing": MASK}

    sent = {"variables": {"signing": MASK, "region": "us"}, "credentials": {"api_key": MASK}}
    connections.map_environment(dev, "shop", "pay", "dev", data=sent)

    assert bytes(ConnectionValue.objects.get(key="api_key").sealed) == before
    assert ConnectionValue.objects.get(key="region").value == "us"


def test_K3_the_audit_log_names_keys_and_never_values(dev, shop):
    text = json.dumps(list(AuditEntry.objects.values_list("changes", flat=True)))
    assert "api_key" in text
    assert "canary" not in text
    assert "very-secret" not in text


def test_a_mask_where_there_is_no_value_is_refused(dev, shop):
    sent = {"app_environment": "sandbox", "auth": "key", "credentials": {"api_key": MASK}}
    with pytest.raises(Invalid) as caught:
        connections.map_environment(dev, "shop", "pay", "prd", data=sent)
    assert caught.value.errors[0].pointer == "/credentials/api_key"
    assert not ConnectionValue.objects.filter(connection_environment__environment__slug="prd").exists()


def test_a_secret_by_name_stays_readable_and_must_exist(dev, shop):
    reference = {"credentials": {"api_key": "Bearer $Secret{STRIPE_KEY}"}}
    with pytest.raises(Invalid, match="no secret"):
        connections.map_environment(dev, "shop", "pay", "dev", data=reference)
    make_secret(dev.workspace)
    connections.map_environment(dev, "shop", "pay", "dev", data=reference)
    assert ConnectionValue.objects.get(key="api_key").value == "Bearer $Secret{STRIPE_KEY}"
    assert call(dev, shop).composition["credentials"]["api_key"] == {"text": "Bearer $Secret{STRIPE_KEY}"}


def test_A4_a_secret_of_another_workspace_does_not_exist(cast, dev, shop):
    make_secret(cast.elsewhere, "THEIRS")
    with pytest.raises(Invalid, match="no secret"):
        connections.map_environment(dev, "shop", "pay", "dev", data={"credentials": {"api_key": "$Secret{THEIRS}"}})


def test_A4_only_environments_and_auths_of_the_connected_app_can_be_named(dev, shop):
    make_app(dev, "Other")
    for field, value in (("app_environment", "nowhere"), ("auth", "nothing"), ("auth", 7), ("app_environment", None)):
        with pytest.raises(Invalid) as caught:
            connections.map_environment(dev, "shop", "pay", "prd", data={"app_environment": "live", field: value})
        assert caught.value.errors[0].pointer == f"/{field}"


def test_A4_private_apps_of_others_cannot_be_connected(cast, dev, shop):
    theirs = make_app(cast.as_(cast.charlie), "Theirs")
    for wanted in (theirs.tag, str(theirs.pk)):
        with pytest.raises(Invalid, match="no such app"):
            connections.connect(dev, "shop", {"app": wanted, "tag": "x"})


def test_a_published_app_can_be_connected_until_it_is_taken_off(cast, dev, shop):
    charlie = cast.as_(cast.charlie)
    theirs = make_app(charlie, "Theirs")
    marketplace.publish_app(charlie, theirs.tag, category="finance")
    connections.connect(dev, "shop", {"app": str(theirs.pk), "tag": "their", "environments": {"dev": COMPLETE}})
    marketplace.unpublish_app(charlie, theirs.tag)
    with pytest.raises(Invalid):
        connections.connect(dev, "shop", {"app": str(theirs.pk), "tag": "again"})
    row = shop.environments.get(slug="dev")
    assert queries.callable_action(dev, shop, row, access_tag="their", action_tag="ping").composition["auth"] is None
    with pytest.raises(Conflict, match="other workspaces"):
        apps.delete_app(charlie, theirs.tag)


def test_A6_a_viewer_cannot_connect_map_or_disconnect(cast, shop):
    vera = cast.as_(cast.vera)
    for attempt in (
        lambda: connections.connect(vera, "shop", {"app": "payments", "tag": "x"}),
        lambda: connections.map_environment(vera, "shop", "pay", "dev", data={}),
        lambda: connections.disconnect(vera, "shop", "pay"),
        lambda: connections.unmap_environment(vera, "shop", "pay", "dev"),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert queries.connection(vera, "shop", "pay").environments[0].credentials[0].shown == MASK


@pytest.mark.parametrize("value", [{"a": 1}, ["x"], 7, True, "x" * 64_001, f"a{MASK}b"])
def test_J12_a_credential_is_a_text_of_bounded_length(dev, shop, value):
    with pytest.raises(Invalid) as caught:
        connections.map_environment(dev, "shop", "pay", "dev", data={"credentials": {"api_key": value}})
    assert caught.value.errors[0].pointer == "/credentials/api_key"


def test_values_the_app_does_not_know_are_refused_by_name(dev, shop):
    with pytest.raises(Invalid) as caught:
        connections.map_environment(dev, "shop", "pay", "dev", data={"variables": {"colour": "red"}})
    assert caught.value.errors[0].pointer == "/variables/colour"


def test_another_auth_does_not_inherit_credentials(dev, shop):
    auths.create_auth(dev, "payments", {**PAYMENTS_AUTH, "tag": "other", "name": "Other"})
    connections.map_environment(dev, "shop", "pay", "dev", data={"auth": "other"})
    assert not ConnectionValue.objects.filter(kind="credential").exists()
    assert [p.pointer for p in queries.connection(dev, "shop", "pay").environments[0].problems] == [
        "/credentials/api_key"
    ]


def test_a_variable_that_becomes_secret_is_sealed_where_it_was_given(dev, shop):
    variables.update_variable(dev, "payments", "region", {"secret": True})
    value = ConnectionValue.objects.get(key="region")
    assert value.value is None
    assert vault.open_sealed(dev.workspace, value, "sealed", value.sealed) == "eu"


def test_one_wrong_environment_leaves_no_connection_behind(dev, shop):
    with pytest.raises(Invalid) as caught:
        connections.connect(
            dev, "shop", {"app": "payments", "tag": "two", "environments": {"dev": {"app_environment": "x"}}}
        )
    assert caught.value.errors[0].pointer == "/environments/dev/app_environment"
    assert not shop.connections.filter(tag="two").exists()


def test_a_tag_that_is_taken_is_a_conflict_beside_the_field(dev, shop):
    with pytest.raises(Invalid) as caught:
        connections.connect(dev, "shop", {"app": "payments", "tag": "pay"})
    assert (caught.value.status, caught.value.errors[0].pointer) == (409, "/tag")


def test_disconnecting_removes_the_values(dev, shop):
    connections.disconnect(dev, "shop", "pay")
    assert not ConnectionValue.objects.exists()


# What a run gets ------------------------------------------------------------------------------------------------------


def test_a_run_gets_everything_by_value_but_secrets(dev, shop):
    found = call(dev, shop)
    parts = found.composition
    assert parts["app_environment"] == {
        "slug": "sandbox", "base_url": "https://{{region}}.example.com", "request_format": "json",
    }  # fmt: skip
    assert parts["variables"]["region"] == {"value": "eu"}
    assert set(parts["variables"]["signing"]) == {"sealed"}
    assert set(parts["credentials"]["api_key"]) == {"sealed"}
    assert "canary" not in json.dumps(parts)
    assert parts["action"]["path"] == "/payments/{id}"
    assert parts["auth"]["kind"] == "api_key"


def test_a_call_is_composed_in_three_queries(dev, shop, django_assert_max_num_queries):
    environment = Environment.objects.get(product=shop, slug="dev")
    with django_assert_max_num_queries(4):
        queries.callable_action(dev, shop, environment, access_tag="pay", action_tag="get-payment")


def test_an_anonymous_action_carries_no_credentials(dev, shop):
    parts = call(dev, shop, "ping").composition
    assert (parts["auth"], parts["credentials"]) == (None, {})


def test_what_is_missing_is_said_in_words(dev, shop):
    with pytest.raises(Conflict, match="does not say which environment"):
        call(dev, shop, environment="prd")
    connections.map_environment(dev, "shop", "pay", "prd", data={"app_environment": "sandbox", "auth": "key"})
    with pytest.raises(Conflict, match=r"variable “region” and credential “api_key”"):
        call(dev, shop, environment="prd")
    with pytest.raises(NotFound, match="no action"):
        call(dev, shop, "nothing")
    with pytest.raises(NotFound, match="no connection"):
        queries.callable_action(dev, shop, shop.environments.first(), access_tag="x", action_tag="y")


def test_an_action_that_needs_another_auth_says_so(dev, shop):
    auths.create_auth(dev, "payments", {**PAYMENTS_AUTH, "tag": "other", "name": "Other"})
    connections.map_environment(dev, "shop", "pay", "dev", data={"auth": "other", "credentials": {"api_key": "abcdef"}})
    with pytest.raises(Conflict, match="authenticates by “key”"):
        call(dev, shop)


def test_A1_a_stranger_gets_no_call(cast, shop):
    with pytest.raises(NotFound):
        call(cast.as_(cast.charlie), shop)


def test_a_list_of_connections_asks_no_more_for_more_rows(dev, shop, django_assert_max_num_queries):
    for number in range(3):
        connections.connect(
            dev, "shop", {"app": "payments", "tag": f"more-{number}", "environments": {"dev": COMPLETE}}
        )
    with django_assert_max_num_queries(6):
        assert len(queries.views(list(queries.connections_of(dev, "shop")))) == 4
