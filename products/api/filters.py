"""Filters of a list: the query string read by a shape, unknown names refused."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from products.lib.errors import FieldProblem, Invalid
from products.lib.jsontypes import escape_pointer

PAGING = frozenset({"cursor", "limit"})


class NoFilters(serializers.Serializer[Any]):
    """Of a list that is only paged."""


def filters(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """What the query string asks for. Raises Invalid naming a filter that there is not, or a value that is wrong."""
    asked = request.query_params
    twins = [name for name in asked if len(asked.getlist(name)) > 1]
    if twins:  # which of them counts is what two readers see differently
        raise Invalid.field(escape_pointer(twins[0][:100]), "This may be given once.", code="twice")
    given = {name: value for name, value in asked.items() if name not in PAGING}
    serializer = shape(data=given)
    unknown = [name for name in given if name not in serializer.fields]
    if unknown:
        raise Invalid(
            errors=tuple(
                FieldProblem(f"/{escape_pointer(name[:100])}", "unknown", f"There is no filter “{name[:100]}” here.")
                for name in unknown[:20]
            )
        )
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
