"""Reads of the audit log: filtered, the newest first, and as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from products.access import Actor, Permission
from products.models import AuditEntry
from products.queries.audit_reach import within_reach

EXPORT_LIMIT = 10_000
PAGE_SIZE = 50
COLUMNS = ("at", "actor", "verb", "object_type", "object_id", "object_name", "changes", "request_id")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # OWASP, CSV injection: a spreadsheet would compute these


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to leave in; empty parts leave everything in. `thing` is an id, or part of a name or type."""

    verb: str = ""
    actor: str = ""
    thing: str = ""
    since: datetime | None = None
    until: datetime | None = None


def entries(actor: Actor, chosen: AuditFilter) -> QuerySet[AuditEntry]:
    """The workspace's entries as far as the actor sees its products, the newest first. Raises Forbidden."""
    actor.need(Permission.VIEW_AUDIT)
    rows = within_reach(actor, AuditEntry.objects.filter(workspace=actor.workspace).order_by("-id"))
    if chosen.verb:
        rows = rows.filter(verb__startswith=chosen.verb)
    if chosen.actor:
        rows = rows.filter(actor__icontains=chosen.actor)
    if chosen.thing:
        rows = rows.filter(_thing(chosen.thing))
    if chosen.since:
        rows = rows.filter(at__gte=chosen.since)
    return rows.filter(at__lt=chosen.until) if chosen.until else rows


def verbs_of(actor: Actor) -> list[str]:
    """The verbs that occur in the newest entries, for the filter."""
    newest = entries(actor, AuditFilter()).values_list("verb", flat=True)[:2000]
    return sorted(set(newest))


def as_csv(rows: Iterable[AuditEntry]) -> str:
    """A table for spreadsheets; what they would take for a formula gets an apostrophe before it."""
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([_cell(value) for value in _facts(row).values()])
    return file.getvalue()


def as_json(rows: Iterable[AuditEntry]) -> str:
    """The same as a JSON array."""
    return json.dumps([_facts(row) for row in rows], indent=1)


def _facts(row: AuditEntry) -> dict[str, Any]:
    facts = {name: getattr(row, name) for name in COLUMNS}
    return {**facts, "at": row.at.isoformat(), "object_id": str(row.object_id or "")}


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _thing(text: str) -> Q:
    found = Q(object_name__icontains=text) | Q(object_type__iexact=text)
    try:
        return found | Q(object_id=UUID(text))
    except ValueError:
        return found


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of the log; `newer` and `older` are cursors, empty where there is nothing more."""

    entries: list[AuditEntry]
    newer: str
    older: str

    @property
    def shown(self) -> int:
        """How many entries are on it."""
        return len(self.entries)

    @property
    def lines(self) -> list[tuple[AuditEntry, str]]:
        """Each entry with its changes in words."""
        return [(entry, in_words(entry.changes)) for entry in self.entries]


def in_words(changes: dict[str, Any]) -> str:
    """`name: Shop → Store; role: viewer → admin`."""
    return "; ".join(f"{field}: {_change(change)}" for field, change in changes.items())


def _change(change: Any) -> str:
    if isinstance(change, list) and len(change) == 2:
        return f"{_side(change[0])} → {_side(change[1])}"
    return _side(change)


def _side(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def audit_page(actor: Actor, chosen: AuditFilter, *, cursor: str = "") -> AuditPage:
    """The page at a cursor (`o<id>` older than that entry, `n<id>` newer); at the newest for none or a wrong one."""
    rows = entries(actor, chosen)
    direction, at = _parsed(cursor)
    if direction == "n":
        found = list(rows.filter(id__gt=at).order_by("id")[: PAGE_SIZE + 1])
        more, shown = len(found) > PAGE_SIZE, found[:PAGE_SIZE][::-1]
        return AuditPage(shown, _cursor("n", shown, 0, more), _cursor("o", shown, -1, True))
    found = list((rows.filter(id__lt=at) if at else rows)[: PAGE_SIZE + 1])
    more, shown = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    return AuditPage(shown, _cursor("n", shown, 0, bool(at)), _cursor("o", shown, -1, more))


def _parsed(cursor: str) -> tuple[str, UUID | None]:
    try:
        return cursor[:1], UUID(cursor[1:])
    except ValueError:
        return "", None


def _cursor(direction: str, shown: list[AuditEntry], index: int, there: bool) -> str:
    return f"{direction}{shown[index].pk}" if there and shown else ""
