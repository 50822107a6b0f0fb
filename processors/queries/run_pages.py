"""What the pages of runs read: a keyset page of the list, one run with all its parts, its log from a number on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from processors.models import Attempt, LogLine, MeasureQuarter, MeasureSummary, Run, RunState, Step
from processors.queries.overview import OPEN_STATES, day_start, since
from processors.queries.waiting_for_people import asking
from products import access
from products.access import Actor
from products.models import Environment, Product

PAGE_SIZE = 50
LOG_PAGE = 500
SINCE = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
HEAVY = ("input", "output")
TARGETS_MOST = 1_000
MEASURED_DAYS = 400
FOR_A_PERSON = "person"  # where a state is asked for: what waits for somebody


@dataclass(frozen=True, slots=True)
class RunFilters:
    """What narrows the list; empty means everything."""

    q: str = ""
    state: str = ""
    target: str = ""
    trigger: str = ""
    since: str = ""
    kind: str = ""
    below: str = ""  # how the target begins

    def __bool__(self) -> bool:
        return any((self.q, self.state, self.target, self.trigger, self.since))


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page, newest first. `newer` and `older` are cursors, empty at the ends."""

    rows: list[Run]
    newer: str = ""
    older: str = ""

    @property
    def shown(self) -> int:
        """How many rows this page shows."""
        return len(self.rows)


def run_list(
    actor: Actor, product: Product, environment: Environment, filters: RunFilters, cursor: str = ""
) -> RunPage:
    """A page of the runs of an environment. A cursor is `<` or `>` and a run's id; one that is not is ignored."""
    rows = _filtered(_runs_of(actor, product, environment), filters)
    if filters.q.strip():
        rows = _searched(rows, environment, filters.q.strip())
    direction, anchor = _cursor(cursor)
    if direction == ">":
        found = list(rows.filter(id__gt=anchor).order_by("id")[: PAGE_SIZE + 1])
        more_newer, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE][::-1]
        return _page(found, newer=more_newer, older=True)
    if direction == "<":
        rows = rows.filter(id__lt=anchor)
    found = list(rows.order_by("-id")[: PAGE_SIZE + 1])
    return _page(found[:PAGE_SIZE], newer=direction == "<", older=len(found) > PAGE_SIZE)


def _page(rows: list[Run], *, newer: bool, older: bool) -> RunPage:
    if not rows:
        return RunPage([])
    return RunPage(rows, f">{rows[0].pk}" if newer else "", f"<{rows[-1].pk}" if older else "")


def _cursor(text: str) -> tuple[str, UUID | None]:
    if text[:1] not in {"<", ">"}:
        return "", None
    try:
        return text[0], UUID(text[1:])
    except ValueError:
        return "", None


def _runs_of(actor: Actor, product: Product, environment: Environment) -> QuerySet[Run]:
    return Run.objects.filter(workspace=actor.workspace, product=product, environment=environment).defer(*HEAVY)


def _filtered(rows: QuerySet[Run], filters: RunFilters) -> QuerySet[Run]:
    if filters.state == FOR_A_PERSON:
        rows = asking(rows)
    elif filters.state in RunState.values:
        rows = rows.filter(state=filters.state)
    if filters.trigger:
        rows = rows.filter(trigger=filters.trigger)
    if filters.target:
        rows = rows.filter(target=filters.target)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.below:
        rows = rows.filter(target__startswith=filters.below)
    if filters.since in SINCE:
        rows = since(rows, timezone.now() - SINCE[filters.since])
    return rows


def _searched(rows: QuerySet[Run], environment: Environment, text: str) -> QuerySet[Run]:
    """A run's id, an idempotency key, or else a part of the target.

    Each by an index of its own: a word that is nowhere must not cost a look at every run there ever was.
    """
    try:
        return rows.filter(id=UUID(text))
    except ValueError:
        by_key = rows.filter(idempotency_key=text)
        return by_key if by_key.exists() else rows.filter(target__in=_targets_with(text, rows, environment))


