"""Runs counted per minute, with their latencies as a histogram: what dashboards read instead of the runs themselves.

The journal adds to `MeasureDelta` in the transaction that ends a run, so nothing is counted twice or not at all; the
scheduler folds what gathered there into `MeasureMinute` and `MeasureQuarter`. `Measure` and `MeasureSummary` are these
together with what is not folded yet.
"""

from __future__ import annotations

from uuid import UUID

from django.db import models


class MeasureColumns(models.Model):
    """What is counted: ended runs by minute, place, target, end state and latency bucket.

    `bucket` is floor(4 · log2(milliseconds)) of the time from start to end, -1 for runs that never started.
    """

    minute = models.DateTimeField()
    workspace_id: UUID = models.UUIDField()  # type: ignore[assignment]
    product_id: UUID = models.UUIDField()  # type: ignore[assignment]
    environment_id: UUID = models.UUIDField()  # type: ignore[assignment]
    target = models.CharField(max_length=130)
    state = models.CharField(max_length=12)
    bucket = models.SmallIntegerField()
    n = models.BigIntegerField()

    class Meta:
        abstract = True


class MeasureDelta(MeasureColumns):
    """What came since the last fold; only ever inserted and, by the fold, deleted."""

    id = models.BigAutoField(primary_key=True)

    def __str__(self) -> str:
        return f"{self.n} {self.state} of {self.target}"


class MeasureMinute(MeasureColumns):
    """One row for each combination that occurred."""

    id = models.BigAutoField(primary_key=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment_id", "minute", "target", "state", "bucket"], name="measure_minute_unique"
            )
        ]
        indexes = [
            models.Index(fields=["workspace_id", "minute"], name="measure_of_workspace"),
            models.Index(fields=["minute"], name="measure_age"),
        ]

    def __str__(self) -> str:
        return f"{self.n} {self.state} of {self.target}"


class MeasureQuarter(MeasureColumns):
    """The same by quarter hours, in two kinds of rows that stay few: by target and state with bucket `ALL_BUCKETS`, and
    by bucket with neither target nor state."""

    ALL_BUCKETS = -2

    id = models.BigAutoField(primary_key=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment_id", "target", "minute", "state", "bucket"], name="measure_quarter_unique"
            )
        ]
        indexes = [
            models.Index(fields=["environment_id", "minute"], name="quarter_of_environment"),
            models.Index(fields=["workspace_id", "minute"], name="quarter_of_workspace"),
            models.Index(fields=["minute"], name="quarter_age"),
        ]

    def __str__(self) -> str:
        return f"{self.n} {self.state} of {self.target}"


class MeasureSummary(MeasureColumns):
    """The view of quarters and what is not folded yet; read it, never write it."""

    id = models.BigIntegerField(primary_key=True)

    class Meta:
        managed = False
        db_table = "processors_measuresummary"

    def __str__(self) -> str:
        return f"{self.n} {self.state} of {self.target}"


class Measure(MeasureColumns):
    """The view of minutes and what is not folded yet; read it, never write it."""

    id = models.BigIntegerField(primary_key=True)

    class Meta:
        managed = False
        db_table = "processors_measure"

    def __str__(self) -> str:
        return f"{self.n} {self.state} of {self.target}"
