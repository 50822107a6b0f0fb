"""Example answers of actions: saved and deleted by people, next to those an import brought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from products.access import Actor, Permission, mine
from products.lib.errors import Conflict, Invalid
from products.lib.fields import Fields, Problems
from products.lib.redaction import Redactor
from products.models import ActionSample
from products.services import audit
from products.services.apps import locked_app
from products.services.validation import named

MAX_SAMPLES = 100
MAX_BODY_BYTES = 512_000
KEYS = ("name", "status", "content_type", "headers", "body")


def save_sample(actor: Actor, app_tag: str, action_tag: str, data: Mapping[str, Any]) -> ActionSample:
    """Keeps an answer: `name`, `status`, `content_type`, `headers` (secret ones masked), `body`.

    Raises NotFound, Invalid, Conflict.
    """
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        action = mine(actor, app.actions.all(), "action", tag=action_tag)
        if action.samples.count() >= MAX_SAMPLES:
            raise Conflict(f"An action may have at most {MAX_SAMPLES} samples.")
        row = _sample(named(data))
        row.action = action
        row.save(force_insert=True)
        audit.record(actor, "sample.created", row, name=f"{action.tag}: {row.name}")
    return row


def delete_sample(actor: Actor, app_tag: str, action_tag: str, sample_id: object) -> None:
    """Raises NotFound."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        action = mine(actor, app.actions.all(), "action", tag=action_tag)
        row = mine(actor, action.samples.all(), "sample", id=sample_id)
        audit.record(actor, "sample.deleted", row, name=f"{action.tag}: {row.name}")
        row.delete()


def _sample(data: Mapping[str, Any]) -> ActionSample:
    problems = Problems()
    fields = Fields(dict(data), problems, known=KEYS)
    status = fields.number("status", least=100, most=599, whole=True)
    row = ActionSample(
        name=fields.text("name", most=200, required=True),
        status=200 if status is None else int(status),
        content_type=fields.text("content_type", most=200),
        headers=Redactor().json(fields.object("headers", max_bytes=32_000)),
        body=fields.json("body", max_bytes=MAX_BODY_BYTES),
    )
    if problems.found:
        raise Invalid(errors=tuple(problems.found))
    return row
