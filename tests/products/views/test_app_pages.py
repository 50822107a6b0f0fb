"""Pages of apps, imports and connections: nothing typed is lost, nothing secret is shown, text stays text."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from products.lib.redaction import MASK
from products.models import Action, App, AppAuth, ConnectionValue, DocumentImport
from products.queries import import_reports
from products.services import actions, import_work, imports, variables
from products.services.imports import NewImport
from tests.app_objects import DOCUMENT
from tests.products.things import COMPLETE, make_app, make_connection, make_product

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TEXT = {"type": "string"}
XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def dev(cast):
    return cast.as_(cast.dev)


@pytest.fixture
def client(cast):
    made = Client()
    made.force_login(cast.dev)
    return made


@pytest.fixture
def app(dev):
    return make_app(dev)


def text(response):
    return response.content.decode()


def test_an_action_is_made_edited_and_read(client, app):
    base = f"/w/acme/apps/{app.pk}/"
    sent = {
        "name": "List orders", "tag": "list-orders", "method": "GET", "path": "/orders", "folder": "Orders",
        "parameters-name": ["limit", "", "X-Trace"], "parameters-place": ["query", "query", "header"],
        "parameters-type": ["number", "string", "string"], "parameters-required": ["yes", "no", "no"],
        "parameters-default": ["10", "", ""], "parameters-description": ["How many", "", ""],
        "parameters-more": ["", "", ""], "retries": "2", "timeout_s": "5",
    }  # fmt: skip
    assert client.post(f"{base}add-action/", sent).status_code == 302
    row = Action.objects.get(tag="list-orders")
    assert [(p["name"], p["place"], p["default"]) for p in row.spec["parameters"]] == [
        ("limit", "query", 10),
        ("X-Trace", "header", None),
    ]
    assert (row.policy, row.folder.path) == ({"retries": 2, "timeout_s": 5.0}, "Orders")
    page = text(client.get(f"{base}actions/list-orders/"))
    assert "How many" in page
    assert text(client.get(f"{base}actions/list-orders/edit/")).count('name="parameters-name"') == 2


def test_a_wrong_action_keeps_what_was_typed_and_says_where(client, app):
    sent = {
        "name": "Mine", "method": "GET", "path": "no-slash", "parameters-name": ["a", "a"],
        "parameters-place": ["query", "query"], "parameters-type": ["string", "string"],
        "parameters-required": ["no", "no"], "parameters-default": ["first", "second"],
        "parameters-description": ["", ""], "parameters-more": ["", ""], "retries": "3",
    }  # fmt: skip
    answer = client.post(f"/w/acme/apps/{app.pk}/add-action/", sent)
    page = text(answer)
    assert answer.status_code == 422
    for kept in ('value="Mine"', 'value="no-slash"', 'value="first"', 'value="second"', 'value="3"'):
        assert kept in page
    assert "A path starts with /" in page
    assert "two parameters" in page


def test_an_edit_keeps_what_the_form_does_not_show(client, dev, app):
    actions.create_action(dev, app.tag, {
        "name": "Rich", "tag": "rich", "method": "POST", "path": "/rich",
        "parameters": [{"name": "ids", "type": "array", "schema": {"type": "array"}, "style": "form", "explode": False,
                        "description": "one\ntwo"}],
        "body": {"format": "multipart", "file_fields": ["photo"], "schema": {"type": "object"}},
    })  # fmt: skip
    before = Action.objects.get(tag="rich").spec
    page = text(client.get(f"/w/acme/apps/{app.pk}/actions/rich/edit/"))
    answer = client.post(f"/w/acme/apps/{app.pk}/actions/rich/edit/", fields_of(page))
    assert answer.status_code == 302, re.findall(r"field-error.*|<p>.*", text(answer))
    assert Action.objects.get(tag="rich").spec == before


def fields_of(page):
    """What a browser would send of the page's form, unchanged."""
    import html

    form = page.split("data-guard>", 1)[1].split("</form>")[0]
    found: dict[str, list[str]] = {}
    for tag in re.finditer(
        r"<input([^>]*)>|<textarea([^>]*)>(.*?)</textarea>|<select([^>]*)>(.*?)</select>", form, re.S
    ):
        attributes = tag[1] or tag[2] or tag[4] or ""
        name = re.search(r'name="([^"]*)"', attributes)
        if name is None or ('type="checkbox"' in attributes and "checked" not in attributes):
            continue
        if tag[2] is not None:
            value = tag[3].removeprefix("\n")
        elif tag[4] is not None:
            options = re.findall(r"<option([^>]*)>([^<]*)</option>", tag[5])
            chosen = next((o for o in options if "selected" in o[0]), options[0])
            given = re.search(r'value="([^"]*)"', chosen[0])
            value = given[1] if given else chosen[1]
        else:
            given = re.search(r'value="([^"]*)"', attributes)
            value = given[1] if given else "on" if 'type="checkbox"' in attributes else ""
        found.setdefault(name[1], []).append(html.unescape(value))
    return found


