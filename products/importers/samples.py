"""Samples from schemas and schemas from samples: what a request or an answer may look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from products.importers.fields import Resolve, json_type
from products.importers.shapes import as_dict, as_list, as_number

_DEPTH = 6
_NODES = 200
_PROPERTIES = 40
_INFERRED_DEPTH = 5
_STRINGS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "email": "person@example.com",
    "uri": "https://example.com",
    "url": "https://example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "c2FtcGxl",
    "binary": "",
    "password": "",
}
NOTHING: Any = object()
Direction = Literal["request", "answer"]


def sample_of(schema: dict[str, Any], resolve: Resolve, *, direction: Direction = "request") -> Any:
    """A small value that the translated schema allows, as far as it is easy to see; NOTHING where it says nothing."""
    return _Maker(resolve, "readOnly" if direction == "request" else "writeOnly").value(schema, _DEPTH)


@dataclass(slots=True)
class _Maker:
    resolve: Resolve
    hidden: str  # the flag of properties that this direction does not carry
    left: int = _NODES

    def value(self, schema: dict[str, Any], depth: int) -> Any:
        self.left -= 1
        schema = self.resolve(schema)
        told = _told(schema)
        if told is not NOTHING or depth <= 0 or self.left <= 0:
            return told
        if "allOf" in schema:
            return self.all_of(schema, depth)
        for key in ("oneOf", "anyOf"):
            for branch in as_list(schema.get(key))[:3]:
                value = self.value(as_dict(branch), depth - 1)
                if value is not NOTHING and value is not None:
                    return self.with_own(schema, value, depth)
        return self.typed(schema, depth)

    def all_of(self, schema: dict[str, Any], depth: int) -> Any:
        parts = [self.value(as_dict(part), depth - 1) for part in as_list(schema["allOf"])]
        known = [part for part in parts if part is not NOTHING]
        if not all(isinstance(part, dict) for part in known):
            return known[0]
        merged = {key: value for part in known for key, value in part.items()}
        return self.with_own(schema, merged, depth) if known or "properties" in schema else NOTHING

    def with_own(self, schema: dict[str, Any], value: Any, depth: int) -> Any:
        if isinstance(value, dict) and "properties" in schema:
            return {**value, **self.object(schema, depth)}
        return value

    def typed(self, schema: dict[str, Any], depth: int) -> Any:
        kind = json_type(schema)
        if kind == "object":
            return self.object(schema, depth)
        if kind == "array":
            item = self.value(as_dict(schema.get("items")), depth - 1)
            return [] if item is NOTHING else [item]
        return _scalar(kind, schema)

    def object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, raw in list(as_dict(schema.get("properties")).items())[:_PROPERTIES]:
            inner = self.resolve(as_dict(raw))
            if inner.get(self.hidden) is True or self.left <= 0:
                continue
            value = self.value(inner, depth - 1)
            if value is not NOTHING:
                result[name] = value
        return result


def schema_of(value: Any, depth: int = _INFERRED_DEPTH) -> dict[str, Any]:
    """The loose schema of a sample: types and property names, nothing required."""
    if isinstance(value, dict):
        inner = {key: schema_of(each, depth - 1) for key, each in value.items()} if depth > 0 else {}
        return {"type": "object", "properties": inner} if inner else {"type": "object"}
    if isinstance(value, list):
        return {"type": "array", "items": schema_of(value[0], depth - 1)} if value and depth > 0 else {"type": "array"}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return {"type": "integer"}
    if isinstance(value, float):
        return {"type": "number"}
    return {} if value is None or "{{" in value else {"type": "string"}


def _told(schema: dict[str, Any]) -> Any:
    """What the schema itself offers as a value."""
    samples = as_list(schema.get("examples"))
    if samples:
        return samples[0]
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    choices = as_list(schema.get("enum"))
    return choices[0] if choices else NOTHING


def _scalar(kind: str, schema: dict[str, Any]) -> Any:
    if kind == "string":
        return _STRINGS.get(str(schema.get("format")), "string")
    if kind in {"integer", "number"}:
        low = as_number(schema.get("minimum"))
        return (int(low) if low is not None and low.is_integer() else low) if low is not None and low > 0 else 0
    return {"boolean": True, "null": None}.get(kind, NOTHING)
