"""Workspace secrets: written, replaced, deleted, and never read back by any door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from products.access import Actor, Permission, mine
from products.lib.errors import Conflict, Invalid
from products.lib.origins import EntryError, clean_entries
from products.models import Secret, Workspace
from products.services import audit, vault
from products.services.validation import assign, check, insert

MAX_SECRETS = 1000
MAX_VALUE_BYTES = 16 * 1024
PLACEHOLDER = "•••"  # what a form shows for the value; sent back, it means: keep


def create_secret(
    actor: Actor,
    *,
    key: str,
    value: str,
    description: str = "",
    expires_at: datetime | None = None,
    allowed_hosts: Sequence[str] = (),
) -> Secret:
    """A new secret; `allowed_hosts` are those it may be sent to, all if empty. Raises Invalid, Taken, Conflict."""
    actor.need(Permission.MANAGE_SECRETS)
    hosts = _hosts(allowed_hosts)
    _check_value(value)
    _check_expiry(expires_at)
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=actor.workspace.pk)
        if Secret.objects.filter(workspace=actor.workspace).count() >= MAX_SECRETS:
            raise Conflict(f"A workspace may have at most {MAX_SECRETS} secrets.")
        row = Secret(workspace=actor.workspace, key=key, description=description, expires_at=expires_at)
        row.allowed_hosts = hosts
        row.changed_by = actor.user
        row.sealed = vault.seal(actor.workspace, row, "sealed", value)
        insert(row, unique="key", message="There is a secret with this key already.")
        audit.record(actor, "secret.created", row)
    return row


def update_secret(actor: Actor, key: str, values: Mapping[str, Any]) -> Secret:
    """Another `value` (a new revision), `description`, `expires_at` or `allowed_hosts`. Raises NotFound, Invalid.

    The placeholder `•••` as value keeps the one that is there.
    """
    actor.need(Permission.MANAGE_SECRETS)
    value = values.get("value", PLACEHOLDER)
    if value != PLACEHOLDER:
        _check_value(value)
    if "allowed_hosts" in values:
        values = {**values, "allowed_hosts": _hosts(values["allowed_hosts"])}
    with transaction.atomic():
        row = _locked(actor, key)
        if values.get("expires_at") != row.expires_at:
            _check_expiry(values.get("expires_at"))
        changes = assign(row, values, ("description", "expires_at", "allowed_hosts"))
        verb = "secret.changed"
        if value != PLACEHOLDER:
            row.sealed = vault.seal(actor.workspace, row, "sealed", value)
            changes["revision"], verb = [row.revision, row.revision + 1], "secret.rotated"
            row.revision += 1
        if changes:
            _save(actor, row, verb, changes)
    return row


def delete_secret(actor: Actor, key: str) -> None:
    """Deletes it; what still names it fails clearly at its next run. Raises NotFound."""
    actor.need(Permission.MANAGE_SECRETS)
    with transaction.atomic():
        row = _locked(actor, key)
        audit.record(actor, "secret.deleted", row)
        row.delete()


def _save(actor: Actor, row: Secret, verb: str, changes: dict[str, Any]) -> None:
    row.changed_by = actor.user
    check(row)
    row.save(
        update_fields=["sealed", "revision", "description", "expires_at", "allowed_hosts", "changed_by", "updated_at"]
    )
    shown = {name: [str(old) if old else old, str(new) if new else new] for name, (old, new) in changes.items()}
    audit.record(actor, verb, row, changes=shown)


def _locked(actor: Actor, key: str) -> Secret:
    rows = Secret.objects.select_for_update().filter(workspace=actor.workspace)
    return mine(actor, rows, "secret", key=key if "\x00" not in key else "")


def _check_value(value: str) -> None:
    if value == PLACEHOLDER:
        raise Invalid.field("value", "This is what stands for a value, not a value.")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        size = 0
    if "\x00" in value or not 0 < size <= MAX_VALUE_BYTES:
        raise Invalid.field("value", f"Give text of 1 to {MAX_VALUE_BYTES} bytes without NUL.")


def _hosts(entries: Sequence[str]) -> list[str]:
    try:
        return clean_entries(entries)
    except EntryError as error:
        raise Invalid.field("allowed_hosts", str(error)) from None


def _check_expiry(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid.field("expires_at", "Choose a time in the future.")
