"""What single keywords of a schema may hold: types people write, numbers, patterns, lists of names, nullability."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jsonschema_rs

from products.importers.shapes import as_number
from products.lib.json_schemas import PATTERNS

_BESIDE_NULL = ("title", "description", "default", "examples")
TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}
# What people write instead of the seven types.
ODD_TYPES: dict[str, dict[str, Any]] = {
    "file": {"type": "string", "format": "binary"},
    "binary": {"type": "string", "format": "binary"},
    "int": {"type": "integer"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "long": {"type": "integer", "format": "int64"},
    "float": {"type": "number", "format": "float"},
    "double": {"type": "number", "format": "double"},
    "decimal": {"type": "number"},
    "bool": {"type": "boolean"},
    "str": {"type": "string"},
    "text": {"type": "string"},
    "uuid": {"type": "string", "format": "uuid"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "date-time": {"type": "string", "format": "date-time"},
    "list": {"type": "array"},
    "map": {"type": "object"},
    "dict": {"type": "object"},
    "any": {},
}


def number_in(text: str) -> float | None:
    """The finite number a text holds, else None."""
    try:
        return as_number(float(text)) if len(text) < 40 else None
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def compiles(pattern: str) -> bool:
    """Whether a regular expression can be used to check values."""
    if len(pattern) > 2000:
        return False
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, offline=True, pattern_options=PATTERNS)
    except ValueError:
        return False
    return True


def _required(result: dict[str, Any], value: Any) -> None:
    if isinstance(value, list):
        result["required"] = list(dict.fromkeys(name for name in value if isinstance(name, str)))


def _enum(result: dict[str, Any], value: Any) -> None:
    if isinstance(value, list) and value:
        result["enum"] = value


def _example(result: dict[str, Any], value: Any) -> None:
    result.setdefault("examples", [value])


def _examples(result: dict[str, Any], value: Any) -> None:
    if isinstance(value, list) and value:
        result["examples"] = value[:5]


def _xml(result: dict[str, Any], value: Any) -> None:
    if isinstance(value, dict):
        kept = {key: value[key] for key in ("name", "prefix", "namespace", "attribute", "wrapped") if key in value}
        result["xml"] = kept


def _dependent_required(result: dict[str, Any], value: Any) -> None:
    if isinstance(value, dict) and all(isinstance(names, list) for names in value.values()):
        texts = {key: [name for name in names if isinstance(name, str)] for key, names in value.items()}
        result["dependentRequired"] = {key: list(dict.fromkeys(names)) for key, names in texts.items()}


OTHERS: dict[str, Callable[[dict[str, Any], Any], None]] = {
    "required": _required,
    "enum": _enum,
    "example": _example,
    "examples": _examples,
    "xml": _xml,
    "dependentRequired": _dependent_required,
}


def drop_read_only(result: dict[str, Any]) -> None:
    """What only the API sets is never required of who calls it."""
    if "required" not in result:
        return
    properties = result.get("properties", {})
    result["required"] = [name for name in result["required"] if not properties.get(name, {}).get("readOnly")]
    if not result["required"]:
        del result["required"]


def nullable(result: dict[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
    """The translated schema, allowing null where OpenAPI 3.0 or Swagger says `nullable`."""
    if raw.get("nullable") is not True and raw.get("x-nullable") is not True:
        return result
    if "enum" in result and None not in result["enum"]:
        result["enum"] = [*result["enum"], None]
    kind = result.get("type")
    if kind is not None:
        kinds = kind if isinstance(kind, list) else [kind]
        result["type"] = kinds if "null" in kinds else [*kinds, "null"]
        return result
    if "enum" in result:
        return result
    words: dict[str, Any] = {key: result.pop(key) for key in _BESIDE_NULL if key in result}
    return {**words, "anyOf": [result, {"type": "null"}]}
