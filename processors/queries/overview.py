"""What the overviews show: numbers, bars and rankings over the last day, computed by the database over all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, DateTimeField, F, Func, Min, Q, QuerySet, Sum, Value
from django.utils import timezone

from processors.models import MeasureQuarter, MeasureSummary, Run, RunState
from products import access
from products.access import Actor
from products.models import (
    AccessKey,
    App,
    Connection,
    ConnectionEnvironment,
    DocumentImport,
    Environment,
    ImportState,
    Membership,
    Product,
)
from products.models.base import least_id

DAY = timedelta(hours=24)
CLOCKS_DIFFER = timedelta(minutes=5)  # of the database, which writes the time, and of whoever makes the id
BUCKET = timedelta(minutes=15)
BUCKETS = 96
OPEN_STATES = (RunState.QUEUED, RunState.RUNNING, RunState.WAITING)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Runs of a stretch of time. Latencies are milliseconds of ended runs, None when there were none."""

    runs: int = 0
    failed: int = 0
    completed: int = 0
    open: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None

    @property
    def success(self) -> float | None:
        """Percent of the ended runs that completed."""
        ended = self.completed + self.failed
        return 100 * self.completed / ended if ended else None

    @property
    def success_text(self) -> str:
        """As a person reads it: never 100 % when something failed."""
        if self.success is None:
            return "—"
        shown = min(self.success, 99.99) if self.failed else self.success
        return f"{shown:.2f}".rstrip("0").rstrip(".") + " %"

    @property
    def health(self) -> str:
        """Tone of the state dot."""
        if self.success is None:
            return "idle"
        return "healthy" if self.success >= 99 else "degraded" if self.success >= 90 else "unhealthy"


def day_start() -> datetime:
    """Of the last 24 hours, which end with the quarter hour that has begun; what is summed is what the bars show."""
    return _floor(timezone.now()) - BUCKET * (BUCKETS - 1)


def _ended(actor: Actor, since: datetime, until: datetime | None = None) -> QuerySet[MeasureSummary]:
    rows = MeasureSummary.objects.filter(workspace_id=actor.workspace.pk, minute__gte=since).order_by()
    return rows if until is None else rows.filter(minute__lt=until)


def _counts(rows: QuerySet[MeasureSummary]) -> QuerySet[MeasureSummary]:
    """Without those that are the histogram."""
    return rows.filter(bucket=MeasureQuarter.ALL_BUCKETS)


def _numbers(rows: Iterable[dict[str, Any]], open_runs: int = 0) -> Numbers:
    """Out of counts by `state`, whose bucket stands for all, and by `bucket`, whose state is empty."""
    by_state: Counter[str] = Counter()
    histogram: Counter[int] = Counter()
    for row in rows:
        if row["bucket"] >= 0:
            histogram[row["bucket"]] += row["total"]
        else:
            by_state[row["state"]] += row["total"]
    return Numbers(
        runs=sum(by_state.values()) + open_runs,
        failed=by_state[RunState.FAILED],
        completed=by_state[RunState.COMPLETED],
        open=open_runs,
        p50_ms=percentile(histogram, 0.5),
        p95_ms=percentile(histogram, 0.95),
    )


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """Milliseconds, out of counts by bucket floor(4 · log2(ms)); within a bucket evenly. Right to about 10 %."""
    rank = share * sum(histogram.values())
    seen = 0.0
    for bucket in sorted(histogram):
        count = histogram[bucket]
        if seen + count >= rank and count:
            return float(2 ** ((bucket + (rank - seen) / count) / 4))
        seen += count
    return None


def _grouped(rows: QuerySet[MeasureSummary], key: str) -> dict[UUID, list[dict[str, Any]]]:
    groups: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows.values(key, "state", "bucket").annotate(total=Sum("n")):
        groups.setdefault(row[key], []).append(dict(row))
    return groups


def _open_by(rows: QuerySet[Run], key: str) -> dict[UUID, int]:
    counted = rows.filter(state__in=OPEN_STATES).order_by().values_list(key).annotate(total=Count("id"))
    return dict(counted)


