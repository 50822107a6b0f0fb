"""I7: what is applied is what was shown, in the app's other parts too, and nobody's work is undone unseen."""

from __future__ import annotations

import pytest
from django.test import Client

from products.access import Actor
from products.lib.errors import Conflict
from products.models import Action, App, AppVariable, DocumentImport, ImportState
from products.services import actions, app_environments, apps, auths, import_work, imports, variables
from tests.people import Cast
from tests.products.services.test_imports import document, imported
from tests.products.things import PAYMENTS_AUTH

pytestmark = pytest.mark.django_db
SCHEMES = {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}
REGION = [{"url": "https://{region}.example.com", "variables": {"region": {"default": "eu"}}}]


@pytest.fixture
def dev(cast: Cast) -> Actor:
    return cast.as_(cast.dev)


def decided(actor: Actor, row: DocumentImport, **more: object) -> DocumentImport:
    """The import after a worker did what somebody decided."""
    imports.apply_import(actor, row.pk, **more)  # type: ignore[arg-type]
    import_work.apply_import(str(row.pk))
    row.refresh_from_db()
    return row


def tags() -> set[str]:
    return set(Action.objects.values_list("tag", flat=True))


def test_I7_a_difference_that_is_old_is_shown_anew_and_nothing_is_removed_that_nobody_saw(dev: Actor) -> None:
    imported(dev, document(operations=1))
    old = imported(dev, document(operations=1, version="1.1"), app="orders")
    imported(dev, document(operations=4), app="orders", apply_at_once=True)

    again = decided(dev, old)
    assert again.state == ImportState.READY
    assert tags() == {f"get-order{number}" for number in range(4)}, "nobody was shown that these would go"
    assert [each["tag"] for each in again.difference["removed"]] == ["get-order1", "get-order2", "get-order3"]
    assert (again.difference["stale"], again.document is None) == (True, False)

    assert decided(dev, again).state == ImportState.APPLIED
    assert tags() == {"get-order0"}
    assert "stale" not in again.difference


@pytest.mark.parametrize(
    "change",
    [
        lambda dev: actions.update_action(dev, "orders", "get-order0", {"description": "Mine"}),
        lambda dev: actions.create_action(dev, "orders", {"name": "New", "method": "GET", "path": "/new"}),
        lambda dev: auths.create_auth(dev, "orders", PAYMENTS_AUTH),
        lambda dev: variables.update_variable(dev, "orders", "region", {"default": "us"}),
        lambda dev: app_environments.create_environment(dev, "orders", {"name": "Other"}),
    ],
)
def test_I7_whatever_a_person_changes_in_between_is_looked_at_again(dev: Actor, change) -> None:  # type: ignore[no-untyped-def]
    imported(dev, document(servers=REGION))
    row = imported(dev, document(operations=4, servers=REGION), app="orders")
    change(dev)
    assert decided(dev, row).state == ImportState.READY
    assert decided(dev, row).state == ImportState.APPLIED


def test_I7_a_decision_over_a_difference_that_is_not_there_any_more_is_refused(cast: Cast, dev: Actor) -> None:
    imported(dev, document())
    row = imported(dev, document(operations=1), app="orders")
    seen = row.difference["digest"]
    actions.create_action(dev, "orders", {"name": "New", "method": "GET", "path": "/new"})
    assert decided(dev, row).state == ImportState.READY
    with pytest.raises(Conflict) as caught:
        imports.apply_import(dev, row.pk, seen=seen)
    assert caught.value.code == "changed_meanwhile"

    client = Client()
    client.force_login(cast.dev)
    address = f"/w/acme/imports/{row.pk}/"
    page = client.get(address).content.decode()
    assert "nothing was applied" in page
    assert row.difference["digest"] in page
    told = client.post(f"{address}apply/", {"digest": seen}, follow=True).content.decode()
    assert "look at it again" in told
    rest = f"/api/v1/workspaces/acme/imports/{row.pk}/"
    assert client.get(rest).json()["difference"]["stale"] is True
    answer = client.post(f"{rest}apply/", {"digest": seen}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    row.refresh_from_db()
    assert row.state == ImportState.READY
    now = row.difference["digest"]
    assert client.post(f"{rest}apply/", {"digest": now}, content_type="application/json").status_code == 202


def test_I7_an_action_by_which_an_auth_logs_in_is_not_said_to_go(dev: Actor) -> None:
    imported(dev, document())
    login = {**PAYMENTS_AUTH, "kind": "credential", "login": {"action": "get-order2"}}
    auths.create_auth(dev, "orders", login)
    row = imported(dev, document(operations=1), app="orders")
    assert [each["tag"] for each in row.difference["removed"]] == ["get-order1"]
    assert row.difference["counts"]["removed"] == 1
    decided(dev, row)
    assert tags() == {"get-order0", "get-order2"}


def test_I7_a_default_auth_that_a_person_added_stays_and_a_new_one_is_shown(dev: Actor) -> None:
    imported(dev, document())
    auths.create_auth(dev, "orders", PAYMENTS_AUTH)
    apps.update_app(dev, "orders", {"default_auths": ["key"]})
    row = imported(dev, document(components=SCHEMES, security=[{"bearer": []}]), app="orders")
    assert row.difference["parts"]["default_auths"]["added"] == ["bearer"]
    assert decided(dev, row).state == ImportState.APPLIED
    assert App.objects.get().default_auths == ["key", "bearer"]
    again = imported(dev, document(components=SCHEMES, security=[{"bearer": []}]), app="orders")
    assert not again.difference["parts"]["default_auths"]["added"]


def test_I7_defaults_and_names_that_change_are_shown_by_field_and_never_a_secret_value(cast: Cast, dev: Actor) -> None:
    imported(dev, document(servers=REGION))
    slug = App.objects.get().environments.get().slug
    variables.update_variable(dev, "orders", "region", {"default": "us"})
    app_environments.update_environment(dev, "orders", slug, {"name": "Ours"})
    variables.create_variable(dev, "orders", {"key": "signing", "secret": True})

    row = imported(dev, document(servers=REGION), app="orders")
    parts = row.difference["parts"]
    assert parts["variables"] == {"added": [], "changed": ["region"], "fields": {"region": ["default"]}}
    assert parts["environments"]["fields"] == {slug: ["name"]}
    client = Client()
    client.force_login(cast.dev)
    page = client.get(f"/w/acme/imports/{row.pk}/").content.decode()
    assert "region (default)" in page
    assert f"{slug} (name)" in page


def test_I7_a_secret_variable_without_a_default_is_no_difference(dev: Actor) -> None:
    imported(dev, document(servers=REGION))
    variables.update_variable(dev, "orders", "region", {"secret": True, "default": None})
    row = imported(dev, document(servers=REGION), app="orders")
    assert not row.difference["parts"]["variables"]["changed"]
    decided(dev, row)
    assert AppVariable.objects.get().secret
