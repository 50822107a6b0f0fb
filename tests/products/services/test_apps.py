"""Apps and their parts: what is checked, what is refused, who may."""

import json
from dataclasses import replace

import pytest
from django.utils import timezone

from products import access
from products.lib.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from products.models import Action, App, Folder, Membership
from products.queries import actions as action_queries
from products.queries import marketplace as market
from products.services import (
    actions,
    app_environments,
    apps,
    auths,
    folders,
    import_work,
    imports,
    marketplace,
    samples,
    variables,
)
from products.services.imports import NewImport
from products.services.keys import NewKey, create_key
from tests.products.things import COMPLETE, PAYMENTS_AUTH, make_app, make_connection, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def dev(cast):
    return cast.as_(cast.dev)


@pytest.fixture
def app(dev):
    return make_app(dev)


def pointers(caught):
    return [problem.pointer for problem in caught.value.errors]


def make_action(actor, **more):
    return actions.create_action(actor, "payments", {"name": "A", "method": "GET", "path": "/a", **more})


def test_a_tag_is_made_from_the_name_and_stays_free(dev):
    assert [apps.create_app(dev, {"name": "Zürich Überweisung"}).tag for _ in "12"] == [
        "zurich-uberweisung",
        "zurich-uberweisung-2",
    ]


@pytest.mark.parametrize("tag", ["Bad Tag", "-x", "a" * 64, "ä", "a/b"])
def test_a_tag_that_is_none_is_refused_by_name(dev, tag):
    with pytest.raises(Invalid) as caught:
        apps.create_app(dev, {"name": "X", "tag": tag})
    assert set(pointers(caught)) == {"/tag"}


def test_an_app_cannot_be_deleted_while_it_is_connected(dev, app):
    product = make_product(dev)
    make_connection(dev, product, app, dev=COMPLETE)
    with pytest.raises(Conflict, match="“shop”"):
        apps.delete_app(dev, app.tag)
    with pytest.raises(Conflict, match="connection uses this environment"):
        app_environments.delete_environment(dev, app.tag, "sandbox")
    with pytest.raises(Conflict, match="connection uses this auth"):
        auths.delete_auth(dev, app.tag, "key")
    assert App.objects.filter(pk=app.pk).exists()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"method": "GE T"}, "/method"),
        ({"method": "GET\r\nX: y"}, "/method"),
        ({"method": 7}, "/method"),
        ({"path": "pets"}, "/path"),
        ({"path": "/a b"}, "/path"),
        ({"path": "/a?b=1"}, "/path"),
        ({"path": "/" + "a" * 2000}, "/path"),
        ({"path": ["/x"]}, "/path"),
        ({"name": "  "}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"parameters": [{"name": "a", "place": "nowhere"}]}, "/parameters/0/place"),
        ({"parameters": [{"name": "a", "type": "blob"}]}, "/parameters/0/type"),
        ({"parameters": [{"name": "a"}, {"name": "a"}]}, "/parameters/1/name"),
        (
            {"parameters": [{"name": "X-A", "place": "header"}, {"name": "x-a", "place": "header"}]},
            "/parameters/1/name",
        ),
        ({"parameters": [{"name": "a b", "place": "header"}]}, "/parameters/0/name"),
        ({"parameters": [{"name": "id", "place": "path"}]}, "/parameters/0/name"),
        ({"parameters": [{"name": "a", "minimum": 5, "maximum": 1}]}, "/parameters/0/maximum"),
        ({"parameters": [{"name": "a", "type": "number", "default": "x"}]}, "/parameters/0/default"),
        ({"parameters": [{"name": "a", "evil": 1}]}, "/parameters/0/evil"),
        ({"parameters": {"name": "a"}}, "/parameters"),
        ({"body": {"schema": {"type": "nonsense"}}}, "/body/schema"),
        ({"body": {"schema": {"$ref": "http://169.254.169.254/x"}}}, "/body/schema"),
        ({"body": {"schema": {"$ref": "#/$defs/Gone"}}}, "/body/schema"),
        ({"body": {"format": "yaml"}}, "/body/format"),
        ({"body": []}, "/body"),
        ({"auths": ["nothing"]}, "/auths"),
        ({"base_url": "ftp://x"}, "/base_url"),
        ({"policy": {"retries": 11}}, "/policy/retries"),
        ({"policy": {"retries": 1.5}}, "/policy/retries"),
        ({"policy": {"timeout_s": 0}}, "/policy/timeout_s"),
        ({"policy": {"timeout_s": 3601}}, "/policy/timeout_s"),
        ({"policy": {"backoff": True}}, "/policy/backoff"),
        ({"policy": {"nonsense": 1}}, "/policy/nonsense"),
        ({"unknown": 1}, "/unknown"),
    ],
)
def test_J12_every_wrong_part_of_an_action_is_named(dev, app, change, pointer):
    with pytest.raises(Invalid) as caught:
        make_action(dev, **change)
    assert pointer in pointers(caught)
    assert Action.objects.filter(app=app).count() == 2


