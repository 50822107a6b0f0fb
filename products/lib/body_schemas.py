"""What a request body's schema says: the names of its fields, and the form in which our input is checked against it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from products.lib.actions import Body
from products.lib.json_schemas import resolved
from products.lib.jsontypes import JsonObject

FILE_SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "filename": {"type": "string", "maxLength": 255},
        "content_base64": {"type": "string"},
        "content_type": {"type": "string", "maxLength": 255},
    },
    "required": ["content_base64"],
    "additionalProperties": False,
}
_UNCHECKED = frozenset({"binary", "graphql", "text", "xml"})  # their schema describes something else than our input
_MAX_PARTS = 200


def body_fields(body: Body, defs: JsonObject) -> tuple[str, ...]:
    """The names a flat input may use for the body: properties of the schema in all its parts, or of the sample."""
    names: dict[str, None] = {}
    for part in _parts(body.schema, defs):
        properties = part.get("properties")
        if isinstance(properties, dict):
            names.update(dict.fromkeys(properties))
    if not names and isinstance(body.sample, dict):
        names.update(dict.fromkeys(body.sample))
    names.update(dict.fromkeys(body.file_fields))
    if body.format == "graphql":
        names.update(dict.fromkeys(("query", "variables", "operationName")))
    return tuple(names)


def takes_any_field(body: Body, defs: JsonObject) -> bool:
    """Whether the body is an object whose fields nobody wrote down."""
    if body.format not in {"json", "form", "multipart", "xml"} or body_fields(body, defs):
        return False
    kind = resolved(body.schema, defs).get("type", "object")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


def checked_body_schema(body: Body, defs: JsonObject) -> JsonObject:
    """The schema our input for this body is checked against; {} where there is nothing to check.

    A file field is an object with its content here, whatever the document calls it.
    """
    if body.format in _UNCHECKED:
        return {}
    if not body.file_fields:
        return body.schema
    schema: dict[str, Any] = dict(resolved(body.schema, defs))
    properties = dict(schema.get("properties") or {})
    for name in body.file_fields:
        many = resolved(properties.get(name), defs).get("type") == "array"
        properties[name] = {"type": "array", "items": FILE_SCHEMA} if many else FILE_SCHEMA
    return {**schema, "properties": properties}


def _parts(schema: JsonObject, defs: JsonObject) -> Iterator[JsonObject]:
    """The schema and everything it is composed of, each once."""
    queue: list[Any] = [schema]
    seen: set[int] = set()
    while queue and len(seen) < _MAX_PARTS:
        part = resolved(queue.pop(0), defs)
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        for key in ("allOf", "anyOf", "oneOf"):
            inner = part.get(key)
            if isinstance(inner, list):
                queue.extend(inner)
