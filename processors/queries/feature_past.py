"""What a run of a feature left behind, as expressions of the draft would see it; nothing is opened for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import F, Func, IntegerField

from processors.models import Run, RunDefinition, Step
from processors.queries.feature_runs import output_for
from processors.queries.feature_states import KIND, past_runs
from processors.queries.runs import runs_of
from products import access
from products.access import Actor
from products.expressions import Shape
from products.features import Feature, StepName, seen_input
from products.features.naming import shape_of
from products.features.trying import Past
from products.lib.jsontypes import Json, JsonObject
from products.lib.redaction import MASK
from products.models import Environment, Product

CHOICES = 20
MOST_STEPS = 200
LARGEST = 1_000_000  # bytes of one result, as the database keeps it
SMALL = 20_000  # of one that is only looked at for its keys
_SIZE = Func(F("output"), function="pg_column_size", output_field=IntegerField())


def runs_to_try(actor: Actor, environment: Environment, tag: str) -> tuple[list[Run], Run | None]:
    """The newest twenty runs of a feature in an environment, and the newest of them that completed."""
    rows = past_runs(actor, environment, tag, limit=CHOICES)
    return rows, next((run for run in rows if run.state == "completed"), None)


def run_to_try(actor: Actor, product: Product, tag: str, run_id: UUID) -> Run:
    """A run of this feature. Raises NotFound."""
    return access.mine(actor, runs_of(actor).filter(product=product, kind=KIND, target=tag), "run", pk=run_id)


def past_of(actor: Actor, run: Run, feature: Feature, wanted: Iterable[StepName]) -> Past:
    """The input, the results of these events, and what is known of the run; what is sealed stays so and is masked."""
    results = _results(actor, run, wanted, LARGEST)
    sequences: dict[str, JsonObject] = {}
    for name, output in results.items():
        sequences.setdefault(name.sequence, {})[name.event] = output
    unique = _unique(feature)
    given = run.input if isinstance(run.input, dict) else {}
    roots: dict[str, Json] = {
        "Input": seen_input(feature.input, given),
        "Sequence": sequences,
        "Step": {name.event: output for name, output in results.items() if name in unique},
        "Run": _facts(run),
        **_connections(run),
    }
    if run.error:
        roots["Error"] = {key: run.error.get(key) for key in ("message", "code", "step")}
    return Past(roots, round((run.started_at or run.created_at).timestamp() * 1000), str(run.pk))


def of_last_try(run: Run, past: Past, tag: str, *, item: int = 0) -> Past:
    """The same as the last try of a step's call saw it: `$Run{attempt}` is its number. `item` is as in `Step.index`."""
    tries = Step.objects.filter(run=run, tag=tag, index=item).values_list("attempts", flat=True).first()
    about = past.roots.get("Run")
    return replace(past, roots={**past.roots, "Run": {**about, "attempt": max(1, tries or 1)}}) if about else past


def shapes_seen(actor: Actor, run: Run, feature: Feature) -> dict[tuple[str, ...], Shape]:
    """What the results of a run show of what events give, by path; of large ones nothing."""
    unique = _unique(feature)
    found: dict[tuple[str, ...], Shape] = {}
    for name, output in _results(actor, run, (event.name for event in feature.events()), SMALL).items():
        found["Sequence", name.sequence, name.event] = shape = shape_of(output)
        if name in unique:
            found["Step", name.event] = shape
    return found


def _results(actor: Actor, run: Run, wanted: Iterable[StepName], largest: int) -> dict[StepName, Json]:
    names = {str(name): name for name in wanted}
    done = Step.objects.filter(run=run, index=0, state__in=["completed", "skipped", "failed", "rolled_back"])
    rows = done.annotate(size=_SIZE).exclude(size__gt=largest).filter(tag__in=list(names)).order_by("id")
    return {names[step.tag]: output_for(actor, run, step) for step in rows.defer("error")[:MOST_STEPS]}


def _unique(feature: Feature) -> set[StepName]:
    by_tag: dict[str, list[StepName]] = {}
    for event in feature.events():
        by_tag.setdefault(event.name.event, []).append(event.name)
    return {names[0] for names in by_tag.values() if len(names) == 1}


def _facts(run: Run) -> JsonObject:
    began = run.started_at or run.created_at
    return {
        "id": str(run.pk), "environment": run.environment.slug, "feature": run.target, "attempt": 1,
        "product": run.product.tag, "release": run.release, "trigger": run.trigger,
        "started_at": began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "parent": str(run.parent_id) if run.parent_id else None,
    }  # fmt: skip


def _connections(run: Run) -> dict[str, Json]:
    content: Any = RunDefinition.objects.filter(hash=run.definition_id).values_list("content__connections", flat=True)
    by_tag = content.first() or {}
    variables = {
        tag: {key: one.get("value", MASK) for key, one in parts["variables"].items()} for tag, parts in by_tag.items()
    }
    return {"Variable": variables, "Constant": {tag: parts["constants"] for tag, parts in by_tag.items()}}
