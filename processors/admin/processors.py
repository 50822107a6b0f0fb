"""Processors and workers."""

from __future__ import annotations

from django.contrib import admin

from processors.models import Processor, Worker
from products.admin.base import ReadOnlyAdmin


@admin.register(Processor)
class ProcessorAdmin(ReadOnlyAdmin):
    """Pools of workers."""

    list_display = ["tag", "workspace", "name", "paused_at"]
    search_fields = ["tag", "workspace__tag"]
    list_select_related = ["workspace"]


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """Worker processes as they report themselves."""

    list_display = ["hostname", "pid", "running", "settled", "heartbeat_at", "stopped_at"]
    search_fields = ["hostname"]
