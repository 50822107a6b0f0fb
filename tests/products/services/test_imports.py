"""Imports from the accepted document to the applied app: all or nothing, once, and never by two."""

import json
import threading
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from products.lib.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from products.models import Action, ActionSample, App, AppVariable, AuditEntry, DocumentImport, ImportState, Membership
from products.services import actions, applying, auths, import_work, imports, samples, variables, vault
from products.services.imports import NewImport
from tests.processors.sink import Reply, Sink

pytestmark = pytest.mark.django_db


def document(*, operations=3, title="Orders", version="1.0", **more):
    paths = {
        f"/orders/{number}": {
            "get": {
                "operationId": f"getOrder{number}",
                "summary": f"Get order {number}",
                "tags": ["Orders"],
                "responses": {
                    "200": {"description": "ok", "content": {"application/json": {"example": {"n": number}}}}
                },
            }
        }
        for number in range(operations)
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": version},
        "servers": [{"url": "https://api.example.com/v1"}],
        "paths": paths,
        **more,
    }


def sent(tree, **more):
    return NewImport(document=json.dumps(tree).encode(), filename="api.json", **more)


def imported(actor, tree, **more):
    row = imports.start_import(actor, sent(tree, **more))
    import_work.read_import(str(row.pk))
    row.refresh_from_db()
    return row


@pytest.fixture
def dev(cast):
    return cast.as_(cast.dev)


def test_a_new_document_becomes_an_app_with_its_parts(dev):
    row = imported(dev, document())
    assert (row.state, row.error, row.document) == (ImportState.APPLIED, None, None)
    assert row.report["actions"] == 3
    app = App.objects.get()
    assert (app.tag, app.environments.get().base_url) == ("orders", "https://api.example.com/v1")
    assert app.folders.get().path == "Orders"
    assert ActionSample.objects.filter(action__app=app, imported=True).count() == 3
    assert AuditEntry.objects.filter(verb="app.imported").exists()


def test_I7_a_second_import_of_the_same_file_changes_nothing(dev):
    imported(dev, document())
    ids = set(Action.objects.values_list("pk", flat=True))
    again = imported(dev, document(), app="orders", apply_at_once=True)
    assert again.difference["counts"] == {"added": 0, "changed": 0, "removed": 0, "same": 3}
    assert set(Action.objects.values_list("pk", flat=True)) == ids
    assert (App.objects.count(), ActionSample.objects.count()) == (1, 3)


def test_a_reimport_waits_for_a_person_and_shows_what_would_change(dev):
    imported(dev, document())
    changed = document(operations=4)
    del changed["paths"]["/orders/0"]
    changed["paths"]["/orders/1"]["get"]["summary"] = "Get another order"
    row = imported(dev, changed, app="orders")
    assert row.state == ImportState.READY
    assert [each["tag"] for each in row.difference["added"]] == ["get-order3"]
    assert [each["tag"] for each in row.difference["removed"]] == ["get-order0"]
    assert row.difference["changed"][0]["fields"] == ["name"]
    assert Action.objects.count() == 3, "nothing is applied yet"

    imports.apply_import(dev, row.pk)
    import_work.apply_import(str(row.pk))
    row.refresh_from_db()
    assert row.state == ImportState.APPLIED
    tags = set(Action.objects.values_list("tag", flat=True))
    assert tags == {"get-order1", "get-order2", "get-order3"}
    assert Action.objects.get(tag="get-order1").name == "Get another order"


def test_a_document_that_does_not_open_any_more_fails_the_import(dev):
    imported(dev, document())
    row = imported(dev, document(operations=4), app="orders")
    DocumentImport.objects.filter(pk=row.pk).update(document=b"\x01" + b"damaged" * 10)
    imports.apply_import(dev, row.pk)
    import_work.apply_import(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.error["code"]) == (ImportState.FAILED, "internal")
    assert "import it again" in row.error["message"]


def test_an_archive_comes_out_of_its_seal_byte_by_byte(dev):
    raw = bytes(range(256)) * 40
    row = imports.start_import(dev, NewImport(document=raw, filename="x.zip"))
    row.refresh_from_db()
    assert raw[:64] not in bytes(row.document)
    assert vault.open_bytes(row.workspace, row, "document", bytes(row.document)) == raw


def test_removed_actions_stay_if_a_person_wants_so(dev):
    imported(dev, document())
    row = imported(dev, document(operations=1), app="orders")
    imports.apply_import(dev, row.pk, remove=False)
    import_work.apply_import(str(row.pk))
    assert Action.objects.count() == 3


def test_a_discarded_import_leaves_the_app_alone_and_cannot_be_applied(dev):
    imported(dev, document())
    row = imported(dev, document(operations=1), app="orders")
    assert imports.discard_import(dev, row.pk).document is None
    with pytest.raises(Conflict):
        imports.apply_import(dev, row.pk)
    assert Action.objects.count() == 3


