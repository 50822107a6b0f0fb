"""From a JSON Schema to what a form asks for: the domain's field type, limits, default and sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from products.importers.shapes import as_dict, as_list, as_number

Resolve = Callable[[dict[str, Any]], dict[str, Any]]

_FORMATS = {"uuid": "uuid", "date": "date", "date-time": "date_string", "email": "email_string"}
_PATTERNS = {
    **dict.fromkeys((r"^\d+$", r"^[0-9]+$", r"^[0-9]*$", r"^\d*$"), "numberstring"),
    **dict.fromkeys((r"^\S+$", r"^\S*$", r"^[^\s]+$"), "nospaces_string"),
}
_LISTS = {
    "string": "array-string",
    "number": "array-number",
    "float": "array-float",
    "double": "array-double",
    "uuid": "array-uuid",
    "boolean": "array-boolean",
    **dict.fromkeys(("email_string", "date_string", "date", "numberstring", "nospaces_string"), "array-string"),
}
_BOUNDS = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
}
_MAX_STEPS = 8


@dataclass(frozen=True, slots=True)
class Field:
    """What a schema says about one field. `sample` and `default` are None where it says nothing."""

    type: str = "string"
    minimum: float | None = None
    maximum: float | None = None
    default: Any = None
    sample: Any = None


def field_of(schema: dict[str, Any], resolve: Resolve) -> Field:
    """The field of a translated schema; `resolve` gives the definition behind a reference."""
    found = _settled(schema, resolve, _MAX_STEPS)
    low, high = _BOUNDS.get(json_type(found), ("", ""))
    choices = as_list(found.get("enum"))
    samples = as_list(found.get("examples"))
    sample = samples[0] if samples else found.get("const", choices[0] if choices else None)
    return Field(
        type=_type(found, resolve, _MAX_STEPS),
        minimum=as_number(found.get(low)),
        maximum=as_number(found.get(high)),
        default=found.get("default"),
        sample=sample,
    )


def json_type(schema: dict[str, Any]) -> str:
    """The JSON type a translated schema asks for, guessed from its other words where it does not say; "" unknown."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return _type_of_values(as_list(schema.get("enum")) or [schema[key] for key in ("const",) if key in schema])


def _type(schema: dict[str, Any], resolve: Resolve, steps: int) -> str:
    kind = json_type(schema)
    form = schema.get("format")
    if kind == "array":
        items = as_dict(schema.get("items"))
        inner = _type(_settled(items, resolve, steps - 1), resolve, steps - 1) if items and steps > 0 else ""
        return _LISTS.get(inner, "array")
    if kind == "number":
        return "double" if form == "double" else "float"
    if kind in {"", "string"}:
        return _FORMATS.get(str(form), _PATTERNS.get(str(schema.get("pattern")), "string"))
    return {"integer": "number", "boolean": "boolean", "object": "object"}.get(kind, "string")


def _settled(schema: dict[str, Any], resolve: Resolve, steps: int) -> dict[str, Any]:
    """The schema with what its references and combinations agree on."""
    schema = resolve(schema)
    if steps <= 0:
        return schema
    parts = [_settled(as_dict(part), resolve, steps - 3) for part in as_list(schema.get("allOf"))[:5]]
    for key in ("anyOf", "oneOf"):
        branches = [_settled(as_dict(part), resolve, steps - 3) for part in as_list(schema.get(key))[:5]]
        useful = [branch for branch in branches if branch.get("type") != "null"]
        if useful and len({_type(branch, resolve, 2) for branch in useful}) == 1:
            parts.append(useful[0])
    if not parts:
        return schema
    merged: dict[str, Any] = {}
    for part in parts:
        merged.update(part)
    return {**merged, **schema}


def _type_of_values(values: list[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) != 1:
        return ""
    return {bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}.get(kinds.pop(), "string")
