"""How the OpenAPI schema describes what every route has in common: its errors, its tags, where a new thing is."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

PROBLEM = "application/problem+json"
PAGE = "Page"  # how the name of a page of a list ends
_WORDS = {
    400: "The input is wrong; `errors` names each field.",
    401: "No access key and no session, or one that is not valid.",
    403: "It is there, but your role or your key does not allow this.",
    404: "There is no such thing, or not for you.",
    409: "It clashes with what is there.",
    413: "Over a limit.",
    429: "Too often; try again after `Retry-After` seconds.",
}
EXAMPLE = {
    "type": "/help/errors/#invalid",
    "title": "Invalid input",
    "status": 400,
    "detail": "This field is required.",
    "code": "invalid",
    "request_id": "01a1fdba1c3873a4aba983e5b9838053",
    "errors": [{"pointer": "/name", "code": "required", "detail": "This field is required."}],
}


class FieldProblemShape(serializers.Serializer[Any]):
    """One wrong field."""

    pointer = serializers.CharField(help_text="RFC 6901 pointer into the body; empty for the whole of it.")
    code = serializers.CharField()
    detail = serializers.CharField()
    caret = serializers.CharField(
        required=False, help_text="Of an expression: its line, with carets below the place that is wrong."
    )

    class Meta:
        ref_name = "FieldProblem"


class ErrorResponse(serializers.Serializer[Any]):
    """Every error: RFC 9457 problem details."""

    type = serializers.CharField(help_text="Where the error is explained.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="For people.")
    code = serializers.CharField(help_text="For machines, stable.")
    request_id = serializers.CharField()
    errors = FieldProblemShape(many=True, required=False)  # type: ignore[assignment]  # a field of that name

    class Meta:
        ref_name = "ErrorResponse"


def answers(success: Any = None, *, status: int = 200, errors: tuple[int, ...] = (400, 409)) -> dict[Any, Any]:
    """`responses=` of `extend_schema`: the success (None: 204, no body) and the errors every route may give."""
    described: dict[Any, Any] = {204: None} if success is None else {status: success}
    for code in sorted({401, 403, 404, *errors}):
        described[code, PROBLEM] = OpenApiResponse(ErrorResponse, description=_WORDS[code])
    return described


def reading(success: Any) -> dict[Any, Any]:
    """`responses=` of a GET; `many=True` means one page of a list."""
    if isinstance(success, serializers.ListSerializer):
        row: Any = type(success.child)
        success = _page_of(row)
    return answers(success, errors=(400,))


@cache  # one class for each shape: two of one name would be a clash
def _page_of(shape: Any) -> Any:
    """As `products.api.paging` answers."""
    name = f"{shape.Meta.ref_name}{PAGE}"
    fields = {
        "next": serializers.URLField(allow_null=True, help_text="The whole address; null on the last page."),
        "previous": serializers.URLField(allow_null=True, help_text="The whole address; null on the first page."),
        "results": shape(many=True),
    }
    return inline_serializer(name, fields)


def created(body: Any, location: str) -> Response:
    """201 with the address of the new thing."""
    return Response(body, status=201, headers={"Location": location})
