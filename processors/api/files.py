"""REST of large contents on their way into a storage, or out of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.response import Response

from processors.models import KeptFile
from processors.services import files
from processors.services.file_answers import file_answer
from processors.services.file_streams import stored_content
from processors.services.kept_contents import KeptContent
from products.api.base import WorkspaceView
from products.api.schema import PROBLEM, ErrorResponse, answers

SENT: Any = {
    **{code: what for code, what in answers(errors=(400, 409, 413)).items() if code != 204},
    (200, "application/octet-stream"): OpenApiTypes.BINARY,
    (206, "application/octet-stream"): OpenApiTypes.BINARY,
    (416, "text/plain"): OpenApiResponse(description="The file has none of the bytes that were asked for."),
}
LATER: dict[Any, str] = {
    (429, PROBLEM): "So many files of the workspace are being fetched.",
    (503, PROBLEM): "Storage or workers do not answer just now.",
}


class RawParser(BaseParser):
    """The body as it comes, whatever it is."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """What it can be read from."""
        return stream


class UploadSearch(serializers.Serializer[Any]):
    """What the content is called, and whose it is."""

    product = serializers.CharField(max_length=63, help_text="The product whose runs may take it.")
    name = serializers.CharField(max_length=300)
    whole = serializers.BooleanField(default=True, help_text="False: more follows, by PUT.")


class MoreSearch(serializers.Serializer[Any]):
    """Where the body belongs."""

    offset = serializers.IntegerField(min_value=0, help_text="How many bytes came before.")
    last = serializers.BooleanField(default=False, help_text="Whether nothing follows.")


class ContentSearch(serializers.Serializer[Any]):
    """Which file."""

    key = serializers.CharField(max_length=1_024, trim_whitespace=False)


class KeptFileShape(serializers.ModelSerializer[KeptFile]):
    """A content that is kept for a day; `id` is what a storage's `save` takes as `file`."""

    class Meta:
        model = KeptFile
        fields = ("id", "name", "content_type", "size", "sha256", "created_at", "expires_at")
        ref_name = "KeptFile"


class FilesView(WorkspaceView):
    """`…/files/?product=&name=`"""

    remembers_posts = False
    parser_classes = [RawParser]
    search = UploadSearch

    @extend_schema(
        operation_id="files_upload", tags=["resources"], parameters=[UploadSearch],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses=answers(KeptFileShape, status=201, errors=(400, 413)),
    )  # fmt: skip
    def post(self, request: Any, workspace: str) -> Response:
        """Takes a content in, a piece at a time, and keeps it for runs of the product for a day."""
        chosen = self.chosen()
        row = files.take_in(
            self.actor, chosen["product"], request.data, name=chosen["name"],
            content_type=request.content_type or "", is_whole=chosen["whole"],
        )  # fmt: skip
        return Response(KeptFileShape(row).data, status=201, headers={"Location": f"{request.path}{row.pk}/"})


class FileView(WorkspaceView):
    """`…/files/{file}/`"""

    parser_classes = [RawParser]
    search = MoreSearch

    @extend_schema(
        operation_id="files_append", tags=["resources"], parameters=[MoreSearch],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses=answers(KeptFileShape, errors=(400, 409, 413)),
    )  # fmt: skip
    def put(self, request: Any, workspace: str, file: UUID) -> Response:
        """Adds the body to a content that was begun: how files of more than 32 MiB are uploaded."""
        chosen = self.chosen()
        row = files.append(self.actor, file, request.data, offset=chosen["offset"], is_last=chosen["last"])
        return Response(KeptFileShape(row).data)

    @extend_schema(
        operation_id="files_download", tags=["resources"],
        parameters=[OpenApiParameter("file", UUID, OpenApiParameter.PATH)],
        responses=SENT,
    )  # fmt: skip
    def get(self, request: Any, workspace: str, file: UUID) -> Any:
        """The content, a piece at a time; or the range of it that is asked for."""
        return file_answer(request, KeptContent(files.kept_file(self.actor, file)))


class StorageContentView(WorkspaceView):
    """`…/products/{product}/resources/storage/{resource}/environments/{environment}/content/?key=`"""

    search = ContentSearch

    @extend_schema(
        operation_id="storages_content", tags=["resources"],
        parameters=[
            ContentSearch,
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One range of bytes."),
            OpenApiParameter("If-Range", str, OpenApiParameter.HEADER, description="The ETag that the range is of."),
        ],
        responses={
            **SENT,
            **{status: OpenApiResponse(ErrorResponse, description=why) for status, why in LATER.items()},
        },
    )  # fmt: skip
    def get(self, request: Any, workspace: str, product: str, resource: str, environment: str) -> Any:
        """A file of a storage as it is now, of any size, while it is read; or the range of it that is asked for."""
        key = self.chosen()["key"]
        return file_answer(request, stored_content(self.actor, product, environment, resource, key))