def by_environment(actor: Actor, product: Product) -> dict[UUID, Numbers]:
    """The last 24 hours of every environment of a product, by the environment's id."""
    rows = _ended(actor, day_start()).filter(product_id=product.pk)
    ended = _grouped(rows, "environment_id")
    waiting = _open_by(Run.objects.filter(workspace=actor.workspace, product=product), "environment_id")
    return {key: _numbers(ended.get(key, ()), waiting.get(key, 0)) for key in {*ended, *waiting}}


def by_product(actor: Actor) -> dict[UUID, Numbers]:
    """The last 24 hours of every product of the workspace, by the product's id."""
    ended = _grouped(_ended(actor, day_start()), "product_id")
    open_runs = access.of_standing_environments(Run.objects.filter(workspace=actor.workspace))
    waiting = _open_by(open_runs, "product_id")
    return {key: _numbers(ended.get(key, ()), waiting.get(key, 0)) for key in {*ended, *waiting}}


def previous_day(actor: Actor, product: Product, environment: Environment) -> Numbers:
    """The 24 hours before the last 24, to compare with."""
    until = day_start()
    rows = _ended(actor, until - DAY, until).filter(product_id=product.pk, environment_id=environment.pk)
    return _numbers(dict(row) for row in rows.values("state", "bucket").annotate(total=Sum("n")))


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of 15 minutes over 24 hours."""

    points: list[dict[str, Any]]
    top: int
    axis: list[str]


def chart(actor: Actor, product: Product, environment: Environment) -> Chart:
    """Ended runs and failures per 15 minutes of the last 24 hours."""
    first = day_start()
    bucket = Func(Value(BUCKET), F("minute"), Value(first), function="date_bin", output_field=DateTimeField())
    rows = _counts(_ended(actor, first)).filter(product_id=product.pk, environment_id=environment.pk)
    counted: dict[datetime, dict[str, Any]] = {
        row["at"]: dict(row)
        for row in rows
        .annotate(at=bucket)
        .values("at")
        .annotate(total=Sum("n"), failed=Sum("n", filter=Q(state=RunState.FAILED), default=0))
    }
    points = [_point(first + BUCKET * i, counted.get(first + BUCKET * i)) for i in range(BUCKETS)]
    axis = [f"{first + BUCKET * i:%H:%M}" for i in range(0, BUCKETS + 1, BUCKETS // 6)]
    return Chart(points=points, top=max(point["total"] for point in points), axis=axis)


def _point(start: datetime, row: dict[str, Any] | None) -> dict[str, Any]:
    total, failed = (row["total"], row["failed"]) if row else (0, 0)
    return {"label": f"{start:%H:%M} UTC", "total": total, "failed": failed}


def _floor(moment: datetime) -> datetime:
    seconds = int(BUCKET.total_seconds())
    return datetime.fromtimestamp(int(moment.timestamp()) // seconds * seconds, tz=UTC)


@dataclass(frozen=True, slots=True)
class Failing:
    """A target and how often it failed."""

    target: str
    failures: int


def failing_most(actor: Actor, product: Product, environment: Environment, *, limit: int = 5) -> list[Failing]:
    """The targets with the most failed runs of the last 24 hours."""
    rows = _counts(_ended(actor, day_start())).filter(product_id=product.pk, environment_id=environment.pk)
    failed = rows.filter(state=RunState.FAILED).values("target").annotate(failures=Sum("n")).filter(failures__gt=0)
    return [Failing(row["target"], row["failures"]) for row in failed.order_by("-failures", "target")[:limit]]


def latest_runs(actor: Actor, product: Product, environment: Environment, *, limit: int = 8) -> list[Run]:
    """The newest runs of an environment."""
    rows = Run.objects.filter(workspace=actor.workspace, product=product, environment=environment)
    return list(rows.defer("input", "output").order_by("-id")[:limit])


def since(rows: QuerySet[Run], moment: datetime) -> QuerySet[Run]:
    """Those created then or later. Ids begin with their time: by them PostgreSQL leaves older partitions alone."""
    return rows.filter(created_at__gte=moment, id__gte=least_id(moment - CLOCKS_DIFFER))


def until(rows: QuerySet[Run], moment: datetime) -> QuerySet[Run]:
    """Those created then or before; the same with newer partitions."""
    return rows.filter(created_at__lte=moment, id__lt=least_id(moment + CLOCKS_DIFFER))


def latest_failures(actor: Actor, *, limit: int = 6) -> list[Run]:
    """The newest failed runs of the workspace within 24 hours."""
    rows = access.narrow_to_products(actor, Run.objects.filter(workspace=actor.workspace, state=RunState.FAILED))
    rows = since(access.of_standing_environments(rows), timezone.now() - DAY).select_related("product", "environment")
    return list(rows.defer("input", "output").order_by("-id")[:limit])


@dataclass(frozen=True, slots=True)
class EnvironmentCard:
    """One environment on a product's overview."""

    environment: Environment
    numbers: Numbers
    mapped: int
    connections: int
    broken: int

    @property
    def connections_text(self) -> str:
        """“3 of 4 connected”."""
        return f"{self.mapped} of {self.connections}"


