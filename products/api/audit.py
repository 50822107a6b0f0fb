"""REST of the audit log: read and exported, never written."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.fields import Text
from products.api.schema import answers, reading
from products.models import AuditEntry
from products.queries.audit import EXPORT_LIMIT, AuditFilter, as_csv, as_json, entries
from products.services import audit


class AuditShape(serializers.ModelSerializer[AuditEntry]):
    """One change."""

    changes = serializers.JSONField(read_only=True, help_text="Field to [old, new]; never the value of a secret.")

    class Meta:
        model = AuditEntry
        fields = ["id", "at", "actor", "verb", "object_type", "object_id", "object_name", "changes", "request_id"]
        read_only_fields = fields
        ref_name = "AuditEntry"


class AuditExportShape(serializers.Serializer[Any]):
    """One change in a file."""

    at = serializers.DateTimeField()
    actor = serializers.CharField()
    verb = serializers.CharField()
    object_type = serializers.CharField()
    object_id = serializers.CharField(help_text="Empty where there is none.")
    object_name = serializers.CharField()
    changes = serializers.JSONField()
    request_id = serializers.CharField()

    class Meta:
        ref_name = "AuditExport"


class AuditSearch(serializers.Serializer[Any]):
    """Filters of the log."""

    verb = Text(max_length=60, required=False, help_text="How the verb starts, such as `secret.`.")
    actor = Text(max_length=254, required=False, help_text="Part of who did it.")
    thing = Text(max_length=300, required=False, help_text="An id, a type, or part of a name.")
    since = serializers.DateTimeField(required=False, help_text="From this moment on.")
    until = serializers.DateTimeField(required=False, help_text="Up to this moment.")


class AuditExportSearch(AuditSearch):
    """Filters of the file."""

    file = serializers.ChoiceField(choices=["csv", "json"], required=False)


class AuditView(WorkspaceView):
    """`…/audit/`"""

    search = AuditSearch

    @extend_schema(
        operation_id="audit_list", tags=["audit"], parameters=[AuditSearch], responses=reading(AuditShape(many=True))
    )
    def get(self, request: Any, workspace: str) -> Response:
        """The newest first."""
        return self.page(entries(self.actor, AuditFilter(**self.chosen())), AuditShape)


class AuditExportView(WorkspaceView):
    """`…/audit/export/`"""

    search = AuditExportSearch

    @extend_schema(
        operation_id="audit_export",
        tags=["audit"],
        parameters=[AuditExportSearch],
        responses={
            **{code: what for code, what in answers(errors=(400,)).items() if code != 204},
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/json"): AuditExportShape(many=True),
        },
    )
    def get(self, request: Any, workspace: str) -> HttpResponse:
        """The newest 10,000 entries that match, as a file."""
        chosen = self.chosen()
        return export(self.actor, chosen.pop("file", "csv"), AuditFilter(**chosen))


def export(actor: Any, kind: str, chosen: AuditFilter) -> HttpResponse:
    """The file that a page and a client get."""
    rows = entries(actor, chosen)[:EXPORT_LIMIT]
    audit.record(actor, "audit.exported", actor.workspace, changes={"file": kind})
    text, content_type = (as_json(rows), "application/json") if kind == "json" else (as_csv(rows), "text/csv")
    name = f"audit-{actor.workspace.tag}.{'json' if kind == 'json' else 'csv'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(text, content_type=f"{content_type}; charset=utf-8", headers=headers)
