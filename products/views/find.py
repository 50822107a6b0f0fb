"""What the palette asks: anything by name, tag or id."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse

from products.queries.find import find
from products.ui.found import links, named_in
from products.views.base import WorkspacePage


class Find(WorkspacePage):
    """`/w/<workspace>/find/?q=`"""

    def get(self, request: HttpRequest, **kwargs: Any) -> JsonResponse:
        """At most twenty things that the person may see."""
        query = request.GET.get("q", "")[:120].replace("\x00", "").strip()
        return JsonResponse(links(self.actor, query, find(self.actor, named_in(query))), safe=False)
