"""Statements of a person's own: read-only unless they say otherwise, off where the environment is marked red."""

from __future__ import annotations

import time
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from processors.services.looking import Seen, queries_allowed
from processors.views.asking import ask
from processors.views.database_answers import csv_lines, grid
from products.queries.callable_resources import Wanted
from products.views.database_actions import DatabaseBase

ROWS = 200
CSV_ROWS = 1_000
LONGEST = 100_000


class DatabaseConsole(DatabaseBase):
    """`…/console/`"""

    template = "processors/databases/console.html"
    tab = "database-console"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """An empty console, or the statement of the address, which is not run."""
        return self._page(request, request.GET.get("text", "")[:LONGEST].replace("\x00", ""))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Runs one statement. `changes`: it may change data. `do=csv`: its rows as a file, always read-only."""
        text, as_file = request.POST.get("text", "")[:LONGEST], request.POST.get("do") == "csv"
        changes = "changes" in request.POST and not as_file
        given = {"text": text, "limit": CSV_ROWS if as_file else ROWS, "read_only": not changes}
        began = time.perf_counter()
        seen = self._query(given)
        took_ms = (time.perf_counter() - began) * 1_000
        if as_file and seen.error is None:
            return self._file(seen)
        answer: dict[str, Any] = {
            "seen": seen,
            "grid": grid(seen.output),
            "took_ms": took_ms,
            "changes": changes,
            "text": text,
        }
        if getattr(request, "htmx", False) and not as_file:
            return render(request, "processors/databases/_answer.html", self.context(**answer))
        return self._page(request, **answer)

    def _query(self, given: dict[str, Any]) -> Seen:
        if not given["text"].strip():
            return Seen(error={"code": "invalid", "message": "Write a statement first."})
        slug = self.environment.slug if self.environment else ""
        return ask(self.actor, self.product.tag, slug, Wanted("database", self.found.row.tag, "query"), given)

    def _page(self, request: HttpRequest, text: str, **answer: Any) -> HttpResponse:
        may_query = bool(self.config and self.config.config and queries_allowed(self.config.config))
        return self.show(request, text=text, may_query=may_query, **answer)

    def _file(self, seen: Seen) -> HttpResponse:
        found = grid(seen.output)
        part = f"-first-{len(found.rows)}-rows" if found.truncated else ""
        answer = StreamingHttpResponse(list(csv_lines(seen.output)), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{self.found.row.tag}{part}.csv"'
        answer["Cache-Control"] = "private, no-store"
        return answer  # type: ignore[return-value]
