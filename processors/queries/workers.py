"""Who works: worker processes as they say themselves, and how much waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from processors.models import Processor, Run, RunState, Worker
from processors.queries.serving import LOST_AFTER, served
from products import access
from products.access import Actor, Permission
from products.models import Environment

FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker and how it stands: live, busy, draining, lost or stopped."""

    worker: Worker
    state: str


def live_workers(actor: Actor, *, stopped: bool = True) -> list[WorkerView]:
    """Those heard of within the last hour, live ones first; `stopped` ones may be left out."""
    actor.need(Permission.VIEW)
    rows = Worker.objects.filter(heartbeat_at__gte=timezone.now() - FORGOTTEN_AFTER).order_by("hostname", "pid")
    if not stopped:
        rows = rows.filter(stopped_at__isnull=True)
    views = (WorkerView(row, state_of(row)) for row in rows[:200])
    return sorted(views, key=lambda view: view.state in {"lost", "stopped"})


def state_of(worker: Worker) -> str:
    """From its last heartbeat."""
    if worker.stopped_at is not None:
        return "stopped"
    if worker.heartbeat_at < timezone.now() - LOST_AFTER:
        return "lost"
    if worker.draining:
        return "draining"
    return "busy" if worker.running else "live"


@dataclass(frozen=True, slots=True)
class ProcessorView:
    """A processor, what waits for it and which environments it serves."""

    processor: Processor
    queued: int
    running: int
    waiting: int
    oldest_at: datetime | None
    environments: list[Environment]
    unserved: str  # that no live worker serves it and what to do; "" where one does


def processor_views(actor: Actor) -> list[ProcessorView]:
    """Every processor that an environment, a run or a pause names, with its queue's depth and age; four queries."""
    actor.need(Permission.VIEW)
    open_runs = Run.objects.filter(
        workspace=actor.workspace,
        product__deleting_at__isnull=True,
        environment__deleting_at__isnull=True,
        state__in=[RunState.QUEUED, RunState.RUNNING, RunState.WAITING],
    )
    counted: dict[str, dict[str, Any]] = {
        row["processor_tag"]: dict(row)
        for row in open_runs
        .order_by()
        .values("processor_tag")
        .annotate(
            queued=Count("id", filter=Q(state=RunState.QUEUED)),
            running=Count("id", filter=Q(state=RunState.RUNNING)),
            waiting=Count("id", filter=Q(state=RunState.WAITING)),
            oldest_at=Min("created_at", filter=Q(state=RunState.QUEUED)),
        )
    }
    serves: dict[str, list[Environment]] = {}
    environments = Environment.objects.filter(product__workspace=actor.workspace).select_related("product")
    for environment in access.narrow_to_products(actor, environments):
        serves.setdefault(environment.processor_tag, []).append(environment)
    rows = {row.tag: row for row in Processor.objects.filter(workspace=actor.workspace)}
    here = served()
    return [
        _view(
            rows.get(tag) or Processor(workspace=actor.workspace, tag=tag, name=tag),
            counted.get(tag, {}),
            serves.get(tag, []),
            here.why_not(actor.workspace.tag, tag),
        )
        for tag in sorted({*rows, *counted, *serves})
    ]


def _view(processor: Processor, row: dict[str, Any], serves: list[Environment], unserved: str) -> ProcessorView:
    return ProcessorView(
        processor=processor,
        queued=row.get("queued", 0),
        running=row.get("running", 0),
        waiting=row.get("waiting", 0),
        oldest_at=row.get("oldest_at"),
        environments=serves,
        unserved=unserved,
    )
