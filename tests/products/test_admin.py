"""The admin: every model is there, opens quickly, shows nothing secret and writes nothing past the audit log."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from products.admin.base import ReadOnlyAdmin, is_hidden
from products.models import User
from products.services.imports import NewImport, start_import
from tests import objects
from tests.contracts.routes import signed_in
from tests.people import Cast

pytestmark = pytest.mark.django_db
OURS: list[type[Model]] = list(apps.get_app_config("products").get_models())


@pytest.fixture
def staff(cast: Cast) -> Client:
    for workspace in (cast.workspace, cast.elsewhere):
        objects.connection_value(workspace, value="plain-canary")
        objects.secret(workspace)
        objects.key(workspace)
        objects.invitation(workspace)
    return signed_in(User.objects.create_superuser("root@example.com", "x"))


def test_every_model_has_a_page() -> None:
    assert {model.__name__ for model in OURS} == {model.__name__ for model in admin.site._registry if model in OURS}


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_K3_every_page_opens_and_shows_nothing_secret(staff: Client, model: type[Model]) -> None:
    name = f"admin:products_{model._meta.model_name}"
    row = model._default_manager.first()
    pages = [reverse(f"{name}_changelist")] + ([reverse(f"{name}_change", args=[row.pk])] if row else [])
    for page in pages:
        text = staff.get(page, {"q": "x"} if page == pages[0] else {}).content.decode()
        page_text = staff.get(page).content.decode() + text
        assert "canary" not in page_text
        for field in model._meta.fields:
            value = getattr(row, field.attname) if row is not None and is_hidden(field) else ""
            assert not value or not isinstance(value, str) or value not in page_text, field.name


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_nothing_is_added_or_deleted_here(staff: Client, model: type[Model]) -> None:
    name = f"admin:products_{model._meta.model_name}"
    assert staff.get(reverse(f"{name}_add")).status_code == 403
    row = model._default_manager.first()
    if row is not None:
        assert staff.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_A16_pages_of_packages_are_not_taken_in() -> None:
    assert {UserSession, Authenticator, EmailAddress, Group} <= set(admin.site._registry)
    assert [page for page in admin.site._registry.values() if not isinstance(page, ReadOnlyAdmin)] == []


ALL = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.mark.parametrize("model", ALL, ids=lambda model: model._meta.label)
def test_A16_nothing_is_written_here_whosever_page_it_is(staff: Client, model: type[Model]) -> None:
    Authenticator.objects.create(user=User.objects.get(email="dev@example.com"), type="totp", data={"secret": "canary"})
    staff.get("/profile/")  # is noted as a session
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    listed = staff.get(reverse(f"{name}_changelist"), {"q": "a"})
    assert listed.status_code == 200
    assert staff.get(reverse(f"{name}_add")).status_code == 403
    row = model._default_manager.first()
    if row is None:
        return
    page = staff.get(reverse(f"{name}_change", args=[row.pk]))
    assert page.status_code == 200
    for text in (listed.content.decode(), page.content.decode()):
        assert "canary" not in text
        assert not isinstance(row, UserSession) or row.session_key not in text
    assert staff.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    if model is not User:
        assert staff.post(reverse(f"{name}_change", args=[row.pk]), {}).status_code == 403
    acts = {"action": "make_verified", "_selected_action": [str(row.pk)]}
    staff.post(reverse(f"{name}_changelist"), acts)
    assert not EmailAddress.objects.filter(verified=True).exists()


def test_K3_the_secret_in_the_address_of_an_import_is_not_shown(cast: Cast, staff: Client) -> None:
    address = "https://api.example.com/openapi.json?token=canary-in-address&v=1"
    row = start_import(cast.as_(cast.dev), NewImport(url=address))
    name = "admin:products_documentimport"
    listed, page = (staff.get(reverse(f"{name}_changelist")), staff.get(reverse(f"{name}_change", args=[row.pk])))
    found = staff.get(reverse(f"{name}_changelist"), {"q": "canary-in-address"})
    log = staff.get(reverse("admin:products_auditentry_changelist"))
    for answer in (listed, page, log):
        assert "canary" not in answer.content.decode()
        assert answer is listed or "https://api.example.com/openapi.json?token=" in answer.content.decode()
    assert (str(row.pk) in listed.content.decode(), str(row.pk) in found.content.decode()) == (True, False)


def test_A16_people_who_are_not_staff_do_not_get_in(cast: Cast) -> None:
    for client in (signed_in(cast.alice), Client()):
        assert client.get(reverse("admin:products_secret_changelist")).status_code == 302


def test_a_superuser_locks_others_out_and_not_themselves(cast: Cast, staff: Client) -> None:
    page = reverse("admin:products_user_change", args=[cast.dev.pk])
    assert staff.post(page, {"is_staff": "on"}).status_code == 302
    cast.dev.refresh_from_db()
    assert (cast.dev.is_active, cast.dev.is_staff) == (False, True)
    me = User.objects.get(email="root@example.com")
    assert staff.post(reverse("admin:products_user_change", args=[me.pk]), {}).status_code == 403
