"""A JSON Schema as rows to read: one a property, indented, references followed, circles cut."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from products.lib.descriptions import plain_text
from products.lib.jsontypes import JsonObject

MAX_ROWS = 300
MAX_DEPTH = 8
_MAX_TEXT = 500
_MARKUP = re.compile(r"[*_`\[<#~|\\&]|^\s*[-+>\d]|\n", re.MULTILINE)
_BOUNDS = {
    "minLength": ("at least", "character"),
    "maxLength": ("at most", "character"),
    "minimum": ("at least", ""),
    "maximum": ("at most", ""),
    "minItems": ("at least", "item"),
    "maxItems": ("at most", "item"),
}
_MAX_STEPS = 200  # references from the root: each costs a frame of the stack
_MAX_LOOKED_AT = 5_000  # schemas: combinations of combinations multiply without a row coming of them


@dataclass(frozen=True, slots=True)
class SchemaRow:
    """One property. `depth` counts from 0; `note` says what the type alone does not."""

    depth: int
    name: str
    type: str
    required: bool
    description: str
    note: str = ""


def schema_rows(schema: JsonObject, defs: JsonObject) -> list[SchemaRow]:
    """At most MAX_ROWS rows, MAX_DEPTH deep."""
    found = _Rows()
    _inside(schema, defs, 0, found, ())
    return found


class _Rows(list[SchemaRow]):
    """The rows found so far, and how many schemas may still be looked at for more."""

    left = _MAX_LOOKED_AT


def _inside(schema: Any, defs: JsonObject, depth: int, found: _Rows, path: tuple[str, ...]) -> None:
    schema, path = _resolved(schema, defs, path)
    found.left -= 1
    if depth >= MAX_DEPTH or found.left < 0 or len(path) > _MAX_STEPS or not isinstance(schema, dict):
        return
    if isinstance(schema.get("items"), dict) and not schema.get("properties"):
        _inside(schema["items"], defs, depth, found, path)
        return
    for part in _parts(schema):
        _inside(part, defs, depth, found, path)
    required = schema.get("required") if isinstance(schema.get("required"), list) else []
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        if len(found) >= MAX_ROWS:
            return
        resolved, inner_path = _resolved(inner, defs, path)
        if not isinstance(resolved, dict):
            continue
        text = _plain(str(resolved.get("description") or ""))
        found.append(
            SchemaRow(depth, str(name)[:200], _type(resolved, defs), name in (required or []), text, _note(resolved))
        )
        _inside(resolved, defs, depth + 1, found, inner_path)


def _plain(text: str) -> str:
    """Without Markdown: a cell of a table has room for a few words only."""
    return plain_text(text, length=_MAX_TEXT) if _MARKUP.search(text) else text[:_MAX_TEXT]


def _parts(schema: JsonObject) -> list[Any]:
    """All of `allOf`; of a choice, the first, as an example."""
    every = schema.get("allOf")
    choice = schema.get("oneOf") or schema.get("anyOf")
    return [*(every if isinstance(every, list) else []), *(choice[:1] if isinstance(choice, list) else [])]


def _resolved(schema: Any, defs: JsonObject, path: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    """The schema behind references; None for one that leads back to where we are."""
    while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        name = schema["$ref"].removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~")
        if name in path or name not in defs:
            return None, path
        path = (*path, name)
        schema = defs[name]
    return schema, path


def _type(schema: JsonObject, defs: JsonObject) -> str:
    kind = schema.get("type")
    text = " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind or "")
    if text == "array":
        inner, _ = _resolved(schema.get("items"), defs, ())
        return f"array of {_type(inner, defs)}" if isinstance(inner, dict) and inner.get("type") != "array" else "array"
    if not text:
        text = "object" if "properties" in schema or "allOf" in schema else "one of" if _parts(schema) else "any"
    return f"{text} ({schema['format']})" if isinstance(schema.get("format"), str) else text


def _note(schema: JsonObject) -> str:
    notes = []
    if isinstance(schema.get("enum"), list):
        notes.append("one of " + ", ".join(str(each)[:40] for each in schema["enum"][:12]))
    notes += [_bound(key, schema[key]) for key in _BOUNDS if isinstance(schema.get(key), int | float)]
    if schema.get("default") is not None:
        notes.append(f"default {json.dumps(schema['default'], ensure_ascii=False)[:80]}")
    return "; ".join(notes)[:300]


def _bound(key: str, number: float) -> str:
    """“at least 1 item”, “at most 20”."""
    words, noun = _BOUNDS[key]
    return f"{words} {number} {noun if number == 1 else f'{noun}s'}" if noun else f"{words} {number}"
