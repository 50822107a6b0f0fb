"""What REST and sockets read of runs: lists narrowed to what the caller may see, one run, its steps, its log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from processors.models import Attempt, LogLine, Run, Step
from processors.queries.overview import since, until
from products import access
from products.access import Actor, Permission
from products.lib.jsontypes import Json
from products.lib.redaction import Redactor

STEPS_MOST = 1_000
_BY_KEY = Redactor()
_LOOKUPS = {
    "product": "product__tag",
    "environment": "environment__slug",
    "state": "state",
    "asks": "asks",
    "kind": "kind",
    "target": "target",
    "trigger": "trigger",
    "idempotency_key": "idempotency_key",
}


def runs_of(actor: Actor) -> QuerySet[Run]:
    """Every run the actor may see: of their workspace, and of a key that may only run, of its environments."""
    actor.need(Permission.VIEW)
    rows = Run.objects.filter(workspace=actor.workspace).select_related("product", "environment")
    rows = access.of_standing_environments(access.narrow_to_products(actor, rows))
    if actor.key is not None and actor.environment_scope:
        rows = rows.filter(environment__slug__in=actor.environment_scope)
    return rows


def runs_list(actor: Actor, filters: Mapping[str, Any]) -> QuerySet[Run]:
    """Newest first; the bodies are not loaded."""
    given = {name: value for name, value in filters.items() if value not in {None, ""}}
    rows = runs_of(actor).filter(**{_LOOKUPS[name]: value for name, value in given.items() if name in _LOOKUPS})
    if "created_at__gte" in given:
        rows = since(rows, given["created_at__gte"])
    if "created_at__lte" in given:
        rows = until(rows, given["created_at__lte"])
    return rows.defer("input", "output")


def run(actor: Actor, run_id: UUID | str) -> Run:
    """Raises NotFound."""
    return access.mine(actor, runs_of(actor), "run", pk=run_id)


def steps_of(found: Run, after: UUID | None = None, limit: int = STEPS_MOST) -> tuple[list[Step], bool]:
    """Steps of a run that the actor already got, those after an id, with their attempts; whether there are more."""
    attempts = Prefetch("tries", Attempt.objects.filter(run_id=found.pk).order_by("number"))
    rows = Step.objects.filter(run_id=found.pk)
    if after is not None:
        rows = rows.filter(id__gt=after)
    steps = list(rows.prefetch_related(attempts).order_by("id")[: limit + 1])
    return steps[:limit], len(steps) > limit


def log_after(found: Run, after: int, limit: int) -> list[LogLine]:
    """The lines with a number above `after`, in order."""
    return list(LogLine.objects.filter(run_id=found.pk, seq__gt=after).order_by("seq")[:limit])


def output_for(actor: Actor, found: Run) -> Json:
    """The result. Known secrets are masked in it already; who may not run sees no tokens by their name either."""
    return found.output if actor.may_run_in(found.environment) else _BY_KEY.json(found.output)


def shown_to(actor: Actor, found: Run) -> Callable[[Json], Json]:
    """How inputs and outputs of steps are shown: who may not run sees no tokens by their name."""
    return _as_it_is if actor.may_run_in(found.environment) else _BY_KEY.json


def _as_it_is(value: Json) -> Json:
    return value
