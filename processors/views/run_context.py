"""Turns a run into what its templates draw: rows of the timeline, words for the fault, the call in other languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone

from processors.models import Attempt, Run
from processors.queries.run_pages import RunView, StepView
from processors.queries.runs import output_for
from processors.views.snippets import call_snippets, migration_snippets, operation_snippets
from products.access import Actor
from products.catalog.resources import KIND_BY_EVENT
from products.ui.formats import duration_text
from products.ui.timeline import Bar, Row

FAULTS = {
    "caller": "The input of this run is at fault.",
    "configuration": "The connection or the action is not set up right.",
    "remote": "The provider is at fault, or refused the call.",
    "network": "The network between us and the provider is at fault.",
    "platform": "This installation is at fault, not the call.",
}
REPEATS = {"restart": "Restart of", "resume": "Resumes"}
ICONS = {"action": "send", **{name: kind.icon for name, kind in KIND_BY_EVENT.items()}}


def run_context(actor: Actor, view: RunView) -> dict[str, Any]:
    """Everything the parts of a run's page need besides the run itself."""
    run = view.run
    run.output = output_for(actor, run)
    error = run.error or {}
    return {
        "run": run,
        "view": view,
        "short_id": short_id(run),
        "topic": f"run:{run.pk}",
        "step_names": [step.step.tag for step in view.steps],
        "attempt_count": sum(len(step.attempts) for step in view.steps),
        "timeline_rows": list(timeline_rows(view)) if run.started_at else [],
        "fault_text": FAULTS.get(str(error.get("fault", "")), ""),
        "snippets": snippets(run),
        "repeats": REPEATS.get(run.trigger, "Replay of"),
    }


def short_id(run: Run) -> str:
    """The beginning and the end, as people compare ids."""
    text = run.pk.hex
    return f"run_{text[:6]}…{text[-4:]}"


def timeline_rows(view: RunView) -> Iterator[Row]:
    """The wait for a worker, then every step with its tries and the waits between them."""
    run = view.run
    zero, now = run.created_at, timezone.now()

    def at(moment: datetime | None) -> float:
        return max(((moment or now) - zero).total_seconds() * 1000, 0)

    queued = at(run.started_at)
    yield Row(
        name="queued",
        icon="clock",
        took=duration_text(queued),
        bars=(Bar(0, queued, "waiting", f"Waited {duration_text(queued)} for a worker"),),
    )
    for step in view.steps:
        took = at(step.step.finished_at) - at(step.step.started_at)
        shown = duration_text(took) if step.step.finished_at else step.step.state
        bars = tuple(_bars(step, at, ended=run.ended))
        yield Row(name=step.step.tag, icon=ICONS.get(step.step.kind, "send"), took=shown, bars=bars)


def _bars(step: StepView, at: Any, *, ended: bool) -> Iterator[Bar]:
    previous: Attempt | None = None
    for attempt in step.attempts:
        if previous is not None and previous.finished_at is not None:
            yield Bar(at(previous.finished_at), at(attempt.started_at), "waiting", "Waited for the next try")
        title = f"Attempt {attempt.number}: {attempt.state}"
        end = at(attempt.finished_at) if attempt.finished_at or not ended else at(attempt.started_at) + 1
        yield Bar(at(attempt.started_at), end, attempt.state, title)
        previous = attempt
    if previous is not None and previous.finished_at is not None and previous.next_at is not None and not ended:
        yield Bar(at(previous.finished_at), at(previous.next_at), "waiting", "Waits for the next try")


def snippets(run: Run) -> list[dict[str, str]]:
    """This run's call as curl, Python and JavaScript. The input is the masked one: secrets are never shown."""
    access_tag, _, action_tag = run.target.partition(":")
    around = {"product": run.product.tag, "environment": run.environment.slug, "input": run.input, "wait": 10}
    kind = KIND_BY_EVENT.get(run.kind)
    if kind is None:
        return call_snippets(run.workspace.tag, "action", {**around, "app": access_tag, "action": action_tag})
    if kind.defined and action_tag == "migrate":
        return migration_snippets(run.workspace.tag, {**around, kind.name: access_tag})
    if kind.defined:
        called = {**around, kind.name: access_tag, "action": action_tag}
        return operation_snippets(run.workspace.tag, "db.run", called)
    return operation_snippets(run.workspace.tag, f"{kind.name}.{action_tag}", {**around, kind.name: access_tag})