def test_K3_the_connection_page_shows_the_mask_and_saving_it_unchanged_keeps_every_value(client, dev, app):
    make_connection(dev, make_product(dev), app, dev=COMPLETE)
    before = {row.key: (row.value, bytes(row.sealed or b"")) for row in ConnectionValue.objects.all()}
    page = text(client.get("/w/acme/p/shop/connections/pay/?env=dev"))
    assert "•••" in page
    assert "canary" not in page
    assert "very-secret" not in page
    sent = fields_of(page)
    assert client.post("/w/acme/p/shop/connections/pay/?env=dev", sent).status_code == 302
    assert {row.key: (row.value, bytes(row.sealed or b"")) for row in ConnectionValue.objects.all()} == before


def test_connecting_keeps_what_was_typed_when_something_is_wrong(client, dev, app):
    make_product(dev)
    sent = {
        "name": "Pay", "tag": "pay", "dev-app_environment": "sandbox", "dev-auth": "key",
        "dev-variables:region": "eu", "dev-credentials:api_key": "$Secret{GONE}", "prd-app_environment": "",
    }  # fmt: skip
    answer = client.post(f"/w/acme/p/shop/connect/{app.pk}/", sent)
    assert answer.status_code == 422
    assert "no secret “GONE”" in text(answer)
    assert 'value="eu"' in text(answer)
    sent["dev-credentials:api_key"] = "key-canary"
    assert client.post(f"/w/acme/p/shop/connect/{app.pk}/", sent).status_code == 302
    listed = text(client.get("/w/acme/p/shop/connections/"))
    assert "Not mapped" in listed
    assert "untested" in listed.lower()


def test_another_auth_redraws_its_credentials_alone(client, dev, app):
    make_connection(dev, make_product(dev), app, dev=COMPLETE)
    for way in (f"/w/acme/p/shop/connect/{app.pk}/?draft=dev", "/w/acme/p/shop/connections/pay/?draft=dev&env=dev"):
        assert "api_key" not in text(client.post(way, {"dev-auth": ""}, headers=HTMX))
        page = text(client.post(way, {"dev-auth": "key"}, headers=HTMX))
        assert 'name="dev-credentials:api_key"' in page
        assert "dev-app_environment" not in page  # what was typed elsewhere stays because nothing else is drawn


def test_K3_credentials_of_another_auth_are_not_shown_as_given(client, dev, app):
    make_connection(dev, make_product(dev), app, dev=COMPLETE)
    key = app.auths.get(tag="key")
    AppAuth.objects.create(app=app, tag="other", name="Other", kind=key.kind, spec=key.spec)
    way = "/w/acme/p/shop/connections/pay/?draft=dev&env=dev"
    sent = {"dev-auth": "other", "dev-credentials:api_key": MASK}
    assert MASK not in text(client.post(way, sent, headers=HTMX))
    assert MASK in text(client.post(way, {"dev-auth": "key"}, headers=HTMX))


