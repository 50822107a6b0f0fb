"""Bad input for every field of every REST operation, made from the OpenAPI schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TOO_LONG = 10_000
MAX_DEPTH = 3
_WRONG: dict[str, list[Any]] = {
    "string": [7, True, {}, [], {"path": "/etc/passwd"}, "a\x00b"],
    "boolean": ["yes", 1, {}, []],
    "integer": ["seven", {}, [], True, 1.5],
    "number": ["seven", {}, [], True],
    "array": ["text", {}, 7, True],
    "object": ["text", [], 7, True],
}


def bad_values(field: dict[str, Any], components: dict[str, Any]) -> list[Any]:
    """Values that the field must refuse; none for a field that takes anything."""
    field = resolved(field, components)
    kinds = field.get("type", "string" if "enum" in field else "")
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    found: list[Any] = [] if "null" in kinds or not any(kinds) else [None]
    named = [kind for kind in kinds if kind in _WRONG]
    if len(named) == 1:
        found += _WRONG[named[0]]
    if named == ["string"] and field.get("maxLength", TOO_LONG) < TOO_LONG:
        found.append("x" * TOO_LONG)
    return found


def fields_of(operation: dict[str, Any], components: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and schema of each property of the JSON body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content:
        yield from resolved(content["schema"], components).get("properties", {}).items()


def resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """The schema behind references; of a choice, the first that is not null."""
    if "$ref" in schema:
        return resolved(components[schema["$ref"].rsplit("/", 1)[1]], components)
    for word in ("allOf", "oneOf", "anyOf"):
        if word in schema:
            first = next(one for one in schema[word] if one.get("type") != "null")
            nullable = any(one.get("type") == "null" for one in schema[word])
            inner = resolved(first, components)
            kind = inner.get("type", "string")
            return {**inner, "type": [kind, "null"]} if nullable and isinstance(kind, str) else inner
    return schema


def deep_fields(operation: dict[str, Any], components: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pointer, and a part of a body with one bad value inside an object or list of it."""
    for name, field in fields_of(operation, components):
        for pointer, value in _bad_inside(resolved(field, components), components, depth=0):
            yield f"/{name}{pointer}", {name: value}


def _bad_inside(field: dict[str, Any], components: dict[str, Any], *, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > MAX_DEPTH:
        return
    for name, inner in field.get("properties", {}).items():
        inner = resolved(inner, components)
        for bad in bad_values(inner, components):
            if bad is not None:  # inside a definition null means that it is not given
                yield f"/{name}", {name: bad}
        for pointer, value in _bad_inside(inner, components, depth=depth + 1):
            yield f"/{name}{pointer}", {name: value}
    if "items" in field:
        item = resolved(field["items"], components)
        for bad in bad_values(item, components):
            yield "/0", [bad]
        for pointer, value in _bad_inside(item, components, depth=depth + 1):
            yield f"/0{pointer}", [value]
