"""Data that grows: partitions by day, retention, and counts that stay right whatever ends a run."""

from __future__ import annotations

import math
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from processors.models import (
    KeptResult,
    LogLine,
    Measure,
    MeasureDelta,
    MeasureMinute,
    MeasureQuarter,
    MeasureSummary,
    Run,
    RunDefinition,
    RunInput,
    Step,
)
from processors.queries import overview, run_pages
from processors.runtime.database import conninfo
from processors.services import definitions, measures, partitions, retention, sweeping
from processors.services import runs as run_services
from products.models.base import least_id
from tests.patience import until
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)


def partition_of(table: str, column: str, run_id: UUID) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tableoid::regclass::text FROM {table} WHERE {column} = %s", [run_id])
        return str(cursor.fetchone()[0])


def test_a_run_and_all_below_it_lie_in_the_partitions_of_its_day(scene: Scene, runs: Runs) -> None:
    partitions.make_ahead(timezone.now())
    run = runs.now("get")
    day = f"_d{run.created_at:%Y%m%d}"
    assert partition_of("processors_run", "id", run.pk).endswith(day)
    for table in ("processors_runinput", "processors_step", "processors_attempt", "processors_logline"):
        assert partition_of(table, "run_id", run.pk).endswith(day)


def test_days_ahead_are_made_once() -> None:
    now = timezone.now()
    partitions.make_ahead(now)
    assert partitions.make_ahead(now) == []
    assert partitions.day_of(now) + timedelta(days=7) in partitions.known_days()


def test_old_days_are_dropped_whole(scene: Scene, runs: Runs) -> None:
    partitions.make_ahead(timezone.now())
    run = runs.now("get")
    later = run.created_at + timedelta(days=3)
    try:
        dropped = partitions.drop_before(later, keep_days=1)
        assert partitions.day_of(run.created_at) in dropped
        left = [Run.objects.filter(pk=run.pk), Step.objects.filter(run=run), LogLine.objects.filter(run=run)]
        assert not any(rows.exists() for rows in left)
    finally:
        partitions.make_ahead(timezone.now())


def test_an_environment_forgets_its_completed_runs_before_its_failed_ones(scene: Scene, runs: Runs) -> None:
    done, failed = runs.now("get"), runs.start("get")
    Run.objects.filter(pk=failed.pk).update(state="failed")
    scene.environment.keep_completed_days, scene.environment.keep_failed_days = 1, 30
    scene.environment.save()
    later = timezone.now() + timedelta(days=5)
    assert retention._forget(scene.environment, later) == 1
    assert not Run.objects.filter(pk=done.pk).exists()
    assert not LogLine.objects.filter(run_id=done.pk).exists()
    assert not RunInput.objects.filter(run_id=done.pk).exists()
    assert Run.objects.filter(pk=failed.pk).exists()


def test_open_runs_are_never_forgotten(scene: Scene, runs: Runs) -> None:
    waiting = runs.start("get")
    scene.environment.keep_completed_days = scene.environment.keep_failed_days = 1
    scene.environment.save()
    assert retention._forget(scene.environment, timezone.now() + timedelta(days=9)) == 0
    assert Run.objects.filter(pk=waiting.pk).exists()


def test_every_end_is_counted_once_however_often_the_counts_are_folded(people: Cast, scene: Scene, runs: Runs) -> None:
    actor = people.as_(people.dev)
    for _ in range(3):
        runs.now("get")
    run_services.cancel_run(actor, runs.start("get"))
    assert summed() == counted() == {"completed": 3, "cancelled": 1}
    target = run_pages.known_targets(scene.environment)
    measures.fold()
    assert run_pages.known_targets(scene.environment) == target == ["api:get"]
    assert not MeasureDelta.objects.exists()
    assert MeasureMinute.objects.exists()
    measures.fold()
    assert counted() == {"completed": 3, "cancelled": 1}
    runs.now("get")
    measures.fold()
    assert counted() == {"completed": 4, "cancelled": 1}
    assert summed() == counted()
    numbers = overview.by_environment(actor, scene.product)[scene.environment.pk]
    assert (numbers.runs, numbers.completed, numbers.open) == (5, 4, 0)
    assert numbers.p50_ms is not None
    assert numbers.p95_ms is not None
    assert 0 < numbers.p50_ms <= numbers.p95_ms