def test_an_import_shows_its_progress_its_report_and_its_difference(client, dev):
    answer = client.post("/w/acme/apps/import/", {"text": json.dumps(DOCUMENT), "app": "orders"})
    assert answer.status_code == 302
    assert "Waiting for a worker" in text(client.get(answer["Location"], headers=HTMX))
    import_work.read_import(str(DocumentImport.objects.get().pk))
    page = text(client.get(answer["Location"]))
    assert "Open the app" in page
    changed = json.loads(json.dumps(DOCUMENT))
    changed["paths"]["/refunds"] = changed["paths"].pop("/orders")
    changed["paths"]["/refunds"]["get"]["operationId"] = "refunds"
    again = client.post("/w/acme/apps/import/", {"text": json.dumps(changed), "app": "orders"})
    row = DocumentImport.objects.latest("created_at")
    import_work.read_import(str(row.pk))
    page = text(client.get(again["Location"]))
    assert "Nothing is applied yet" in page
    assert "/refunds" in page
    assert client.post(f"/w/acme/imports/{row.pk}/apply/", {"remove": "on"}).status_code == 302
    import_work.apply_import(str(row.pk))
    assert list(Action.objects.values_list("path", flat=True)) == ["/refunds"]


def test_a_refused_document_says_where_it_is_wrong(client):
    client.post("/w/acme/apps/import/", {"text": '{"openapi": "3.0.0",\n "paths": {,}}'})
    row = DocumentImport.objects.get()
    import_work.read_import(str(row.pk))
    page = text(client.get(f"/w/acme/imports/{row.pk}/"))
    assert "line 2" in page.lower()
    assert "Nothing was changed" in page


def test_an_import_without_a_document_asks_for_one(client):
    answer = client.post("/w/acme/apps/import/", {"app": "kept"})
    assert answer.status_code == 422
    assert "Choose a file, paste a document or give an address." in text(answer)
    assert 'value="kept"' in text(answer)


def test_X1_imported_text_is_shown_as_text_on_every_page(client, dev):
    hostile = {
        "openapi": "3.0.3",
        "info": {"title": XSS, "version": "1", "description": XSS},
        "servers": [{"url": "https://{v}.example.com", "description": XSS,
                     "variables": {"v": {"default": XSS, "description": XSS}}}],
        "tags": [{"name": XSS}],
        "components": {"securitySchemes": {"k": {"type": "apiKey", "in": "header", "name": "X-K", "description": XSS}}},
        "paths": {"/a/{id}": {"get": {
            "summary": XSS, "description": XSS, "tags": [XSS], "security": [{"k": []}],
            "parameters": [{"name": "id", "in": "path", "required": True, "description": XSS, "schema": TEXT}],
            "requestBody": {"description": XSS, "content": {"application/json": {"schema": {
                "type": "object", "properties": {XSS: {**TEXT, "description": XSS}}}, "example": {XSS: XSS}}}},
            "responses": {"200": {"description": XSS, "content": {"application/json": {"example": {XSS: XSS}}}}},
        }}},
    }  # fmt: skip
    row = imports.start_import(dev, NewImport(document=json.dumps(hostile).encode(), filename=f"{XSS}.json"))
    import_work.read_import(str(row.pk))
    app = App.objects.get()
    variables.create_constant(dev, app.tag, {"key": "c", "value": XSS, "description": XSS})
    make_product(dev)
    auth = AppAuth.objects.get()
    action = Action.objects.get()
    base = f"/w/acme/apps/{app.pk}/"
    pages = [
        "/w/acme/apps/", base, f"/w/acme/imports/{row.pk}/", f"{base}actions/{action.tag}/",
        f"{base}actions/{action.tag}/edit/", f"{base}environments/", f"{base}auths/", f"{base}auths/{auth.tag}/",
        f"{base}variables/", f"{base}variables/v/", f"{base}settings/", f"{base}imports/", "/w/acme/p/shop/connect/",
        f"/w/acme/p/shop/connect/{app.pk}/", "/w/acme/apps/import/",
    ]  # fmt: skip
    for path in pages:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in text(answer), path
        assert "<img src=x" not in text(answer), path


def test_published_apps_of_others_can_be_looked_at_and_not_changed(cast, client):
    charlie = cast.as_(cast.charlie)
    theirs = make_app(charlie, "Theirs")
    base = f"/w/acme/apps/{theirs.pk}/"
    assert client.get(base).status_code == 404
    App.objects.filter(pk=theirs.pk).update(visibility="public")
    for path in ("", "environments/", "auths/", "variables/", "actions/ping/"):
        page = client.get(base + path)
        assert page.status_code == 200
        assert "New action" not in text(page)
    for path in ("settings/", "imports/", "add-action/", "environments/live/", "auths/key/", "actions/ping/edit/"):
        assert client.get(base + path).status_code == 404, path
        assert client.post(base + path).status_code in {404, 405}, path


