"""Secrets: sealed for one row of one workspace, replaced and deleted, never given back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from products.lib.errors import Forbidden, Invalid, NotFound
from products.lib.sealing import SealError
from products.models import AuditEntry, Secret
from products.queries.secrets import secret_by_key, secrets_of, uses
from products.services import vault
from products.services.secrets import MAX_VALUE_BYTES, PLACEHOLDER, create_secret, delete_secret, update_secret
from products.services.validation import Taken
from tests import objects
from tests.people import Cast

pytestmark = pytest.mark.django_db
CANARY = 'c4n4ry-"ü\n%+'


def value_of(row: Secret) -> str:
    return vault.open_sealed(row.workspace, row, "sealed", Secret.objects.get(pk=row.pk).sealed)


def test_K7_equal_values_are_sealed_differently_and_cannot_be_swapped(cast: Cast) -> None:
    alice = cast.as_(cast.alice)
    one, two = create_secret(alice, key="ONE", value=CANARY), create_secret(alice, key="TWO", value=CANARY)
    assert value_of(one) == value_of(two) == CANARY
    assert bytes(one.sealed) != bytes(two.sealed)
    with pytest.raises(SealError):
        vault.open_sealed(cast.workspace, two, "sealed", one.sealed)
    with pytest.raises(SealError):
        vault.open_sealed(cast.elsewhere, one, "sealed", one.sealed)


def test_K1_the_value_is_nowhere_in_the_database_and_not_in_the_log(cast: Cast) -> None:
    alice = cast.as_(cast.alice)
    create_secret(alice, key="ONE", value="canary-0123456789", description="d")
    update_secret(alice, "ONE", {"value": "canary-9876543210"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" AS t WHERE t::text LIKE %s', ["%canary-%"])
            assert cursor.fetchone() == (0,), table


def test_K3_the_placeholder_sent_back_keeps_the_value(cast: Cast) -> None:
    alice = cast.as_(cast.alice)
    row = create_secret(alice, key="ONE", value=CANARY)
    update_secret(alice, "ONE", {"value": PLACEHOLDER, "description": "for payments"})
    row.refresh_from_db()
    assert (row.revision, row.description, value_of(row)) == (1, "for payments", CANARY)
    with pytest.raises(Invalid):
        create_secret(alice, key="TWO", value=PLACEHOLDER)


def test_a_new_value_is_a_new_revision_and_the_log_says_only_that(cast: Cast) -> None:
    alice = cast.as_(cast.alice)
    row = create_secret(alice, key="ONE", value=CANARY)
    update_secret(alice, "ONE", {"value": "other"})
    row.refresh_from_db()
    assert (row.revision, value_of(row)) == (2, "other")
    assert AuditEntry.objects.get(verb="secret.rotated").changes == {"revision": ["1", "2"]}


@pytest.mark.parametrize("value", ["", "a\x00b", "\ud800", "x" * (MAX_VALUE_BYTES + 1), "ü" * (MAX_VALUE_BYTES - 1)])
def test_D1_a_value_that_cannot_be_used_is_refused(cast: Cast, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_secret(cast.as_(cast.alice), key="ONE", value=value)
    assert refused.value.errors[0].pointer == "/value"


@pytest.mark.parametrize("key", ["", "1A", "A-B", "A B", "A\n", "Ä", "A" * 121])
def test_a_key_that_no_definition_could_name_is_refused(cast: Cast, key: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_secret(cast.as_(cast.alice), key=key, value="v")
    assert refused.value.errors[0].pointer == "/key"


def test_only_admins_write_and_nobody_reads_the_sealed_value(cast: Cast) -> None:
    create_secret(cast.as_(cast.adam), key="ONE", value=CANARY)
    for user in (cast.dev, cast.vera):
        actor = cast.as_(user)
        for attempt in (
            lambda actor=actor: create_secret(actor, key="TWO", value="v"),
            lambda actor=actor: update_secret(actor, "ONE", {"value": "v"}),
            lambda actor=actor: delete_secret(actor, "ONE"),
        ):
            with pytest.raises(Forbidden):
                attempt()
        assert "sealed" in secret_by_key(actor, "ONE").get_deferred_fields()


def test_expiry_is_in_the_future_and_may_be_taken_away(cast: Cast) -> None:
    alice, now = cast.as_(cast.alice), timezone.now()
    with pytest.raises(Invalid) as refused:
        create_secret(alice, key="ONE", value="v", expires_at=now - timedelta(days=1))
    assert refused.value.errors[0].pointer == "/expires_at"
    create_secret(alice, key="ONE", value="v", expires_at=now + timedelta(days=1))
    assert update_secret(alice, "ONE", {"expires_at": None}).expires_at is None


def test_another_workspace_has_its_own_secrets(cast: Cast) -> None:
    create_secret(cast.as_(cast.alice), key="ONE", value="v")
    create_secret(cast.as_(cast.charlie), key="ONE", value="v")
    with pytest.raises(Taken):
        create_secret(cast.as_(cast.alice), key="ONE", value="v")
    delete_secret(cast.as_(cast.charlie), "ONE")
    with pytest.raises(NotFound):
        update_secret(cast.as_(cast.charlie), "ONE", {"value": "v"})
    assert secrets_of(cast.as_(cast.alice)).count() == 1


def test_where_a_secret_is_named_is_found(cast: Cast) -> None:
    objects.connection_value(cast.workspace, value="Bearer $Secret{ONE}-$Secret{TWO}")
    objects.connection_value(cast.elsewhere, value="$Secret{ONE}")
    found = uses(cast.as_(cast.vera))
    assert set(found) == {"ONE", "TWO"}
    (use,) = found["ONE"]
    assert (use.product, use.environment, use.field) == ("shop-acme", "dev", "token")
