"""D5, I14: an app leaves as a document without secret values, and comes back as the same app."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from products.importers import difference, read_document
from products.lib.actions import action_from_json
from products.lib.errors import Forbidden, NotFound
from products.models import App, AppVariable
from products.queries.app_export import exported
from products.services import actions, imports, samples, variables
from products.services.import_work import read_import
from products.services.imports import NewImport
from tests.products.importers.corpus import document
from tests.products.importers.documents import postman, request

pytestmark = pytest.mark.django_db
SECRET = "Zm9vYmFyLXNlY3JldC0xMjM0NTY3ODkw"


def imported(actor, data: bytes, **more) -> App:
    row = imports.start_import(actor, NewImport(document=data, filename="x.json", **more))
    read_import(str(row.pk))
    row.refresh_from_db()
    assert row.state == "applied", row.error
    return row.app


@pytest.fixture
def dev(cast):
    return cast.as_(cast.dev)


@pytest.mark.parametrize("name", ["box-v21.json", "redocly-museum.yaml", "quirk-petstore-badref.json"])
def test_D5_the_export_of_an_app_changes_nothing_when_it_is_imported_into_it(dev, name):
    app = imported(dev, document(name))
    draft = read_document(exported(dev, app.tag))
    assert difference({row.tag: action_from_json(row.spec) for row in app.actions.all()}, draft).empty
    again = imported(dev, exported(dev, app.tag), app=app.tag, apply_at_once=True)
    assert (again.pk, again.actions.count()) == (app.pk, len(draft.actions))


def test_D5_the_export_makes_the_same_app_elsewhere(cast, dev):
    app = imported(dev, document("redocly-museum.yaml"))
    other = imported(cast.as_(cast.charlie), exported(dev, app.tag), app="copy")
    for part in ("actions", "auths"):
        assert {r.tag: r.spec for r in getattr(other, part).all()} == {r.tag: r.spec for r in getattr(app, part).all()}
    assert {r.key: r.default for r in other.variables.all()} == {r.key: r.default for r in app.variables.all()}
    assert {r.slug: r.base_url for r in other.environments.all()} == {
        r.slug: r.base_url for r in app.environments.all()
    }


def test_I14_no_secret_is_in_an_export_even_where_people_saved_one(dev):
    app = imported(dev, postman(request(), variable=[{"key": "region", "value": "eu"}]))
    tag = app.actions.get().tag
    AppVariable.objects.filter(key="region").update(secret=True, default=SECRET)
    variables.create_constant(dev, app.tag, {"key": "shop_password", "value": SECRET})
    samples.save_sample(dev, app.tag, tag, {"name": "Mine", "status": 200, "body": {"access_token": SECRET}})
    actions.update_action(dev, app.tag, tag, {"description": f"Bearer {SECRET}"})
    text = exported(dev, app.tag).decode()
    assert SECRET not in text
    assert json.loads(text)["paths"]["/r"]["post"]["operationId"] == tag


def test_an_export_is_for_members_and_of_own_apps(cast, dev):
    app = imported(dev, postman(request()))
    assert exported(cast.as_(cast.vera), app.tag)
    with pytest.raises(NotFound):
        exported(cast.as_(cast.charlie), app.tag)
    with pytest.raises((NotFound, Forbidden)):
        exported(dev, "nothing")


def test_X9_an_export_is_saved_and_never_opened_on_our_origin(cast, dev, client):
    page = {
        "name": "<script>alert(1)</script>",
        "request": {"method": "GET", "url": "https://x.example/<svg onload=alert(1)>"},
    }
    app = imported(dev, postman(page))
    client.force_login(cast.vera)
    answer = client.get(reverse("app-export", args=[dev.workspace.tag, app.pk]))
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'attachment; filename="{app.tag}.openapi.json"'
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
