"""What databases answer to looks, as templates draw it. Connectors differ in small things; here they are alike."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime

from products.lib.jsontypes import Json, JsonObject

LONG: Final = 200  # characters of a value that are shown at once
LONGEST: Final = 20_000  # characters that are shown at all; the CSV file has them all
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Cell:
    """One value. `kind` is null, number, text, flag or json; `rest` is what was cut from `text`."""

    kind: str
    text: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows as a table."""

    names: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    types: Mapping[str, str]
    changed: int | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """How a migration stands in one environment. `state`: pending, applied, drifted, failed or missing.

    `direction`: the way on which one that failed was, up or down.
    """

    tag: str
    state: str
    at: datetime | None = None
    statement: int | None = None
    message: str = ""
    direction: str = "up"


def grid(output: Json) -> Grid:
    """Rows as they came: objects by column, or lists in the order of `columns`."""
    found = output if isinstance(output, dict) else {}
    rows = [row for row in _list(found.get("rows")) if isinstance(row, (dict, list))]
    names = tuple(_name(each) for each in _list(found.get("columns")))
    if not names:
        names = tuple(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))
    values = [[row.get(name) for name in names] if isinstance(row, dict) else row for row in rows]
    changed = found.get("changed")
    return Grid(
        names,
        tuple(tuple(cell(value) for value in row) for row in values),
        {name: _type([row[at] for row in values if at < len(row)]) for at, name in enumerate(names)},
        changed if isinstance(changed, int) else None,
        found.get("truncated") is True,
    )


def cell(value: Json) -> Cell:
    """One value, cut where it is long."""
    if value is None:
        return Cell("null", "NULL")
    if isinstance(value, bool):
        return Cell("flag", "true" if value else "false")
    if isinstance(value, (int, float)):
        return Cell("number", str(value))
    kind = "text" if isinstance(value, str) else "json"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Cell(kind, text[:LONG], text[LONG:LONGEST])


def csv_lines(output: Json) -> Iterator[str]:
    """As a file for spreadsheets, its last line saying so where rows are left out.

    A text that one would take for a formula begins with a quote (OWASP ASVS 1.2.10).
    """
    found = output if isinstance(output, dict) else {}
    rows = [row for row in _list(found.get("rows")) if isinstance(row, dict)]
    names = [_name(each) for each in _list(found.get("columns"))] or list(
        dict.fromkeys(name for row in rows for name in row)
    )
    writer = csv.writer(_Echo())
    yield writer.writerow([harmless(name) for name in names])
    for row in rows:
        yield writer.writerow([harmless(row.get(name)) for name in names])
    if found.get("truncated") is True:
        yield writer.writerow([f"Not all: these are the first {len(rows):,} rows."])


def harmless(value: Json) -> str:
    """A value as a cell of a spreadsheet that is never a formula; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text


def applied(output: Json) -> dict[str, Applied]:
    """By tag: what a database says of the known migrations, and of those that the product no longer has."""
    found = output if isinstance(output, dict) else {}
    rows = [*_list(found.get("migrations")), *({**row, "state": "missing"} for row in _dicts(found.get("unknown")))]
    return {str(row["tag"]): _applied(row) for row in _dicts(rows) if "tag" in row}


def details_of(output: Json) -> dict[str, Any]:
    """A table's columns with what is known of each: keys, references; its indexes, and the query that reads it."""
    found = output if isinstance(output, dict) else {}
    keys = set(map(str, _list(found.get("primary_key"))))
    leads = {
        str(name): f"{each.get('table')}.{', '.join(map(str, _list(each.get('referred_columns'))))}"
        for each in _dicts(found.get("foreign_keys"))
        for name in _list(each.get("columns"))
    }
    columns = [
        {**each, "primary": each.get("primary") is True or each.get("name") in keys,
         "leads_to": leads.get(str(each.get("name")), "")}
        for each in _dicts(found.get("columns"))
    ]  # fmt: skip
    query = str(found.get("query") or "")
    return {"columns": columns, "indexes": list(_dicts(found.get("indexes"))), "query": query}


def _applied(row: JsonObject) -> Applied:
    changed = row.get("changed") is True and row.get("state") == "applied"
    error = row.get("error")
    message = row.get("message") or (error.get("message") if isinstance(error, dict) else error) or ""
    at = row.get("applied_at") or row.get("finished_at") or row.get("at")
    done = row.get("statement", row.get("failed_at", row.get("done")))
    state = "drifted" if changed else str(row.get("state", "pending"))
    return Applied(
        str(row["tag"]), state, parse_datetime(at) if isinstance(at, str) else None,
        done if isinstance(done, int) else None, str(message)[:500], "down" if row.get("direction") == "down" else "up",
    )  # fmt: skip


def _type(values: Sequence[Json]) -> str:
    kinds = {cell(value).kind for value in values if value is not None}
    return kinds.pop() if len(kinds) == 1 else "mixed" if kinds else ""


def _list(given: Json) -> list[Any]:
    return given if isinstance(given, list) else []


def _dicts(given: Json | Iterable[Any]) -> Iterator[JsonObject]:
    return (each for each in given if isinstance(each, dict)) if isinstance(given, Iterable) else iter(())


def _name(column: Json) -> str:
    return str(column.get("name", "")) if isinstance(column, dict) else str(column)


class _Echo:
    """Gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        """The line."""
        return line