def environment_cards(actor: Actor, product: Product, environments: Iterable[Environment]) -> list[EnvironmentCard]:
    """The environments of a product with their last 24 hours and how many connections are set up; four queries."""
    numbers = by_environment(actor, product)
    connections = Connection.objects.filter(product=product).count()
    links = ConnectionEnvironment.objects.filter(connection__product=product).order_by()
    broken = Q(last_failure_at__isnull=False) & (
        Q(last_success_at__isnull=True) | Q(last_failure_at__gt=F("last_success_at"))
    )
    mapped: dict[UUID, dict[str, Any]] = {
        row["environment_id"]: dict(row)
        for row in links.values("environment_id").annotate(n=Count("id"), broken=Count("id", filter=broken))
    }
    return [
        EnvironmentCard(
            environment=environment,
            numbers=numbers.get(environment.pk, Numbers()),
            mapped=mapped.get(environment.pk, {}).get("n", 0),
            connections=connections,
            broken=mapped.get(environment.pk, {}).get("broken", 0),
        )
        for environment in environments
    ]


@dataclass(frozen=True, slots=True)
class ProductCard:
    """One product on the workspace's home."""

    product: Product
    numbers: Numbers
    environments: list[Environment]


def product_cards(actor: Actor, *, limit: int = 60) -> list[ProductCard]:
    """The products the actor may see, with their last 24 hours."""
    numbers = by_product(actor)
    products = access.products_of(actor).prefetch_related("environments")[:limit]
    return [
        ProductCard(p, numbers.get(p.pk, Numbers()), [e for e in p.environments.all() if e.active]) for p in products
    ]


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the first-steps checklist."""

    title: str
    hint: str
    url_name: str
    done: bool


def first_steps(actor: Actor) -> list[Task]:
    """What a new workspace does first; each line ticks itself. One query a line."""
    mine = {"workspace": actor.workspace}
    imported = (
        DocumentImport.objects.filter(**mine, state=ImportState.APPLIED).exists() or App.objects.filter(**mine).exists()
    )
    return [
        Task("Import an API", "An OpenAPI or Postman file, or its address", "app-import", imported),
        Task("Make a product", "It gets the environments dev, stg and prd", "products",
             Product.objects.filter(**mine, deleting_at__isnull=True).exists()),
        Task("Connect the app", "Under an access tag, with an address per environment", "products",
             Connection.objects.filter(product__workspace=actor.workspace).exists()),
        Task("Run an action", "And watch its log arrive", "products", Run.objects.filter(**mine).exists()),
        Task("Make an access key", "To do the same over REST", "keys", AccessKey.objects.filter(**mine).exists()),
        Task("Invite your team", "With a role each", "team", Membership.objects.filter(**mine).count() > 1),
    ]  # fmt: skip


def oldest_queued(actor: Actor) -> datetime | None:
    """Since when the oldest run of the workspace waits for a worker."""
    rows = Run.objects.filter(workspace=actor.workspace, state=RunState.QUEUED, product__deleting_at__isnull=True)
    found = access.of_standing_environments(rows).aggregate(at=Min("created_at"))
    oldest: datetime | None = found["at"]
    return oldest
