"""Postman's scripts: kept as text for people to read, never executed."""

from __future__ import annotations

from typing import Any

from products.importers.report import Report
from products.importers.shapes import as_dict, as_list, as_text

_LONGEST = 50_000


def read_scripts(events: Any, report: Report, place: str) -> str:
    """The scripts of an item as one text; says in the report that nothing executes them."""
    parts = [part for part in (_script(as_dict(event)) for event in as_list(events)) if part]
    if parts:
        report.changed("scripts-kept", place, "Scripts are kept as text and never executed.")
    return "\n\n".join(parts)[:_LONGEST]


def _script(event: dict[str, Any]) -> str:
    script = event.get("script")
    lines = as_dict(script).get("exec") if isinstance(script, dict) else script
    text = "\n".join(as_text(line) for line in lines) if isinstance(lines, list) else as_text(lines)
    return f"// {as_text(event.get('listen'))[:40] or 'script'}\n{text.strip()}" if text.strip() else ""
