"""Runs and what belongs to them: to look at, never to change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from processors.models import (
    Attempt,
    AuthToken,
    IdempotencyRecord,
    KeptResult,
    LogLine,
    Run,
    RunDefinition,
    RunInput,
    RunSignal,
    Step,
)
from products.admin.base import ReadOnlyAdmin


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Newest first; found by id, key or target."""

    list_display = ["id", "workspace", "target", "environment", "state", "trigger", "created_at", "finished_at"]
    list_filter = ["state", "kind", "trigger"]
    search_fields = ["=id", "=idempotency_key", "=target"]
    list_select_related = ["workspace", "environment__product"]
    ordering = ["-id"]


@admin.register(RunDefinition)
class RunDefinitionAdmin(ReadOnlyAdmin):
    """What runs executed, by hash."""

    list_display = ["hash", "workspace", "created_at"]
    search_fields = ["=hash"]
    list_select_related = ["workspace"]


@admin.register(RunInput)
class RunInputAdmin(ReadOnlyAdmin):
    """That an input is kept; it is sealed."""

    list_display = ["run_id"]
    search_fields = ["=run__id"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Nothing but whose it is."""
        return ["run"]


@admin.register(Step)
class StepAdmin(ReadOnlyAdmin):
    """Steps of runs."""

    list_display = ["tag", "run_id", "kind", "state", "attempts", "started_at", "finished_at"]
    list_filter = ["state", "kind"]
    search_fields = ["=run__id", "=tag"]


@admin.register(RunSignal)
class RunSignalAdmin(ReadOnlyAdmin):
    """What runs were told; what it carried is shown masked."""

    list_display = ["name", "run_id", "by", "at", "step_id"]
    search_fields = ["=run__id", "=name"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All but what is sealed."""
        return ["run", "name", "payload", "by", "at", "step_id"]


@admin.register(KeptResult)
class KeptResultAdmin(ReadOnlyAdmin):
    """Results of events that are kept for the same call."""

    list_display = ["key", "environment", "expires_at"]
    search_fields = ["=key"]
    list_select_related = ["environment__product"]


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """Tries of steps: request and response are masked before they are stored."""

    list_display = ["run_id", "number", "state", "started_at", "finished_at", "next_at"]
    list_filter = ["state"]
    search_fields = ["=run__id"]


@admin.register(LogLine)
class LogLineAdmin(ReadOnlyAdmin):
    """What runs said."""

    list_display = ["run_id", "seq", "at", "level", "message"]
    list_filter = ["level"]
    search_fields = ["=run__id"]
    ordering = ["-id"]


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    """Which run a key belongs to."""

    list_display = ["key", "workspace", "run_id", "expires_at"]
    search_fields = ["=key", "=run__id"]
    list_select_related = ["workspace"]


@admin.register(AuthToken)
class AuthTokenAdmin(ReadOnlyAdmin):
    """That a token is kept, and until when; it is sealed."""

    list_display = ["connection_environment", "generation", "expires_at", "refreshing_until"]
    search_fields = ["connection_environment__connection__tag"]
    list_select_related = ["connection_environment__connection__product", "connection_environment__environment"]