def test_more_actions_come_without_a_count_of_pages(client, dev, app, django_assert_max_num_queries):
    folder = {"folder": "Many"}
    for number in range(5):
        actions.create_action(dev, app.tag, {"name": f"N{number}", "method": "GET", "path": f"/n/{number}", **folder})
    base = f"/w/acme/apps/{app.pk}/"
    client.get(base)
    with django_assert_max_num_queries(16):
        page = text(client.get(base))
    assert page.count("verb verb-get") == 7
    assert text(client.get(f"{base}?folder=Many", headers=HTMX)).count("verb verb-get") == 5
    assert "No action matches" in text(client.get(f"{base}?q=nothing", headers=HTMX))


def test_I9_variables_with_odd_names_get_keys_that_can_be_used_and_changed(client, dev):
    names = ["a/b", "with space", "q?x#y", "ключ", "a/delete"]
    collection = {
        "info": {"name": "Odd", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
        "variable": [{"key": key, "value": "1"} for key in names],
        "item": [{"name": "A", "request": {"method": "GET", "url": "https://x.example.com/a"}}],
    }
    row = imports.start_import(dev, NewImport(document=json.dumps(collection).encode()))
    import_work.read_import(str(row.pk))
    app = App.objects.get()
    page = client.get(f"/w/acme/apps/{app.pk}/variables/")
    assert page.status_code == 200
    keys = list(app.variables.values_list("key", flat=True))
    assert len(keys) == len(names)
    assert all(re.fullmatch(r"[\w. -]+", key) for key in keys), keys
    for key in keys:
        url = reverse("app-variable", args=("acme", app.pk, key))
        assert client.get(url).status_code == 200, key
        assert client.post(url, {"type": "string", "default": "2"}).status_code == 302
        assert app.variables.get(key=key).default == "2"
        assert client.post(reverse("app-variable-delete", args=("acme", app.pk, key))).status_code == 302
    assert not app.variables.exists()


def test_I7_a_long_difference_says_how_much_it_leaves_out_and_shows_it_when_asked(client, dev, monkeypatch):
    def document(count):
        answers = {"responses": {"200": {"description": "ok"}}}
        paths = {
            f"/orders/{number:04}": {"get": {"operationId": f"o{number:04}", **answers}} for number in range(count)
        }
        return NewImport(document=json.dumps({**DOCUMENT, "paths": paths}).encode(), app="orders")

    import_work.read_import(str(imports.start_import(dev, document(1)).pk))
    row = imports.start_import(dev, document(503))
    import_work.read_import(str(row.pk))
    page = text(client.get(f"/w/acme/imports/{row.pk}/"))
    assert ("/orders/0500" in page, "/orders/0502" in page) == (True, False)
    assert "and 2 more" in page
    assert '<span class="tag tag-ok">502</span>' in page
    whole = text(client.get(f"/w/acme/imports/{row.pk}/?all=1"))
    assert ("/orders/0502" in whole, "and 2 more" in whole) == (True, False)
    assert f'hx-get="/w/acme/imports/{row.pk}/?all=1"' in whole

    monkeypatch.setattr(import_reports, "LISTED_AT_MOST", 500)
    actions.create_action(dev, "orders", {"name": "N", "method": "GET", "path": "/n"})
    imports.apply_import(dev, row.pk)
    import_work.apply_import(str(row.pk))
    whole = text(client.get(f"/w/acme/imports/{row.pk}/?all=1"))
    assert "and 2 more" in whole, "which are not listed, but are not hidden either"


def test_I7_every_other_part_that_changes_is_named(client, dev):
    names = [f"scheme-with-a-long-name-{number}" for number in range(30)]
    schemes = {name: {"type": "apiKey", "in": "header", "name": f"X-{name}"} for name in names}
    make_app(dev, "Orders")
    tree = {**DOCUMENT, "components": {"securitySchemes": schemes}}
    row = imports.start_import(dev, NewImport(document=json.dumps(tree).encode(), app="orders"))
    import_work.read_import(str(row.pk))
    page = text(client.get(f"/w/acme/imports/{row.pk}/"))
    assert all(name in page for name in names)
