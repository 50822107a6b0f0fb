"""Ends runs that no worker holds, and asks workers to end theirs; whoever waits for such an end hears of it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from processors.live import publish, topics
from processors.models import ENDED_STATES, LogLine, Run, RunState, Step
from processors.services import measures, turns
from processors.services.bell import News, bell
from processors.services.starting import queue_of
from products.access import Actor
from products.lib.errors import Conflict
from products.services import audit

CANCELLED = {
    "code": "cancelled",
    "message": "The run was cancelled.",
    "fault": "caller",
    "retryable": False,
    "outcome_unknown": False,
    "details": {},
}


def cancel(actor: Actor, row: Run) -> None:
    """Ends a locked run that waits, or has it rolled back where there is something to roll back.

    Raises Conflict after its end.
    """
    if row.state in ENDED_STATES:
        raise Conflict("The run has already ended.", code="already_ended")
    if row.cancel_requested_at is None:
        audit.record(actor, "run.cancelled", row, name=row.target)
    if row.state == RunState.RUNNING:
        _ask(row)
    elif row.kind == "feature" and row.fence:
        _ask(row)
        wake(row)
    else:
        end_at_once(row, CANCELLED, f"Cancelled by {actor.name}.")


def end_at_once(row: Run, error: dict[str, Any], line: str) -> None:
    """No worker holds it: the lock on the row keeps every claim away until this has committed."""
    now = timezone.now()
    row.state, row.finished_at, row.wake_at, row.reason, row.error = RunState.CANCELLED, now, None, "", error
    row.seq += 1
    row.save(update_fields=["state", "finished_at", "wake_at", "reason", "error", "seq"])
    Step.objects.filter(run=row, state__in=["pending", "waiting"]).update(state="failed", error=error, finished_at=now)
    LogLine.objects.create(run=row, seq=row.seq, at=now, level="warn", message=line)
    measures.count_cancelled(row)
    transaction.on_commit(lambda: _tell(row))
    if row.concurrency_key:
        # Not before the row is free: whoever has the lock of the sharers may be waiting for it.
        transaction.on_commit(lambda: _next(row), robust=True)
    if row.parent_id is not None:
        _tell_parent(row)


def drop(run: Run, why: str) -> None:
    """Ends a run that its concurrency limit keeps from starting."""
    row = (
        Run.objects.select_for_update(of=("self",)).select_related("product", "environment", "workspace").get(pk=run.pk)
    )
    end_at_once(row, {**CANCELLED, "code": "dropped", "message": why}, why)


def cancel_older(actor: Actor, run: Run, key: str, limit: int) -> None:
    """Cancels as many of those that were started before as are over the limit, the oldest first."""
    before = turns.older(run.environment_id, key, run.pk)
    surplus = before[: max(0, len(before) + 1 - limit)]
    rows = Run.objects.select_for_update(of=("self",)).select_related("product", "environment", "workspace")
    for row in rows.filter(pk__in=surplus).order_by("pk"):
        if row.state not in ENDED_STATES:
            cancel(actor, row)


def wake(row: Run, *, news: int = 1) -> None:
    """A run that waits is due now; whoever holds it hears that it was told something."""
    changes: dict[str, Any] = {"news": F("news") + news}
    if row.state == RunState.WAITING:
        changes |= {"wake_at": timezone.now(), "rang_at": timezone.now()}
    Run.objects.filter(pk=row.pk).update(**changes)
    transaction.on_commit(lambda: publish.told(row.pk))
    if row.state == RunState.WAITING:
        ring(row, [row.pk])


def ring(row: Run, run_ids: list[Any]) -> None:
    """Once this has committed, rings for runs of the same environment."""
    queue = queue_of(row.workspace.tag, row.processor_tag)
    of = (topics.runs(row.product_id, row.environment.slug), topics.workspace(row.workspace_id))
    if run_ids:
        transaction.on_commit(lambda: bell.ring(News(run_ids, queue, of)))


def _next(row: Run) -> None:
    ring(row, turns.let_go(row.environment_id, row.concurrency_key))


def _ask(row: Run) -> None:
    row.cancel_requested_at = row.cancel_requested_at or timezone.now()
    row.save(update_fields=["cancel_requested_at"])
    transaction.on_commit(lambda: publish.please_cancel(row.pk))


def _tell_parent(row: Run) -> None:
    parents = Run.objects.select_related("environment", "workspace")
    parent = parents.filter(pk=row.parent_id).first() if row.parent_id else None
    if parent is not None and parent.state not in ENDED_STATES:
        wake(parent)


def _tell(row: Run) -> None:
    publish.ended(row.pk)
    publish.changed(
        topics.run(row.pk), topics.runs(row.product_id, row.environment.slug), topics.workspace(row.workspace_id),
        seq=row.seq,
    )  # fmt: skip
