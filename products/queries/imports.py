"""Imports of documents: the list of a workspace or app, and one with its report."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from products.access import Actor, Permission, mine
from products.models import DocumentImport, ImportState

SHOWN_AT_FIRST = 500
_LISTS = ("added", "changed", "removed")


def imports_of(actor: Actor, app_tag: str = "") -> QuerySet[DocumentImport]:
    """Newest first, without the documents themselves; of one app if it is named."""
    actor.need(Permission.VIEW)
    rows = DocumentImport.objects.filter(workspace=actor.workspace).select_related("app").defer("document")
    return rows.filter(app__tag=app_tag) if app_tag else rows


def document_import(actor: Actor, import_id: object) -> DocumentImport:
    """One import. Raises NotFound."""
    return mine(actor, imports_of(actor), "import", id=import_id)


def shown(row: DocumentImport, *, whole: bool = False) -> dict[str, Any]:
    """The report and the difference as the page groups them; of long lists the beginning, unless it is `whole`."""
    most = None if whole else SHOWN_AT_FIRST
    parts = row.difference.get("parts") or {}
    return {
        "running": row.state in {ImportState.QUEUED, ImportState.READING, ImportState.APPLYING},
        "ready": row.state == ImportState.READY,
        "again": bool(row.difference.get("counts", {}).get("same", 0) or row.difference.get("removed"))
        or bool(row.difference.get("changed")),
        "notices": _grouped(row.report.get("notices", [])),
        "totals": [
            (count, what if count != 1 else what.removesuffix("s"))
            for what, count in row.report.get("counts", {}).items()
            if count
        ],
        "format": {"openapi": "OpenAPI", "swagger": "Swagger", "postman": "Postman"}.get(row.report.get("format", "")),
        "changes": [
            _listed(row.difference, *each, most)
            for each in (
                ("added", "Added", "ok"),
                ("changed", "Changed", "warn"),
                ("removed", "No longer in the document", "bad"),
            )
        ],
        "whole": whole,
        "shorter": not whole and any(len(row.difference.get(key, [])) > SHOWN_AT_FIRST for key in _LISTS),
        "parts": [
            (part.replace("_", " "), _named(found))
            for part, found in parts.items()
            if found["added"] or found["changed"]
        ],
        "address": row.shown_address,
    }


def _listed(difference: dict[str, Any], key: str, title: str, tone: str, most: int | None) -> dict[str, Any]:
    rows = difference.get(key, [])
    total = difference.get("counts", {}).get(key, len(rows))
    return {"title": title, "tone": tone, "rows": rows[:most], "total": total, "more": total - len(rows[:most])}


def _named(part: dict[str, Any]) -> dict[str, list[str]]:
    """What is added and changed as one reads it: `region (default, type)`."""
    fields = part.get("fields", {})
    changed = [f"{name} ({', '.join(fields[name])})" if fields.get(name) else name for name in part["changed"]]
    return {"added": part["added"], "changed": changed}


def _grouped(notices: list[dict[str, str]]) -> list[tuple[str, int, list[dict[str, Any]]]]:
    """By level, and the same sentence once with all its places: (title, number of notices, sentences)."""
    titles = {"skipped": "Did not come in", "changed": "Came in otherwise", "warning": "Worth a look"}
    found = []
    for level, title in titles.items():
        places: dict[str, list[str]] = {}
        for notice in notices:
            if notice["level"] == level:
                places.setdefault(notice["message"], []).append(notice["place"])
        if places:
            rows = [{"message": text, "places": [each for each in at if each]} for text, at in places.items()]
            found.append((title, sum(map(len, places.values())), rows))
    return found
