"""Postman's rows of keys and values (headers, query, forms, auth, variables), in every shape they are found in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from products.importers.shapes import as_description, as_list, as_text


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `value` is text, or what else a form or variable holds."""

    key: str
    value: Any = ""
    enabled: bool = True
    description: str = ""
    type: str = ""
    content_type: str = ""


def read_rows(raw: Any, *, separator: str = ":", between: str = "\n") -> list[Row]:
    """Rows of a list of objects, an object, or text (`A: b` lines; forms: `a=b&c=d`). Rows without key are dropped."""
    if isinstance(raw, str):
        raw = [line for line in raw.split(between) if line.strip()]
    if isinstance(raw, dict):
        raw = [{"key": key, "value": value} for key, value in raw.items()]
    rows = (_row(each, separator) for each in as_list(raw))
    return [row for row in rows if row.key]


def _row(raw: Any, separator: str) -> Row:
    if isinstance(raw, str):
        key, _, text = raw.partition(separator)
        return Row(key.strip(), text.strip())
    if not isinstance(raw, dict):
        return Row("")
    value = raw.get("value")
    return Row(
        key=(as_text(raw.get("key")) or as_text(raw.get("id")) or as_text(raw.get("name"))).strip()[:500],
        value=value if isinstance(value, (dict, list, bool, int, float)) else as_text(value),
        enabled=raw.get("disabled") is not True,
        description=as_description(raw.get("description")),
        type=as_text(raw.get("type")).lower(),
        content_type=as_text(raw.get("contentType")).strip(),
    )
