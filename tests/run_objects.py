"""A run and a processor in a workspace, for the table of rights; asked again, the same one."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from django.utils import timezone

from processors.models import Processor, Run, Step
from processors.services.features import FeatureRequest, start_feature
from processors.services.runs import RunRequest, start_run
from products.models import Feature, Workspace
from tests import app_objects
from tests.objects import environment, owner, product


def run(workspace: Workspace) -> Run:
    """Queued, of the ledger's action in the fourth environment."""
    found = Run.objects.filter(workspace=workspace).order_by("id").first()
    if found:
        return found
    app_objects.ledger_connection(workspace)
    tags = (product(workspace).tag, environment(workspace).slug)
    request = RunRequest(*tags, f"ledger-{workspace.tag}", f"list-{workspace.tag}", {})
    return start_run(owner(workspace), request).run


def other_id(workspace_tag: str) -> UUID:
    """Of the run that stands beside `run`."""
    return uuid5(NAMESPACE_OID, workspace_tag)


def run_beside_another(workspace: Workspace) -> Run:
    """`run`, and a copy of it under an id that is known beforehand."""
    found = run(workspace)
    copy = Run.objects.get(pk=found.pk)
    copy.pk = other_id(workspace.tag)
    if not Run.objects.filter(pk=copy.pk).exists():
        copy.save(force_insert=True)
    return found


def processor(workspace: Workspace) -> Processor:
    """`pool-acme`."""
    return Processor.objects.get_or_create(workspace=workspace, tag=f"pool-{workspace.tag}", defaults={"name": "Pool"})[
        0
    ]


WAITS = {
    "sequences": [
        {
            "tag": "main",
            "events": [
                {"tag": "first", "type": "checkpoint"},
                {"tag": "go", "type": "wait_signal", "event": "go"},
            ],
        }
    ]
}
STEP = UUID("01900000-0000-7000-8000-00000000f001")
UNSURE = {
    "code": "timeout", "message": "No answer.", "fault": "remote", "retryable": True, "outcome_unknown": True,
    "details": {},
}  # fmt: skip


def waiting_run(workspace: Workspace) -> Run:
    """Of a feature that waits for the signal `go`, and of whose first step nobody knows what came."""
    return _feature_run(workspace, "waiting", Step(tag="main/first", state="waiting", error=UNSURE))


def failed_run(workspace: Workspace) -> Run:
    """Of a feature whose first step could not be undone."""
    return _feature_run(workspace, "failed", Step(tag="main/first~undo", state="failed", error=UNSURE))


def _feature_run(workspace: Workspace, state: str, step: Step) -> Run:
    found = Run.objects.filter(workspace=workspace, kind="feature", state=state).first()
    if found:
        return found
    app_objects.ledger_connection(workspace)
    shop = product(workspace)
    tag = f"waits-{workspace.tag}"
    Feature.objects.get_or_create(product=shop, tag=tag, defaults={"name": "Waits", "definition": WAITS})
    made = start_feature(owner(workspace), FeatureRequest(shop.tag, environment(workspace).slug, tag)).run
    ended = timezone.now() if state == "failed" else None
    error = UNSURE if state == "failed" else None
    Run.objects.filter(pk=made.pk).update(state=state, fence=1, finished_at=ended, error=error)
    step.id, step.run, step.kind, step.idempotency_key = STEP, made, "action", str(STEP)
    step.started_at, step.finished_at = made.created_at, ended
    step.save(force_insert=True)
    made.refresh_from_db()
    return made


def signal_step(workspace: Workspace) -> Step:
    """The one that waits for `go`, of the run that waits."""
    return _step_of(waiting_run(workspace), "main/go", kind="wait_signal", state="waiting")


def unsure_step(workspace: Workspace) -> Step:
    """Another one of which nobody knows what came, with an id of its own."""
    return _step_of(waiting_run(workspace), "main/first", index=1, state="waiting", error=UNSURE)


def undo_step(workspace: Workspace) -> Step:
    """Another undo that failed, with an id of its own."""
    return _step_of(failed_run(workspace), "main/first~undo", index=1, state="failed", error=UNSURE)


def _step_of(run: Run, tag: str, *, index: int = 0, **columns: Any) -> Step:
    given = {"kind": "action", "started_at": run.created_at, "idempotency_key": "key", **columns}
    return Step.objects.get_or_create(run=run, tag=tag, index=index, defaults=given)[0]