def test_path_parameters_nobody_described_are_required_texts(dev, app):
    spec = make_action(dev, path="/a/{id}/b/{{region}}").spec
    assert [(each["name"], each["place"], each["required"]) for each in spec["parameters"]] == [("id", "path", True)]


def test_an_update_merges_and_keeps_the_tag(dev, app):
    row = make_action(dev, tag="mine", policy={"retries": 2})
    changed = actions.update_action(dev, "payments", row.tag, {"name": "B", "tag": "other"})
    assert (changed.tag, changed.name, changed.policy, changed.spec["path"]) == ("mine", "B", {"retries": 2}, "/a")


def test_folders_are_made_on_the_way_and_move_with_their_actions(dev, app):
    row = make_action(dev, folder="Payments / Refunds")
    assert row.folder.path == "Payments / Refunds"
    folders.create_folder(dev, "payments", {"path": "Payments"})
    parent = Folder.objects.get(path="Payments")
    with pytest.raises(Conflict, match="not empty"):
        folders.delete_folder(dev, "payments", parent.pk)
    folders.rename_folder(dev, "payments", parent.pk, {"path": "Money"})
    row.refresh_from_db()
    assert (row.folder.path, row.spec["folder"]) == ("Money / Refunds", ["Money", "Refunds"])
    found = action_queries.actions_of(dev, "payments", folder="Money")
    assert [each.tag for each in found] == [row.tag]


@pytest.mark.parametrize("kind", ["basic", "bearer", "oauth2"])
def test_auths_get_the_fields_of_their_kind(dev, app, kind):
    row = auths.create_auth(dev, "payments", {"name": kind, "kind": kind})
    assert {field["key"] for field in row.spec["fields"]} == {
        "basic": {"username", "password"}, "bearer": {"token"}, "oauth2": {"access_token"},
    }[kind]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"kind": "magic"}, "/kind"),
        ({"kind": "token"}, "/placements"),
        ({"kind": "credential", "placements": PAYMENTS_AUTH["placements"]}, "/login"),
        ({"placements": [{"place": "header", "key": "A:b", "value": "x"}]}, "/placements/0/key"),
        ({"placements": [{"place": "header", "key": "A", "value": "x\r\ny"}]}, "/placements/0/value"),
        ({"fields": [{"key": "a"}, {"key": "a"}]}, "/fields/1/key"),
        ({"fields": "all"}, "/fields"),
    ],
)
def test_every_wrong_part_of_an_auth_is_named(dev, app, data, pointer):
    with pytest.raises(Invalid) as caught:
        auths.create_auth(dev, "payments", {"name": "X", "kind": "bearer", **data})
    assert pointer in pointers(caught)