def test_a_reimport_keeps_policies_and_samples_of_people(dev):
    imported(dev, document())
    actions.update_action(dev, "orders", "get-order0", {"policy": {"retries": 3}})
    samples.save_sample(dev, "orders", "get-order0", {"name": "Mine", "status": 404})
    changed = document()
    changed["paths"]["/orders/0"]["get"]["summary"] = "New words"
    imported(dev, changed, app="orders", apply_at_once=True)
    row = Action.objects.get(tag="get-order0")
    assert (row.policy, row.name) == ({"retries": 3}, "New words")
    assert sorted(row.samples.values_list("imported", flat=True)) == [False, True]
    assert row.samples.get(imported=False).name == "Mine"


def test_I16_a_worker_that_dies_half_way_leaves_nothing_and_the_import_is_done_again(dev, monkeypatch):
    row = imports.start_import(dev, sent(document()))

    def die(*args):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(applying, "_samples", die)
        with pytest.raises(SystemExit):
            import_work.read_import(str(row.pk))
    row.refresh_from_db()
    assert (row.state, App.objects.count(), Action.objects.count()) == (ImportState.READING, 0, 0)

    import_work.read_import(str(row.pk))
    assert App.objects.count() == 0, "the lease still holds"
    DocumentImport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert import_work.ring_stale() == 1
    import_work.read_import(str(row.pk))
    row.refresh_from_db()
    assert (row.state, Action.objects.count()) == (ImportState.APPLIED, 3)


def test_I16_after_three_lost_workers_it_has_failed_and_says_so(dev):
    row = imports.start_import(dev, sent(document()))
    past = timezone.now() - timedelta(seconds=1)
    DocumentImport.objects.update(state=ImportState.READING, attempts=3, lease_until=past)
    import_work.ring_stale()
    row.refresh_from_db()
    assert (row.state, row.error["code"]) == (ImportState.FAILED, "worker_lost")


def test_a_worker_that_was_thought_lost_changes_nothing_when_it_comes_back(dev):
    row = imports.start_import(dev, sent(document()))
    claim = import_work._claim(str(row.pk), (ImportState.QUEUED,), ImportState.READING)
    DocumentImport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    import_work.read_import(str(row.pk))
    with pytest.raises(import_work.Superseded):
        claim.progress(3, 3)
    with pytest.raises(import_work.Superseded):
        import_work._read(claim)
    assert (App.objects.count(), Action.objects.count()) == (1, 3)