def _targets_with(text: str, rows: QuerySet[Run], environment: Environment) -> list[str]:
    """Of runs that have ended, by the figures, and of those that have not; at most 1,000 of each are looked at."""
    still_open = rows.filter(state__in=OPEN_STATES).order_by().values_list("target", flat=True).distinct()
    found = {*known_targets(environment, limit=TARGETS_MOST, days=MEASURED_DAYS), *still_open[:TARGETS_MOST]}
    return sorted(target for target in found if text.casefold() in target.casefold())


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many runs of the last 24 hours are in a state."""

    state: str
    label: str
    count: int


def state_counts(actor: Actor, product: Product, environment: Environment) -> list[StateCount]:
    """Those that ended within the last 24 hours and those that are open, in the order of a run's life."""
    counts = MeasureSummary.objects.filter(
        workspace_id=actor.workspace.pk,
        product_id=product.pk,
        environment_id=environment.pk,
        minute__gte=day_start(),
        bucket=MeasureQuarter.ALL_BUCKETS,
    )
    ended = counts.order_by().values_list("state").annotate(total=Sum("n"))
    open_runs = _runs_of(actor, product, environment).filter(state__in=["queued", "running", "waiting"]).order_by()
    counted = {**dict(ended), **dict(open_runs.values_list("state").annotate(total=Count("id")))}
    return [StateCount(s.value, str(s.label), counted[s.value]) for s in RunState if counted.get(s.value)]


# From each target to the next one by index: what lies between is never read, however often it ran.
_TARGETS = """
WITH RECURSIVE each (target) AS (
    SELECT min(target) FROM processors_measurequarter WHERE environment_id = %(environment)s AND target > ''
    UNION ALL
    SELECT (SELECT min(q.target) FROM processors_measurequarter q
        WHERE q.environment_id = %(environment)s AND q.target > each.target)
    FROM each WHERE each.target IS NOT NULL
)
SELECT target FROM each WHERE EXISTS (SELECT FROM processors_measurequarter q
    WHERE q.environment_id = %(environment)s AND q.target = each.target AND q.minute >= %(since)s)
UNION
SELECT target FROM processors_measuredelta WHERE environment_id = %(environment)s
ORDER BY 1 LIMIT %(limit)s
"""


def known_targets(environment: Environment, *, limit: int = 100, days: int = 30) -> list[str]:
    """The targets that ended within so many days in an environment that the actor already got, for the filter."""
    since = timezone.now() - timedelta(days=days)
    values: dict[str, Any] = {"environment": environment.pk, "since": since, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_TARGETS, values)
        return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class StepView:
    """A step with its tries."""

    step: Step
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RunView:
    """One run with all that its page shows, in a fixed number of queries."""

    run: Run
    steps: list[StepView]
    lines: list[LogLine]
    replays: list[Run]


def find_run(actor: Actor, product: Product, run_id: UUID) -> Run:
    """A run of a product. Raises NotFound."""
    rows = access.of_standing_environments(Run.objects.filter(workspace=actor.workspace, product=product))
    return access.mine(actor, rows.select_related("environment", "product"), "run", id=run_id)


def run_view(run: Run) -> RunView:
    """The parts of a run that the actor already got."""
    attempts: dict[UUID, list[Attempt]] = {}
    for attempt in Attempt.objects.filter(run=run).order_by("number")[:1000]:
        attempts.setdefault(attempt.step_id, []).append(attempt)
    steps = [StepView(step, attempts.get(step.pk, [])) for step in Step.objects.filter(run=run).order_by("id")[:1000]]
    related = Q(replay_of=run.pk) | Q(id=run.replay_of) if run.replay_of else Q(replay_of=run.pk)
    rows = Run.objects.filter(workspace_id=run.workspace_id, product_id=run.product_id).filter(related)
    replays = access.of_standing_environments(rows)
    return RunView(run, steps, log_lines(run, 0), list(replays.defer(*HEAVY).order_by("id")[:20]))


def log_lines(run: Run, after: int) -> list[LogLine]:
    """The lines with a number above `after`, in order, at most 500."""
    return list(LogLine.objects.filter(run=run, seq__gt=after).order_by("seq")[:LOG_PAGE])


def log_of(actor: Actor, product_tag: str, run_id: UUID, after: int) -> list[LogLine]:
    """The same without the run itself, which is only looked for. Raises NotFound."""
    rows = Run.objects.filter(workspace=actor.workspace, product__tag=product_tag).only("id")
    rows = access.of_standing_environments(access.narrow_to_products(actor, rows))
    return log_lines(access.mine(actor, rows, "run", id=run_id), after)
