"""Path variables, query rows and headers of a Postman request as parameters."""

from __future__ import annotations

from collections.abc import Iterable

from products.importers.postman.rows import Row
from products.importers.postman.urls import Url
from products.importers.report import Report
from products.importers.secrets import holds_secret
from products.importers.shapes import as_text, clean_name
from products.lib.actions import Parameter

_MAX_ROWS = 300


def path_parameters(url: Url, report: Report, place: str) -> tuple[Parameter, ...]:
    """One required parameter a placeholder; a template as its value is the default, anything else a sample."""
    rows = {row.key: row for row in url.variables}
    return tuple(_path_parameter(name, rows.get(name, Row(name)), report, place) for name in url.placeholders)


def query_parameters(rows: Iterable[Row], report: Report, place: str) -> tuple[Parameter, ...]:
    """One parameter a key; a key that is there several times becomes a list."""
    grouped: dict[str, list[Row]] = {}
    for row in list(rows)[:_MAX_ROWS]:
        if name := clean_name(row.key):
            grouped.setdefault(name, []).append(row)
    return tuple(_query_parameter(name, group, report, place) for name, group in grouped.items())


def header_parameters(rows: Iterable[Row], report: Report, place: str) -> tuple[Parameter, ...]:
    """One parameter a header; of several rows with one name the first that is enabled counts."""
    chosen: dict[str, Row] = {}
    for row in list(rows)[:_MAX_ROWS]:
        known = chosen.get(row.key.lower())
        if known is None or (row.enabled and not known.enabled):
            chosen[row.key.lower()] = row
        elif row.enabled:
            report.skipped("double-header", place, f"The header “{row.key[:80]}” is there twice; the first one counts.")
    return tuple(_header_parameter(row, report, place) for row in chosen.values() if clean_name(row.key))


def _path_parameter(name: str, row: Row, report: Report, place: str) -> Parameter:
    value = _kept(name, as_text(row.value), report, place) or ""
    template = "{{" in value
    return Parameter(
        name=name,
        place="path",
        required=True,
        description=row.description,
        default=value if template else None,
        sample=None if template or not value else value,
    )


def _query_parameter(name: str, rows: list[Row], report: Report, place: str) -> Parameter:
    first = rows[0]
    values = [_kept(name, as_text(row.value), report, place) for row in rows if row.enabled]
    if len(rows) > 1:
        return Parameter(
            name,
            "query",
            "array-string",
            description=first.description,
            default=values or None,
            schema={"type": "array", "items": {"type": "string"}},
            style="form",
            explode=True,
            enabled=any(row.enabled for row in rows),
        )
    value = _kept(name, as_text(first.value), report, place)
    return Parameter(name, "query", description=first.description, default=value, enabled=first.enabled)


def _header_parameter(row: Row, report: Report, place: str) -> Parameter:
    value = _kept(row.key, as_text(row.value), report, place)
    return Parameter(clean_name(row.key), "header", description=row.description, default=value, enabled=row.enabled)


def _kept(name: str, value: str, report: Report, place: str) -> str | None:
    """The value as the default, unless it is a literal secret. An empty value is one: the row is sent as it stands."""
    if holds_secret(name, value):
        report.secret(place, f"The value of “{name[:80]}”", value)
        return None
    return value