def test_a_login_action_must_exist_and_is_not_deleted(dev, app):
    data = {"name": "L", "kind": "credential", "placements": PAYMENTS_AUTH["placements"], "login": {"action": "gone"}}
    with pytest.raises(Invalid) as caught:
        auths.create_auth(dev, "payments", data)
    assert pointers(caught) == ["/login/action"]
    auths.create_auth(dev, "payments", {**data, "login": {"action": "ping"}})
    with pytest.raises(Conflict):
        actions.delete_action(dev, "payments", "ping")


@pytest.mark.parametrize(
    "url", ["ftp://x", "example.com", "https://a b", "https://x/?q=1", "https://me:pw@x.example", "javascript:alert(1)"]
)
def test_a_base_url_is_plain_http(dev, app, url):
    with pytest.raises(Invalid) as caught:
        app_environments.create_environment(dev, "payments", {"name": "N", "base_url": url})
    assert pointers(caught) == ["/base_url"]


def test_a_secret_variable_has_no_default(dev, app):
    with pytest.raises(Invalid) as caught:
        variables.create_variable(dev, "payments", {"key": "k", "secret": True, "default": "hunter2"})
    assert pointers(caught) == ["/default"]
    with pytest.raises(Invalid) as caught:
        variables.update_variable(dev, "payments", "signing", {"default": "hunter2"})
    assert pointers(caught) == ["/default"]


def test_values_have_the_type_they_say(dev, app):
    assert variables.create_constant(dev, "payments", {"key": "n", "type": "INTEGER", "value": 7}).type == "number"
    for data in ({"type": "number", "value": "7"}, {"type": "blob", "value": 1}, {"value": None}):
        with pytest.raises(Invalid):
            variables.create_constant(dev, "payments", {"key": "m", **data})


def test_a_sample_keeps_no_secret_header(dev, app):
    row = samples.save_sample(
        dev, "payments", "ping", {"name": "A", "headers": {"Set-Cookie": "session=canary", "X-A": "1"}}
    )
    assert "canary" not in str(row.headers)
    assert row.headers["X-A"] == "1"


# The marketplace ------------------------------------------------------------------------------------------------------


def test_only_who_may_publish_publishes(cast, app):
    with pytest.raises(Forbidden):
        marketplace.publish_app(cast.as_(cast.dev), app.tag, category="finance")
    assert marketplace.publish_app(cast.as_(cast.adam), app.tag, category="finance").visibility == "public"


def test_an_empty_app_is_not_published(cast):
    adam = cast.as_(cast.adam)
    apps.create_app(adam, {"name": "Empty"})
    with pytest.raises(Conflict):
        marketplace.publish_app(adam, "empty", category="other")


def test_others_see_definitions_of_published_apps_and_never_drafts(cast, app):
    charlie = cast.as_(cast.charlie)
    with pytest.raises(NotFound):
        market.published_app(charlie, app.pk)
    marketplace.publish_app(cast.as_(cast.adam), app.tag, category="finance")
    seen = market.published_app(charlie, app.pk)
    assert {row.key for row in seen.variables.all()} == {"region", "signing"}
    assert [row.tag for row in market.published_apps(charlie, search="pay", category="finance")] == ["payments"]
    assert not market.published_apps(charlie, category="crm")
    assert action_queries.published_action(charlie, app.pk, "ping").spec["path"] == "/ping"
    marketplace.unpublish_app(cast.as_(cast.adam), app.tag)
    with pytest.raises(NotFound):
        action_queries.published_action(charlie, app.pk, "ping")


