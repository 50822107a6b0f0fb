"""What waits for a person: approvals, signals, calls that nobody knows the outcome of, and undos that failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from processors.engine.book import UNDO
from processors.models import ENDED_STATES, Asks, Run, RunState, Step
from processors.queries.feature_runs import FAILED_UNDO, WAITS
from products import access
from products.access import Actor
from products.models import Environment, Product

SHOWN = 8
STEPS_READ = 100
_WORDS = {
    Asks.APPROVAL: "waits for an approval",
    Asks.SIGNAL: "waits for a signal",
    Asks.DOUBT: "may or may not have had its effect",
    Asks.UNDO: "could not be taken back",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run, what it wants of a person in a few words, and since when."""

    run: Run
    what: str
    since: datetime

    @property
    def state(self) -> str:
        """For the dot: it waits, or it failed."""
        return str(self.run.state)


def asking(rows: QuerySet[Run]) -> QuerySet[Run]:
    """Those of the runs that want something of a person; by an index of its own, however many runs there are."""
    is_left = Q(asks=Asks.UNDO, state__in=ENDED_STATES)
    return rows.exclude(asks="").filter(is_left | Q(state__in=[RunState.WAITING, RunState.RUNNING]))


def waiting_for_people(
    actor: Actor, product: Product | None = None, environment: Environment | None = None, *, limit: int = SHOWN
) -> list[Waiting]:
    """The newest runs first; of the workspace, a product or one environment of it."""
    rows = access.narrow_to_products(actor, Run.objects.filter(workspace=actor.workspace))
    rows = access.of_standing_environments(rows)
    rows = rows.filter(product=product) if product else rows
    rows = rows.filter(environment=environment) if environment else rows
    rows = asking(rows).select_related("product", "environment").defer("input", "output").order_by("-id")
    runs = list(rows[:limit])
    steps = _steps(runs)
    return [_waiting(run, steps.get(run.pk, ())) for run in runs]


def _steps(runs: Iterable[Run]) -> Mapping[UUID, list[Step]]:
    """What each asks about, the first first."""
    named = [run.pk for run in runs]
    found: dict[UUID, list[Step]] = {}
    if named:
        rows = Step.objects.filter(run__in=named).filter(WAITS | FAILED_UNDO).order_by("run_id", "id")
        for step in rows.defer("input", "output", "error")[:STEPS_READ]:
            found.setdefault(step.run_id, []).append(step)
    return found


def _waiting(run: Run, steps: Iterable[Step]) -> Waiting:
    """A step is named as far as one of those that were read is the run's."""
    chosen = [step for step in steps if step.tag.endswith(UNDO) == (run.asks == Asks.UNDO)]
    names = ", ".join(step.tag.removesuffix(UNDO) for step in chosen[: 3 if run.asks == Asks.UNDO else 1])
    moment = run.finished_at if run.ended else chosen[0].started_at if chosen else run.started_at
    return Waiting(run, f"{names} {_WORDS[Asks(run.asks)]}".strip(), moment or run.created_at)
