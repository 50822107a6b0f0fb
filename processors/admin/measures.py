"""The counts that dashboards read: to look at, never to change."""

from __future__ import annotations

from django.contrib import admin

from processors.models import Measure, MeasureDelta, MeasureMinute, MeasureQuarter, MeasureSummary
from products.admin.base import ReadOnlyAdmin


@admin.register(MeasureMinute, MeasureQuarter, MeasureDelta, Measure, MeasureSummary)
class MeasureAdmin(ReadOnlyAdmin):
    """Ended runs per minute or quarter hour, target, end state and latency bucket."""

    list_display = ["minute", "target", "state", "bucket", "n"]
    list_filter = ["state"]
    search_fields = ["=target"]
    ordering = ["-minute"]
