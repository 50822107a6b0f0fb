"""Pauses and resumes processors."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from processors.live import publish, topics
from processors.models import Processor, Run, RunState
from processors.services.starting import PAUSED
from products import access
from products.access import Actor, Permission
from products.lib.errors import NotFound
from products.models import Environment
from products.services import audit

_WAITS = (RunState.QUEUED, RunState.WAITING)


def pause_processor(actor: Actor, tag: str) -> Processor:
    """New runs wait and say why; those under way go on. Pausing twice changes nothing. Raises NotFound."""
    return _set(actor, tag, timezone.now())


def resume_processor(actor: Actor, tag: str) -> Processor:
    """What waited starts within seconds. Raises NotFound."""
    return _set(actor, tag, None)


def _set(actor: Actor, tag: str, paused_at: datetime | None) -> Processor:
    actor.need(Permission.MANAGE_PROCESSORS)
    with transaction.atomic():
        row = _row(actor, tag)
        if (row.paused_at is None) == (paused_at is None):
            return row
        row.paused_at = paused_at
        row.save(update_fields=["paused_at", "updated_at"])
        _explain(row)
        audit.record(actor, "processor.paused" if paused_at else "processor.resumed", row)
        publish.changed_after_commit(topics.processors(actor.workspace.pk), topics.workspace(actor.workspace.pk))
    return row


def _row(actor: Actor, tag: str) -> Processor:
    """An environment names its processor; there is a row of it once somebody paused it."""
    if "\x00" in tag:
        raise NotFound("There is no such processor.")
    named = Environment.objects.filter(product__workspace=actor.workspace, processor_tag=tag)
    if named.exists():
        Processor.objects.get_or_create(workspace=actor.workspace, tag=tag, defaults={"name": tag})
    rows = Processor.objects.select_for_update().filter(workspace=actor.workspace)
    return access.mine(actor, rows, "processor", tag=tag)


def _explain(row: Processor) -> None:
    runs = Run.objects.filter(workspace_id=row.workspace_id, processor_tag=row.tag, state__in=_WAITS)
    reason = PAUSED.format(tag=row.tag)
    if row.paused_at is not None:
        runs.filter(reason="").update(reason=reason)
    else:  # never rung, as the scheduler sees it: it rings for them with its next look
        runs.filter(reason=reason).update(reason="", rang_at=None)
