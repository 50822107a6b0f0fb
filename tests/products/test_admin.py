"""The admin: every model is there, opens quickly, shows nothing secret and writes nothing past the audit log."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from products.admin.base import is_hidden
from products.models import User
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
