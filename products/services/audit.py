"""Writes the audit log: one row for every change, in the transaction of the change; open pages hear of it after."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Model

from products.access import Actor
from products.hints import hint
from products.models import AuditEntry


def record(actor: Actor, verb: str, thing: Model, *, changes: dict[str, Any] | None = None, name: str = "") -> None:
    """Notes that `actor` did `verb` ("product.created") to `thing`. Never pass the value of a secret in `changes`."""
    AuditEntry.objects.create(
        workspace=actor.workspace,
        user=actor.user,
        actor=actor.name,
        verb=verb,
        object_type=thing._meta.model_name or "",
        object_id=thing.pk,
        object_name=(name or str(thing))[:300],
        changes=changes or {},
        request_id=actor.request_id,
    )
    transaction.on_commit(partial(hint, f"changes:{actor.workspace.pk}", time.time_ns() // 1_000_000))


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What differs, as {field: [old, new]}."""
    return {key: [before.get(key), value] for key, value in after.items() if before.get(key) != value}