def test_an_error_of_ours_fails_the_import_instead_of_hanging_it(dev, monkeypatch):
    row = imports.start_import(dev, sent(document()))
    monkeypatch.setattr(applying, "_samples", lambda pairs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        import_work.read_import(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.error["code"], App.objects.count()) == (ImportState.FAILED, "internal", 0)


def test_I7_a_malformed_document_names_line_and_column(dev):
    row = imports.start_import(dev, NewImport(document=b'{"openapi": "3.0.0",\n  "paths": {,}}', filename="x.json"))
    import_work.read_import(str(row.pk))
    row.refresh_from_db()
    assert row.state == ImportState.FAILED
    assert (row.error["line"], bool(row.error["column"]), bool(row.error["message"])) == (2, True, True)
    assert App.objects.count() == 0


def test_I2_an_import_by_url_cannot_reach_private_addresses(dev):
    for url in ("http://127.0.0.1:9/api.json", "http://169.254.169.254/latest", "http://[::1]/x", "http://0x7f.1/"):
        try:
            row = imports.start_import(dev, NewImport(url=url))
        except Invalid:
            continue
        import_work.read_import(str(row.pk))
        row.refresh_from_db()
        assert (row.state, row.error["code"]) == (ImportState.FAILED, "address_refused"), url


def test_K3_what_opens_an_address_is_kept_only_until_the_document_is_there(dev, settings):
    with closing(Sink()) as sink:
        settings.EGRESS_ALLOW = [sink.allowed]
        sink.answering = lambda call, number: Reply(body=document(), status=200 if "good" in call.path else 500)
        for path in ("good", "bad"):
            address = f"{sink.url}/{path}.json?token=canary-{path}"
            row = imports.start_import(dev, NewImport(url=address))
            import_work.read_import(str(row.pk))
            row.refresh_from_db()
            assert sink.calls[-1].path.endswith(f"?token=canary-{path}")
            assert (row.state, row.url) == (ENDS[path], f"{sink.url}/{path}.json?token=•••")


ENDS = {"good": ImportState.APPLIED, "bad": ImportState.FAILED}


@pytest.mark.parametrize(
    "url", ["ftp://example.com/x", "file:///etc/passwd", "gopher://x", "http://u:p@example.com/x", "x", " "]
)
def test_I2_other_kinds_of_urls_are_refused_at_the_door(dev, url):
    with pytest.raises(Invalid) as caught:
        imports.start_import(dev, NewImport(url=url))
    assert caught.value.errors[0].pointer == "/url"


def test_a_document_over_the_limit_is_too_large_and_an_empty_one_invalid(dev):
    with pytest.raises(TooLarge):
        imports.start_import(dev, NewImport(document=b" " * (16 * 1024 * 1024 + 1)))
    with pytest.raises(Invalid):
        imports.start_import(dev, NewImport(document=b"  \n"))
    with pytest.raises(Invalid):
        imports.start_import(dev, NewImport())


def test_A6_a_viewer_cannot_import_apply_or_discard(cast, dev):
    row = imported(dev, document())
    vera = cast.as_(cast.vera)
    for attempt in (
        lambda: imports.start_import(vera, sent(document())),
        lambda: imports.apply_import(vera, row.pk),
        lambda: imports.discard_import(vera, row.pk),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_A1_an_import_of_another_workspace_does_not_exist(cast, dev):
    row = imported(dev, document())
    charlie = cast.as_(cast.charlie)
    with pytest.raises(NotFound):
        imports.apply_import(charlie, row.pk)


def test_who_has_left_the_workspace_imports_nothing_any_more(cast, dev):
    row = imports.start_import(dev, sent(document()))
    Membership.objects.filter(user=cast.dev).delete()
    import_work.read_import(str(row.pk))
    row.refresh_from_db()
    assert (row.state, App.objects.count()) == (ImportState.FAILED, 0)


def test_I14_a_secret_looking_default_is_never_stored(dev):
    postman = {
        "info": {"name": "X", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
        "variable": [{"key": "api_token", "value": "sk_live_canarycanary"}, {"key": "region", "value": "eu"}],
        "item": [
            {"name": "A", "request": {"method": "GET", "url": "https://x.example.com/{{region}}?t={{api_token}}"}}
        ],
    }
    row = imported(dev, postman)
    assert row.state == ImportState.APPLIED, row.error
    assert AppVariable.objects.get(key="api_token").default is None
    with connection.cursor() as cursor:
        for table in ("products_appvariable", "products_action", "products_documentimport"):
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%canary%'")
            assert cursor.fetchone()[0] == 0, table


def test_a_login_action_is_not_removed_by_a_reimport(dev):
    imported(dev, document())
    auths.create_auth(
        dev, "orders",
        {"name": "Login", "tag": "login", "kind": "credential", "login": {"action": "get-order2"},
         "placements": [{"place": "header", "key": "Authorization", "value": "Bearer {{token}}"}]},
    )  # fmt: skip
    imported(dev, document(operations=1), app="orders", apply_at_once=True)
    assert set(Action.objects.values_list("tag", flat=True)) == {"get-order0", "get-order2"}


def test_a_secret_variable_stays_secret_when_the_document_does_not_know(dev):
    tree = document(servers=[{"url": "https://{region}.example.com", "variables": {"region": {"default": "eu"}}}])
    imported(dev, tree)
    assert AppVariable.objects.get().default == "eu"
    variables.update_variable(dev, "orders", "region", {"secret": True, "default": None})
    imported(dev, tree, app="orders", apply_at_once=True)
    row = AppVariable.objects.get()
    assert (row.secret, row.default) == (True, None)


@pytest.mark.django_db(transaction=True)
def test_I16_two_imports_of_one_app_at_once_make_no_duplicates(cast):
    dev = cast.as_(cast.dev)
    imported(dev, document())
    rows = [imports.start_import(dev, sent(document(operations=40), app="orders", apply_at_once=True)) for _ in "12"]
    start = threading.Barrier(2)

    def work(pk):
        try:
            start.wait(120)
            import_work.read_import(str(pk))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[row.pk]) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(DocumentImport.objects.values_list("state", flat=True)) == {ImportState.APPLIED}
    assert (App.objects.count(), Action.objects.count()) == (1, 40)


@pytest.mark.django_db(transaction=True)
def test_one_import_rung_twice_is_done_once(cast):
    row = imports.start_import(cast.as_(cast.dev), sent(document(operations=40)))
    start = threading.Barrier(2)

    def work():
        try:
            start.wait(120)
            import_work.read_import(str(row.pk))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (App.objects.count(), Action.objects.count()) == (1, 40)


def large_document(operations=600, megabytes=4):
    """A document of the size that the product promises to take in seconds."""
    text = "What this field means, in words. " * 12
    share = megabytes * 1_000_000 // operations // 430
    tree = document(operations=operations)
    for number, path in enumerate(tree["paths"].values()):
        path["post"] = path.pop("get") | {
            "requestBody": {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/S{number}"}}}}
        }
    tree["components"] = {
        "schemas": {
            f"S{number}": {
                "type": "object",
                "properties": {f"field_{index}": {"type": "string", "description": text} for index in range(share)},
            }
            for number in range(operations)
        }
    }
    return tree


def test_a_document_of_4_MB_and_600_operations_goes_in_whole(dev):
    tree = large_document()
    assert len(json.dumps(tree)) > 4_000_000
    row = imported(dev, tree)
    assert (row.state, row.report["actions"], Action.objects.count()) == (ImportState.APPLIED, 600, 600)
