"""A5, A8: an import is done with the rights of who asked for it, as they are when it is done, and in their name."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.utils import timezone

from products import access
from products.access import Actor
from products.models import AccessKey, App, AuditEntry, DocumentImport, ImportState
from products.services import import_work, imports
from products.services.imports import NewImport
from products.services.keys import revoke_key
from tests import objects
from tests.people import Cast
from tests.products.services.test_imports import document, imported

pytestmark = pytest.mark.django_db


def client_with_key(cast: Cast) -> tuple[AccessKey, dict[str, str]]:
    issued = objects.key(cast.workspace, "read", "write")
    return issued.key, {"Authorization": f"Bearer {issued.text}"}


def sent(headers: dict[str, str], tree: dict[str, object], **more: object) -> DocumentImport:
    body = {"document": json.dumps(tree), **more}
    answer = Client().post("/api/v1/workspaces/acme/imports/", body, content_type="application/json", headers=headers)
    assert answer.status_code == 202, answer.content
    return DocumentImport.objects.get(pk=answer.json()["id"])


def read(row: DocumentImport) -> DocumentImport:
    import_work.read_import(str(row.pk))
    row.refresh_from_db()
    return row


def test_A5_a_keys_import_is_done_by_the_key(cast: Cast) -> None:
    key, headers = client_with_key(cast)
    assert read(sent(headers, document())).state == ImportState.APPLIED
    entry = AuditEntry.objects.get(verb="app.imported")
    assert (entry.actor, entry.changes["by"]) == (f"key {key.name}", f"key {key.name}")


@pytest.mark.parametrize("ended", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}, {"verbs": ["read"]}])
def test_A8_a_key_that_has_ended_meanwhile_imports_nothing(cast: Cast, ended: dict[str, object]) -> None:
    key, headers = client_with_key(cast)
    row = sent(headers, document())
    AccessKey.objects.filter(pk=key.pk).update(**ended)
    assert read(row).state == ImportState.FAILED
    assert row.error["code"] == "forbidden"
    assert not App.objects.exists()


def test_A8_an_import_whose_key_or_person_is_gone_is_not_done_by_the_system(cast: Cast) -> None:
    key, headers = client_with_key(cast)
    of_key = sent(headers, document())
    key.delete()
    of_person = imports.start_import(cast.as_(cast.dev), NewImport(document=b"{}"))
    cast.dev.delete()
    for row in (of_key, of_person):
        assert (read(row).state, row.error["code"]) == (ImportState.FAILED, "forbidden")
    assert not App.objects.exists()


def test_A8_whoever_decides_answers_for_it_though_the_key_has_ended(cast: Cast) -> None:
    key, headers = client_with_key(cast)
    dev = cast.as_(cast.dev)
    imported(dev, document())
    row = read(sent(headers, document(operations=1), app="orders"))
    revoke_key(cast.as_(cast.alice), key.pk)
    imports.apply_import(dev, row.pk)
    import_work.apply_import(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.error, row.actor_name) == (ImportState.APPLIED, None, f"key {key.name}")
    assert AuditEntry.objects.filter(verb="app.imported").order_by("-id")[0].actor == dev.name


def test_what_the_platform_imports_itself_needs_nobody(cast: Cast) -> None:
    system: Actor = access.system(cast.workspace)
    assert imported(system, document()).state == ImportState.APPLIED
