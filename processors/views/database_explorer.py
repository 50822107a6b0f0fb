"""What a database holds: its tables, the columns and keys of one, its rows a page at a time."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from processors.services.looking import Seen
from processors.views.asking import ask
from processors.views.database_answers import details_of, grid
from products.queries.callable_resources import Wanted
from products.views.database_actions import DatabaseBase

PAGE = 50
FARTHEST = 1_000_000
TABLES_SHOWN = 300


class DatabaseExplorer(DatabaseBase):
    """`…/explorer/?table=&order=&offset=`"""

    template = "processors/databases/explorer.html"
    fragment = "processors/databases/_explorer.html"
    tab = "database-explorer"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The tables, and what the address chooses of one."""
        if self.config is None or not self.config.complete:
            return self.show(request, configured=False)
        chosen: dict[str, Any] = {
            name: request.GET.get(name, "")[:200].replace("\x00", "") for name in ("table", "order", "find")
        }
        seen = self._ask("tables")
        found = seen.output.get("tables", []) if isinstance(seen.output, dict) else []
        names = [each for each in found if chosen["find"].lower() in str(each.get("name", "")).lower()]
        around: dict[str, Any] = {
            "configured": True,
            "seen": seen,
            "tables": names[:TABLES_SHOWN],
            "hidden": len(names) - TABLES_SHOWN,
        }
        known = any(each.get("name") == chosen["table"] for each in found)
        return self.show(request, **around, **chosen, **(self._table(request, chosen) if known else {}))

    def _table(self, request: HttpRequest, chosen: dict[str, Any]) -> dict[str, Any]:
        offset = _offset(request.GET.get("offset", ""))
        details = self._ask("columns", {"table": chosen["table"]})
        given = {"table": chosen["table"], "limit": PAGE, "offset": offset}
        rows = self._ask("rows", {**given, "order": chosen["order"]} if chosen["order"] else given)
        page, shown = grid(rows.output), details_of(details.output)
        full = len(page.rows) == PAGE
        return {
            "details": shown,
            "rows": rows,
            "grid": page,
            "heads": [_head(name, chosen["order"]) for name in page.names],
            "offset": offset,
            "last": offset + len(page.rows),
            "newer": str(max(offset - PAGE, 0)) if offset else "",
            "older": str(offset + PAGE) if full else "",
            "query": urlencode({"text": shown["query"]}),
        }

    def _ask(self, operation: str, given: Any = None) -> Seen:
        slug = self.environment.slug if self.environment else ""
        return ask(self.actor, self.product.tag, slug, Wanted("database", self.found.row.tag, operation), given)


def _head(name: str, order: str) -> dict[str, str]:
    """A column's name, how it is ordered now, and what a click makes of that."""
    now = "ascending" if order == name else "descending" if order == f"-{name}" else ""
    return {"name": name, "now": now, "next": f"-{name}" if now == "ascending" else name}


def _offset(text: str) -> int:
    return min(int(text), FARTHEST) if text.isascii() and text.isdigit() and len(text) < 10 else 0