def counted() -> dict[str, int]:
    found: dict[str, int] = {}
    for row in Measure.objects.all():
        found[row.state] = found.get(row.state, 0) + row.n
    return found


def summed() -> dict[str, int]:
    """By the quarters; their histogram counts the same runs, but for those that never started."""
    counts = MeasureSummary.objects.filter(bucket=MeasureQuarter.ALL_BUCKETS)
    assert not MeasureSummary.objects.exclude(pk__in=counts.values("pk")).exclude(target="", state="").exists()
    by_bucket = sum(MeasureSummary.objects.filter(target="").values_list("n", flat=True))
    assert by_bucket == sum(Measure.objects.filter(bucket__gte=0).values_list("n", flat=True))
    found: dict[str, int] = {}
    for row in counts:
        found[row.state] = found.get(row.state, 0) + row.n
    return found


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_percentiles_of_the_histogram_are_right_to_a_tenth(share: float) -> None:
    values = sorted(1.07**n for n in range(60, 160))
    histogram: dict[int, int] = {}
    for value in values:
        bucket = math.floor(4 * math.log2(value))
        histogram[bucket] = histogram.get(bucket, 0) + 1
    exact = values[int(share * len(values)) - 1]
    assert overview.percentile(histogram, share) == pytest.approx(exact, rel=0.1)


def test_the_least_id_of_a_day_holds_its_milliseconds() -> None:
    day = datetime(2026, 11, 20, tzinfo=UTC)
    assert least_id(day).int >> 80 == int(day.timestamp() * 1000)


def test_a_day_with_a_run_that_is_not_over_stays_and_loses_the_others(scene: Scene, runs: Runs) -> None:
    partitions.make_ahead(timezone.now())
    done, asleep = runs.now("get"), runs.start("get")
    scene.environment.keep_completed_days = scene.environment.keep_failed_days = 1
    scene.environment.save()
    later, day = done.created_at + timedelta(days=500), partitions.day_of(done.created_at)
    assert day not in partitions.drop_before(later, keep_days=400)
    assert retention._forget(scene.environment, later) == 1
    assert list(Run.objects.values_list("pk", flat=True)) == [asleep.pk]
    assert RunInput.objects.filter(run=asleep).exists()
    partitions.make_ahead(timezone.now())


def test_a_day_that_nobody_made_in_time_stays_in_the_default_partition_and_holds_up_no_other(
    scene: Scene, runs: Runs
) -> None:
    """No scheduler for a week, or an old backup: runs came before their day's partition."""
    later = partitions.day_of(timezone.now()) + timedelta(days=40)
    late = runs.start("get")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE processors_run SET id = %s, state = 'completed'", [least_id(later)])
    assert partition_of("processors_run", "id", least_id(later)) == "processors_run_default"
    assert partitions.make_ahead(later, days=2) == [later + timedelta(days=1), later + timedelta(days=2)]
    assert not Run.objects.filter(pk=late.pk).exists()
    scene.environment.keep_completed_days = 1
    scene.environment.save()
    assert retention._forget(scene.environment, later + timedelta(days=3)) == 1
    assert partitions.make_ahead(later, days=2) == [later]
    assert len(partitions.drop_before(later + timedelta(days=9), keep_days=1)) >= 3
    partitions.make_ahead(timezone.now())


