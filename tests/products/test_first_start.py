"""The first start: an owner, a workspace and a sample product that could run at once; and nothing twice."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ductape_site.sample_api import people
from products import access
from products.models import (
    App,
    AppEnvironment,
    AuditEntry,
    Connection,
    ConnectionEnvironment,
    Feature,
    Product,
    User,
    Workspace,
)
from products.queries.callable_actions import callable_action
from products.queries.releases import draft_content, missing_in
from products.services import first_start as service
from products.services.features import examine
from products.services.first_start import Sample, first_start

pytestmark = pytest.mark.django_db
DOCUMENT = Path(people.__file__).with_name("openapi.json")
PASSWORD = "a tape that holds"


def start(port: int = 20555) -> service.Started:
    return first_start("owner@example.com", PASSWORD, sample=Sample(DOCUMENT, port))


def run_command(settings: Any, *, port: int = 20555, password: str = "", **options: Any) -> dict[str, Any]:
    settings.SAMPLE_API_PORT, settings.OWNER_PASSWORD = port, password
    out = StringIO()
    call_command("ductape_first_start", stdout=out, **options)
    lines = out.getvalue().splitlines()
    assert len(lines) == 1
    return json.loads(lines[0])


def test_a_password_that_was_made_up_before_is_shown_while_it_holds(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start that made the owner may have ended before anybody saw it."""

    def begin(**options: Any) -> dict[str, Any]:
        monkeypatch.setattr(sys, "stdin", StringIO(f"{PASSWORD}\n"))
        return run_command(settings, password_stdin=True, **options)

    assert [begin()["password"] for _ in range(2)] == [PASSWORD, PASSWORD]
    assert begin(password="given by the settings")["password"] is None
    owner = User.objects.get()
    owner.set_password("another one, by its owner")
    owner.save()
    assert begin()["password"] is None


def test_the_owner_may_sign_in_and_everything_is_there() -> None:
    started = start()
    owner = User.objects.get()
    assert owner.check_password(PASSWORD)
    assert owner.is_superuser
    assert access.member(owner, "main").role == "owner"
    assert (started.workspace, started.product, started.new) == ("main", "storefront", True)
    assert [row.slug for row in Product.objects.get().environments.all()] == ["dev", "stg", "prd"]
    assert sorted(row.slug for row in App.objects.get().environments.all()) == ["live", "sandbox"]


@pytest.mark.parametrize("slug", ["dev", "stg", "prd"])
def test_every_action_of_the_sample_can_be_called_in_every_environment(slug: str) -> None:
    start()
    actor = access.member(User.objects.get(), "main")
    product = access.product(actor, "storefront")
    environment = access.environment(actor, product, slug)
    for action in App.objects.get().actions.all():
        callable_action(actor, product, environment, access_tag="shop", action_tag=action.tag)


def test_the_features_of_the_sample_are_in_order_and_lack_nothing_anywhere() -> None:
    start()
    actor = access.member(User.objects.get(), "main")
    product = access.product(actor, "storefront")
    for row in Feature.objects.all():
        found = examine(actor, product, tag=row.tag, name=row.name, definition=row.definition)
        assert (row.tag, found.errors, found.warnings) == (row.tag, (), ())
    for environment in product.environments.all():
        assert missing_in(environment, draft_content(product)) == []
    assert {row.slug: row.release.number for row in product.environments.exclude(release=None)} == {"prd": 1}


def test_the_sample_credentials_are_those_of_the_sample_api() -> None:
    assert service.API_KEY == {"api_key": people.API_KEY}
    assert service.LOGIN == {"username": people.USERNAME, "password": people.PASSWORD}
    described = json.loads(DOCUMENT.read_text())["info"]["description"]
    assert all(word in described for word in (people.API_KEY, people.USERNAME, people.PASSWORD))


def test_the_second_start_makes_nothing_and_keeps_the_password(settings: Any) -> None:
    first = run_command(settings)
    entries = AuditEntry.objects.count()
    second = run_command(settings)
    assert first["password"]
    assert second == first | {"password": None}
    assert User.objects.get().check_password(first["password"])
    assert AuditEntry.objects.count() == entries


def test_a_given_password_is_used_and_never_printed(settings: Any) -> None:
    assert run_command(settings, password=PASSWORD)["password"] is None
    assert User.objects.get().check_password(PASSWORD)


def test_a_password_that_cannot_be_used_is_named_and_leaves_nothing(settings: Any) -> None:
    with pytest.raises(CommandError, match="DUCTAPE_OWNER_PASSWORD"):
        run_command(settings, password="short")
    assert not User.objects.exists()


def test_an_address_that_cannot_be_used_is_named(settings: Any) -> None:
    settings.OWNER_EMAIL = "nobody"
    with pytest.raises(CommandError, match="DUCTAPE_OWNER_EMAIL"):
        run_command(settings)


def test_the_sample_follows_to_another_port_and_other_addresses_stay(settings: Any) -> None:
    run_command(settings, port=20555)
    AppEnvironment.objects.filter(slug="live").update(base_url="https://shop.example/live")
    run_command(settings, port=20999)
    urls = dict(AppEnvironment.objects.values_list("slug", "base_url"))
    assert urls == {"sandbox": "http://127.0.0.1:20999/sandbox", "live": "https://shop.example/live"}


def test_after_a_move_the_credentials_may_go_to_the_new_port(settings: Any) -> None:
    run_command(settings, port=20555)
    run_command(settings, port=20999)
    hosts = {
        (place.environment.slug, *place.allowed_hosts)
        for place in ConnectionEnvironment.objects.select_related("environment")
    }
    assert hosts == {(slug, "http://127.0.0.1:20999") for slug in ("dev", "stg", "prd")}


def test_what_somebody_deleted_does_not_come_back(settings: Any) -> None:
    run_command(settings)
    Connection.objects.all().delete()
    Product.objects.all().delete()
    assert run_command(settings)["product"] is None
    assert not Product.objects.exists()


def test_without_a_sample_api_there_is_an_owner_and_an_empty_workspace(settings: Any) -> None:
    assert run_command(settings, port=0)["product"] is None
    assert Workspace.objects.get().tag == "main"
    assert not App.objects.exists()


def test_a_start_that_breaks_off_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "ACCESS_TAG", "Not a tag")
    with pytest.raises(Exception, match="lower-case"):
        start()
    assert not User.objects.exists()
    assert not Workspace.objects.exists()
