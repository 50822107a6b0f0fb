"""K10: who used which secret where is on record without its value, and nobody can rewrite that record."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import URLPattern, get_resolver

from processors.runtime import loop
from processors.services import deleting
from products.models import AuditEntry, Secret, User, Workspace
from products.services.secrets import create_secret, delete_secret, update_secret
from products.services.workspaces import delete_workspace
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.scene import Scene
from tests.processors.test_K11_hosts import HEADER

VALUE = "canary-of-the-audit-log"


@pytest.fixture
def named(runs: Runs, scene: Scene, people: Cast) -> Secret:
    """A secret that the connection names, beside a credential of its own."""
    scene.authenticate(HEADER)
    row = create_secret(people.as_(people.alice), key="PART", value=VALUE)
    scene.value("credential", "k", plain="$Secret{PART}")
    scene.value("variable", "own", sealed="own-canary-value")
    return row


def test_K10_a_use_is_written_once_a_day_and_connection(runs: Runs, named: Secret) -> None:
    done = [runs.now() for _ in range(3)]
    loop.stop()  # writes what was noted
    other = loop.WorkerLoop()
    other.submit(runs.start().pk).result(120)
    other.stop()
    uses = {row.verb: row for row in AuditEntry.objects.filter(verb__endswith=".used")}
    assert len(uses) == AuditEntry.objects.filter(verb__endswith=".used").count() == 2
    row = uses["secret.used"]
    assert (row.actor, row.object_id, row.object_name) == ("system", named.pk, "PART")
    where = {name: row.changes[name] for name in ("product", "connection", "environment")}
    assert where == {"product": "shop", "connection": "api", "environment": "dev"}
    assert row.changes["run"] == str(done[0].pk)
    assert uses["credentials.used"].object_name == "api"
    named.refresh_from_db()
    assert named.last_used_at is not None
    assert "canary" not in json.dumps([row.changes for row in uses.values()])


def test_K10_the_time_of_the_last_use_is_written_once_a_minute(runs: Runs, named: Secret) -> None:
    runs.now()
    loop.stop()
    named.refresh_from_db()
    first = named.last_used_at
    runs.now()
    loop.stop()
    named.refresh_from_db()
    assert named.last_used_at == first


def test_K10_every_change_of_a_secret_is_on_record_without_its_value(people: Cast) -> None:
    alice = people.as_(people.alice)
    create_secret(alice, key="TOKEN", value=VALUE)
    update_secret(alice, "TOKEN", {"value": f"{VALUE}-two"})
    update_secret(alice, "TOKEN", {"description": "words", "allowed_hosts": ["api.example.com"]})
    delete_secret(alice, "TOKEN")
    rows = AuditEntry.objects.filter(object_type="secret").order_by("id")
    assert [row.verb for row in rows] == ["secret.created", "secret.rotated", "secret.changed", "secret.deleted"]
    assert {row.actor for row in rows} == {"alice@example.com"}
    assert VALUE not in json.dumps([row.changes for row in rows])


def test_K10_the_database_refuses_to_rewrite_the_log(people: Cast) -> None:
    create_secret(people.as_(people.alice), key="TOKEN", value=VALUE)
    entry = AuditEntry.objects.get(verb="secret.created")
    for change in ({"actor": "nobody"}, {"changes": {"a": 1}}, {"verb": "x"}, {"user_id": people.dev.pk}):
        with pytest.raises(DatabaseError, match="never changed"):
            AuditEntry.objects.filter(pk=entry.pk).update(**change)
    with pytest.raises(DatabaseError, match="only with their workspace"), transaction.atomic():
        entry.delete()
    with pytest.raises(DatabaseError, match="only with their workspace"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM products_auditentry")
    assert AuditEntry.objects.filter(verb="secret.created").exists()


def test_K10_the_log_goes_with_its_workspace_and_forgets_people(people: Cast) -> None:
    create_secret(people.as_(people.adam), key="TOKEN", value=VALUE)
    User.objects.filter(pk=people.adam.pk).delete()
    entry = AuditEntry.objects.get(verb="secret.created")
    assert (entry.user_id, entry.actor) == (None, "adam@example.com")
    delete_workspace(people.as_(people.alice))
    deleting.go_on(people.workspace.pk)
    assert not Workspace.objects.filter(tag="acme").exists()
    assert not AuditEntry.objects.filter(pk=entry.pk).exists()


@pytest.mark.django_db
def test_K10_an_export_is_on_record(client, cast: Cast) -> None:
    client.force_login(cast.alice)
    for path in ("/api/v1/workspaces/acme/audit/export/?file=json", "/w/acme/audit/export/"):
        assert client.get(path).status_code == 200
    assert AuditEntry.objects.filter(verb="audit.exported", user=cast.alice).count() == 2


def test_K10_no_route_writes_the_log_or_reveals_a_secret(client) -> None:
    def names(patterns, found):
        for each in patterns:
            if isinstance(each, URLPattern):
                found.add(f"{each.pattern} {each.name}")
            else:
                names(each.url_patterns, found)
        return found

    found = names(get_resolver().url_patterns, set())
    audit = {name for name in found if "audit" in name and "admin" not in name and "auditentry" not in name}
    assert len(audit) == 4  # list and export, each as page and REST: all of them GET only, as the matrix shows
    assert not {name for name in found if "reveal" in name.lower()}