@pytest.mark.parametrize("table", partitions.TABLES)
def test_D10_a_purge_gives_way_to_who_reads_any_of_the_tables(
    scene: Scene, runs: Runs, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """It waits for all of them together as long as for one, and takes nothing away from any before it has all."""
    monkeypatch.setattr(partitions, "LOCK_PATIENCE_MS", 100)
    partitions.make_ahead(timezone.now())
    day, later = partitions.day_of(timezone.now()), timezone.now() + timedelta(days=30)
    with psycopg.connect(conninfo()) as reader:
        reader.execute(f"SELECT 1 FROM {table} LIMIT 1")
        assert partitions.drop_before(later, keep_days=1) == []
    assert day in partitions.drop_before(later, keep_days=1)
    partitions.make_ahead(timezone.now())


def test_a_day_whose_run_begins_anew_while_it_is_dropped_stays(
    scene: Scene, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    partitions.make_ahead(timezone.now())
    run = runs.start("get")
    looks = iter([False, True])
    monkeypatch.setattr(partitions, "_has_open_runs", lambda day: next(looks, True))
    assert partitions.drop_before(run.created_at + timedelta(days=3), keep_days=1) == []
    assert Run.objects.filter(pk=run.pk).exists()


def test_definitions_that_no_run_names_are_forgotten(scene: Scene, runs: Runs) -> None:
    run = runs.now("get")
    made = [
        RunDefinition(hash=f"{number:064x}", workspace=scene.workspace, content={"number": number})
        for number in range(450)
    ]
    RunDefinition.objects.bulk_create(made)
    young = RunDefinition.objects.create(hash="f" * 64, workspace=scene.workspace, content={})
    old = timezone.now() - timedelta(days=2)
    RunDefinition.objects.exclude(pk=young.pk).update(created_at=old)
    going = definitions.Round()
    assert [going.go_on() for _ in range(4)] == [200, 200, 50, 0]
    assert set(RunDefinition.objects.values_list("pk", flat=True)) == {run.definition_id, young.pk}
    Run.objects.all().delete()
    assert going.go_on() == 1
    assert runs.now("get").state == "completed", "who remembers it writes it anew"


def test_no_definition_is_forgotten_that_a_run_is_just_starting_with(scene: Scene, runs: Runs) -> None:
    first = runs.now("get")
    RunDefinition.objects.update(created_at=timezone.now() - timedelta(days=2))
    Run.objects.all().delete()
    begun, may_go, started = threading.Event(), threading.Event(), []

    def starts() -> None:
        try:
            with transaction.atomic():
                started.append(runs.start("get"))
                begun.set()
                may_go.wait(120)
        finally:
            connections.close_all()

    starter = threading.Thread(target=starts)
    starter.start()
    assert begun.wait(120)
    assert definitions.Round().go_on() == 0, "the start holds the table"
    may_go.set()
    starter.join(120)
    assert definitions.Round().go_on() == 0
    assert runs.execute(started[0]).state == "completed"
    assert started[0].definition_id == first.definition_id


def test_a_start_that_comes_while_its_definition_is_forgotten_writes_it_anew(scene: Scene, runs: Runs) -> None:
    runs.now("get")
    RunDefinition.objects.update(created_at=timezone.now() - timedelta(days=2))
    Run.objects.all().delete()
    started: list[Run] = []

    def starts() -> None:
        try:
            started.append(runs.start("get"))
        finally:
            connections.close_all()

    starter = threading.Thread(target=starts)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(definitions._ALONE)
        starter.start()
        until(waits_for_a_definition, what="the start waits")
        cursor.execute("DELETE FROM processors_rundefinition")
    starter.join(120)
    assert runs.execute(started[0]).state == "completed"


def waits_for_a_definition() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'processors_rundefinition'::regclass"
        )
        return bool(cursor.fetchone()[0])


def test_kept_results_past_their_life_go(scene: Scene) -> None:
    now = timezone.now()
    for key, expires_at in (("old", now - timedelta(seconds=1)), ("new", now + timedelta(hours=1))):
        KeptResult.objects.create(environment=scene.environment, key=key, value=1, expires_at=expires_at)
    sweeping.tidy()
    assert list(KeptResult.objects.values_list("key", flat=True)) == ["new"]
