"""REST of imports: a document by upload, as text or by URL; then its report, its difference, and a decision."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.fields import Flag, Tag, Text
from products.api.parsers import StrictJsonParser
from products.api.schema import answers, created, reading
from products.lib.document_errors import MAX_BYTES
from products.lib.errors import Invalid, TooLarge
from products.models import DocumentImport
from products.queries import imports as queries
from products.services import imports
from products.services.imports import NewImport


class ImportRowShape(serializers.ModelSerializer[DocumentImport]):
    """An import in a list."""

    app = serializers.CharField(source="app.tag", default=None, allow_null=True)
    url = serializers.SerializerMethodField()
    actions = serializers.SerializerMethodField()

    class Meta:
        model = DocumentImport
        fields = [
            "id", "app", "app_tag", "source", "filename", "url", "state", "done", "total", "actions", "error",
            "actor_name", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields
        ref_name = "ImportRow"

    def get_url(self, row: DocumentImport) -> str:
        """With what looks secret in its query masked."""
        return row.shown_address

    def get_actions(self, row: DocumentImport) -> int | None:
        """Number of actions in the document, once it has been read."""
        count: int | None = row.report.get("actions")
        return count


class ImportShape(ImportRowShape):
    """An import with its report and its difference."""

    class Meta(ImportRowShape.Meta):
        fields = [*ImportRowShape.Meta.fields, "report", "difference", "apply_at_once"]
        read_only_fields = fields
        ref_name = "Import"


class ImportInput(serializers.Serializer[Any]):
    """A document as text, or where it is."""

    document = Text(max_length=MAX_BYTES, required=False, trim_whitespace=False, help_text="The document itself.")
    url = Text(max_length=1700, required=False)
    filename = Text(max_length=300, required=False, allow_blank=True)
    entry = Text(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="Which document of a zip archive that holds several.",
    )
    app = Tag(required=False, help_text="The app to update, or the tag of the new one.")
    apply_at_once = Flag(required=False, help_text="Also for an app that is there already; else you see first.")


class UploadInput(serializers.Serializer[Any]):
    """A document as a file."""

    file = serializers.FileField(help_text="JSON, YAML, or a zip archive with one of them.")
    entry = Text(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="Which document of a zip archive that holds several.",
    )
    app = Tag(required=False)
    apply_at_once = serializers.BooleanField(required=False)


class ApplyInput(serializers.Serializer[Any]):
    """How to apply."""

    remove = Flag(required=False, default=True, help_text="Delete actions that the document no longer has.")
    digest = Text(
        max_length=64,
        required=False,
        allow_blank=True,
        help_text="The `digest` of the difference you looked at; 409 if it is another one by now.",
    )


class ImportFilters(serializers.Serializer[Any]):
    """Filters of the list."""

    app = serializers.CharField(max_length=63, required=False, default="", allow_blank=True)


class ImportsView(WorkspaceView):
    """`…/imports/`"""

    parser_classes = (StrictJsonParser, MultiPartParser)
    search = ImportFilters

    @extend_schema(
        operation_id="imports_list",
        tags=["imports"],
        parameters=[OpenApiParameter("app", str, description="Tag of an app.")],
        responses=reading(ImportRowShape(many=True)),
    )
    def get(self, request: Any, workspace: str) -> Response:
        """Newest first."""
        return self.page(queries.imports_of(self.actor, self.chosen()["app"]), ImportRowShape)

    @extend_schema(
        operation_id="imports_create",
        tags=["imports"],
        request={"application/json": ImportInput, "multipart/form-data": UploadInput},
        responses=answers(ImportShape, status=202, errors=(400, 409, 413, 429)),
    )
    def post(self, request: Any, workspace: str) -> Response:
        """Accepts a document; a worker reads it. Ask for the import until it is applied, ready or failed."""
        row = imports.start_import(self.actor, self._new(request))
        answer = created(ImportShape(row).data, f"{request.path}{row.pk}/")
        answer.status_code = 202
        return answer

    def _new(self, request: Any) -> NewImport:
        if request.content_type.startswith("multipart/"):
            given = self.read(UploadInput)
            file = given.pop("file")
            if file.size > MAX_BYTES:
                raise TooLarge(f"A document may have at most {MAX_BYTES // 1024 // 1024} MiB.")
            return NewImport(document=file.read(), filename=file.name or "", **given)
        given = self.read(ImportInput)
        if ("document" in given) == ("url" in given):
            raise Invalid.field("document", "Give either a document or a url.", code="required")
        text = given.pop("document", None)
        return NewImport(document=None if text is None else text.encode(), pasted=text is not None, **given)


class ImportView(WorkspaceView):
    """`…/imports/{import_id}/`"""

    @extend_schema(operation_id="imports_read", tags=["imports"], responses=reading(ImportShape))
    def get(self, request: Any, workspace: str, import_id: str) -> Response:
        """One import with its report and difference."""
        return Response(ImportShape(queries.document_import(self.actor, import_id)).data)


class ImportApplyView(WorkspaceView):
    """`…/imports/{import_id}/apply/`"""

    @extend_schema(
        operation_id="imports_apply",
        tags=["imports"],
        request=ApplyInput,
        responses=answers(ImportShape, status=202),
    )
    def post(self, request: Any, workspace: str, import_id: str) -> Response:
        """Lets a worker apply the difference. If the app was changed since, nothing is applied: the import is `ready`
        again, with the new difference, marked `stale`."""
        given = self.read(ApplyInput)
        row = imports.apply_import(self.actor, import_id, remove=given["remove"], seen=given.get("digest", ""))
        return Response(ImportShape(row).data, status=202)


class ImportDiscardView(WorkspaceView):
    """`…/imports/{import_id}/discard/`"""

    @extend_schema(operation_id="imports_discard", tags=["imports"], request=None, responses=answers(ImportShape))
    def post(self, request: Any, workspace: str, import_id: str) -> Response:
        """Forgets what was read."""
        return Response(ImportShape(imports.discard_import(self.actor, import_id)).data)