def test_A6_a_viewer_changes_nothing(cast, app):
    vera = cast.as_(cast.vera)
    for attempt in (
        lambda: apps.create_app(vera, {"name": "X"}),
        lambda: apps.update_app(vera, "payments", {"name": "X"}),
        lambda: apps.delete_app(vera, "payments"),
        lambda: make_action(vera),
        lambda: actions.update_action(vera, "payments", "ping", {}),
        lambda: actions.delete_action(vera, "payments", "ping"),
        lambda: auths.create_auth(vera, "payments", PAYMENTS_AUTH),
        lambda: variables.create_variable(vera, "payments", {"key": "x"}),
        lambda: app_environments.create_environment(vera, "payments", {"name": "x"}),
        lambda: folders.create_folder(vera, "payments", {"path": "x"}),
        lambda: samples.save_sample(vera, "payments", "ping", {"name": "x"}),
        lambda: marketplace.publish_app(vera, "payments", category="other"),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_A1_the_apps_of_others_are_not_there_to_change(cast, app):
    charlie = cast.as_(cast.charlie)
    for attempt in (
        lambda: apps.update_app(charlie, "payments", {"name": "X"}),
        lambda: apps.delete_app(charlie, "payments"),
        lambda: actions.delete_action(charlie, "payments", "ping"),
        lambda: auths.update_auth(charlie, "payments", "key", {}),
    ):
        with pytest.raises(DomainError) as caught:
            attempt()
        assert isinstance(caught.value, NotFound)


def test_I9_hostile_names_are_stored_as_text(dev):
    for name in ("<script>alert(1)</script>", "{{7*7}}", "__proto__", "../../etc", "🦊" * 50, "constructor"):
        assert apps.create_app(dev, {"name": name}).name == name
    with pytest.raises(Invalid):
        apps.create_app(dev, {"name": "   "})
    with pytest.raises(Invalid):
        apps.create_app(dev, {"name": "a\x00b"})


def narrowed(actor, **scope):
    return replace(actor, **{name: frozenset(values) for name, values in scope.items()})


def changes_of(actor, tag):
    document = json.dumps({"openapi": "3.0.3", "info": {"title": "P", "version": "1"}, "paths": {}}).encode()
    return [
        lambda: apps.update_app(actor, tag, {"name": "Renamed"}),
        lambda: app_environments.update_environment(actor, tag, "live", {"base_url": "https://evil.example"}),
        lambda: actions.update_action(actor, tag, "ping", {"path": "/elsewhere"}),
        lambda: variables.create_constant(actor, tag, {"key": "new", "value": "1"}),
        lambda: auths.update_auth(actor, tag, "key", {"name": "Renamed"}),
        lambda: imports.start_import(actor, NewImport(document=document, app=tag, apply_at_once=True)),
    ]


def test_A6_an_app_of_products_beyond_ones_own_is_not_changed(cast, dev, app):
    make_connection(dev, make_product(dev), app, dev=COMPLETE)
    make_product(dev, "other")
    key = create_key(cast.as_(cast.alice), NewKey("K", ["write"], ["other"]))
    client = access.client(key.key, "acme", now=timezone.now())
    for actor in (narrowed(dev, product_scope=["other"]), client):
        for change in changes_of(actor, app.tag):
            with pytest.raises(Forbidden, match="not yours to change"):
                change()
        assert apps.create_app(actor, {"name": "Own"}).tag
    for change in changes_of(narrowed(dev, product_scope=["shop", "other"]), app.tag):
        change()


def test_A6_an_import_that_became_one_of_others_is_not_applied(cast, dev, app):
    make_product(dev, "other")
    Membership.objects.filter(user=cast.dev).update(product_scope=["other"])
    asked = changes_of(cast.as_(cast.dev), app.tag)[-1]()
    make_connection(dev, make_product(dev), app, dev=COMPLETE)
    import_work.read_import(str(asked.pk))
    asked.refresh_from_db()
    assert (asked.state, asked.error["code"]) == ("failed", "forbidden")
    assert app.actions.count() == 2


def test_A6_where_other_environments_lead_stays(dev, app):
    make_connection(dev, make_product(dev), app, dev=COMPLETE, prd={**COMPLETE, "app_environment": "live"})
    actor = narrowed(dev, environment_scope=["dev"])
    app_environments.update_environment(actor, app.tag, "sandbox", {"base_url": "https://new.example"})
    app_environments.update_environment(actor, app.tag, "live", {"name": "Renamed"})
    with pytest.raises(Forbidden, match="Environments in which you may not change anything lead here"):
        app_environments.update_environment(actor, app.tag, "live", {"base_url": "https://evil.example"})
