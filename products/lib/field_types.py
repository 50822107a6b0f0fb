"""The field types of the domain: their aliases, their JSON Schema, and how text from a form becomes a value."""

from __future__ import annotations

import math
import re
from typing import Any

from products.lib.actions import Parameter
from products.lib.jsontypes import Json, JsonObject

_DIGITS = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TEXT: JsonObject = {"type": "string"}
_INTEGER: JsonObject = {"type": "integer"}
_FLOAT: JsonObject = {"type": "number"}
_UUID: JsonObject = {"type": "string", "format": "uuid"}

FIELD_TYPES: dict[str, JsonObject] = {
    "string": _TEXT,
    "nospaces_string": {"type": "string", "pattern": r"^\S*$"},
    "email_string": {"type": "string", "format": "email"},
    "numberstring": {"type": "string", "pattern": r"^[+-]?[0-9]+(\.[0-9]+)?$"},
    "date_string": {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]},
    "number": _INTEGER,
    "float": _FLOAT,
    "double": _FLOAT,
    "uuid": _UUID,
    "date": {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]},
    "array": {"type": "array"},
    "object": {"type": "object"},
    "boolean": {"type": "boolean"},
    "array-string": {"type": "array", "items": _TEXT},
    "array-number": {"type": "array", "items": _INTEGER},
    "array-float": {"type": "array", "items": _FLOAT},
    "array-double": {"type": "array", "items": _FLOAT},
    "array-uuid": {"type": "array", "items": _UUID},
    "array-boolean": {"type": "array", "items": {"type": "boolean"}},
}
_ALIASES = {
    "integer": "number", "int": "number", "text": "string", "str": "string", "bool": "boolean", "email": "email_string",
    "number_string": "numberstring", "number-string": "numberstring", "no_spaces_string": "nospaces_string",
    "datestring": "date_string", "list": "array", "json": "object", "array-integer": "array-number",
}  # fmt: skip


class UnknownFieldType(ValueError):
    """No field type has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Unknown type “{name[:40]}”: use one of {', '.join(FIELD_TYPES)}.")


def field_type(name: str) -> str:
    """The type's own name for any accepted spelling (`STRING`, `EMAIL_STRING`, `INTEGER`, `ARRAY_STRING`, …).

    Raises UnknownFieldType.
    """
    low = name.strip().lower()
    for spelling in (low, _ALIASES.get(low, ""), low.replace("_", "-"), _ALIASES.get(low.replace("_", "-"), "")):
        if spelling in FIELD_TYPES:
            return spelling
    raise UnknownFieldType(name)


def field_schema(param: Parameter) -> JsonObject:
    """The JSON Schema of a parameter: that of its document, or of its type, with its limits."""
    schema = dict(param.schema) if param.schema else dict(FIELD_TYPES[field_type(param.type)])
    low, high = _limit_keys(schema.get("type"))
    if low and param.minimum is not None:
        schema.setdefault(low, _limit(low, param.minimum))
    if high and param.maximum is not None:
        schema.setdefault(high, _limit(high, param.maximum))
    return schema


def takes_null(param: Parameter) -> bool:
    """Whether null is a value of it like any other, so that whoever gives none has to be told from who gives null."""
    kinds = param.schema.get("type")
    return param.required and isinstance(kinds, list) and "null" in kinds


def from_text(value: Json) -> Json:
    """What a text (or a list of texts) may stand for on the wire: a number or a boolean; anything else unchanged.

    Path, query, header and cookie values are text there, so `"10"` is as good as 10.
    """
    if isinstance(value, list):
        return [from_text(item) for item in value]
    if not isinstance(value, str):
        return value
    if value in {"true", "false"}:
        return value == "true"
    return _number(value)


def _number(text: str) -> Json:
    if len(text) > 300 or not _NUMBER.fullmatch(text):
        return text
    number = float(text)
    if not math.isfinite(number):
        return text
    return int(text) if _DIGITS.fullmatch(text) else number


def _limit_keys(kind: Any) -> tuple[str, str]:
    kinds = kind if isinstance(kind, list) else [kind]
    if "string" in kinds:
        return "minLength", "maxLength"
    if "array" in kinds:
        return "minItems", "maxItems"
    return ("minimum", "maximum") if "number" in kinds or "integer" in kinds else ("", "")


def _limit(key: str, value: float) -> float:
    return max(0, int(value)) if key.endswith(("Length", "Items")) else value
