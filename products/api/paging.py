"""Keyset paging for every list: `?cursor=…&limit=…`, never an offset, never a count."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from products.lib.errors import Invalid

_WHOLE = re.compile(r"0{0,20}[1-9][0-9]{0,20}")


class KeysetPagination(CursorPagination):
    """`next` and `previous` are whole addresses; `limit` is at most 200."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    ordering = "-id"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """Raises Invalid for a cursor that nobody was given: its position must be a value of the column."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError, DataError) as error:
            raise Invalid.field("cursor", "This is not a cursor of this list.") from error

    def get_page_size(self, request: Request) -> int:
        """More than `max_page_size` means that many. Raises Invalid for what is no number of rows."""
        asked = request.query_params.get(self.page_size_query_param or "", "")
        if not asked:
            return self.page_size
        if not _WHOLE.fullmatch(asked):
            raise Invalid.field("limit", "Use a whole number from 1.")
        return min(int(asked), self.max_page_size)

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """The view's `keyset`, which must end in something unique; the client cannot choose columns."""
        return tuple(getattr(view, "keyset", ("-id",)))
