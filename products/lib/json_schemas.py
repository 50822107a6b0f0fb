"""JSON Schema checks: compiled once, never fetching anything, with errors in words that never quote the value."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Any

import jsonschema_rs

from products.lib.identity_cache import IdentityCache
from products.lib.jsontypes import Json, JsonError, JsonObject, content_hash, escape_pointer
from products.lib.schema_cost import SchemaCost

MAX_ERRORS = 20
MAX_VISITS = 2_000_000  # of a validator, a fifth of a microsecond each: beyond, a schema checks nothing
MAX_EXPLAINED = 10_000  # visits, when it also collects what is wrong at each: sixty microseconds
# Patterns are strangers' regular expressions: matched in linear time, and where one looks around or back, which takes
# backtracking, in at most so many steps (a few milliseconds); a text that needs more does not match.
PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=10_000)
_CACHE_SIZE = 1_000
_NO_DEFS: JsonObject = {}
_LOCK = Lock()
_BY_CONTENT: OrderedDict[str, jsonschema_rs.Validator | None] = OrderedDict()
_WORDS = {
    "string": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false",
    "object": "an object", "array": "a list", "null": "null",
}  # fmt: skip
_FORMATS = {
    "email": "an email address", "uuid": "a UUID", "date": "a date such as 2026-01-31",
    "date-time": "a date and time such as 2026-01-31T12:00:00Z", "time": "a time", "uri": "a URL",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldError:
    """One problem with one field: an RFC 6901 pointer into the input, a stable code, a sentence for people."""

    pointer: str
    code: str
    detail: str


def schema_errors(schema: JsonObject, value: Json, *, pointer: str, defs: JsonObject | None = None) -> list[FieldError]:
    """What is wrong with `value`, at most MAX_ERRORS problems. `defs` is what `#/$defs/Name` refers to.

    A schema that cannot be compiled (documents are full of them) checks nothing, nor does one whose choices multiply
    so that checking this value would take too long.
    """
    if not schema:
        return []
    definitions = _NO_DEFS if defs is None else defs
    validator = _VALIDATORS.get(schema, definitions)
    if validator is None:
        return []
    visits = _COSTS.get(schema, definitions).visits(value)
    if visits > MAX_EXPLAINED:
        return [] if visits > MAX_VISITS or validator.is_valid(value) else [_unexplained(pointer)]
    try:
        return [_said(error, pointer) for error in islice(validator.iter_errors(value), MAX_ERRORS)]
    except ValueError:
        return [FieldError(pointer, "too_deep", "This is nested too deeply.")]


def _unexplained(pointer: str) -> FieldError:
    return FieldError(pointer, "no_match", _FITS_NONE)


def type_name(value: Json) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (int, float)):
        return "a number"
    return "an object" if isinstance(value, dict) else "a list"


def resolved(schema: Json, defs: JsonObject) -> JsonObject:
    """The schema that a `#/$defs/Name` reference finally points at; {} when it leads nowhere."""
    for _ in range(20):
        if not isinstance(schema, dict):
            return {}
        ref = schema.get("$ref")
        if not isinstance(ref, str):
            return schema
        schema = defs.get(ref.removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~"))
    return {}


def _validator(schema: JsonObject, defs: JsonObject) -> jsonschema_rs.Validator | None:
    """None for a schema that cannot be compiled, which therefore checks nothing."""
    whole = {**schema, "$defs": {**defs, **schema.get("$defs", {})}} if defs else schema
    try:
        key = content_hash(whole)
    except JsonError:
        return None
    with _LOCK:
        if key in _BY_CONTENT:
            return _BY_CONTENT[key]
    validator = _compile(whole)
    with _LOCK:
        _BY_CONTENT[key] = validator
        while len(_BY_CONTENT) > _CACHE_SIZE:
            _BY_CONTENT.popitem(last=False)
    return validator


def _compile(schema: JsonObject) -> jsonschema_rs.Validator | None:
    for candidate in _candidates(schema):
        try:
            return jsonschema_rs.Draft202012Validator(
                candidate, offline=True, validate_formats=True, mask="this value", pattern_options=PATTERNS
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
            continue
    return None


def _candidates(schema: JsonObject) -> Iterator[JsonObject]:
    yield schema
    yield _without_patterns(schema)


def _without_patterns(schema: JsonObject) -> JsonObject:
    """The schema without regular expressions, which other languages write in ways that do not compile here."""
    root: JsonObject = dict(schema)
    queue: list[Any] = [root]
    while queue:
        box = queue.pop()
        if isinstance(box, dict) and isinstance(box.get("pattern"), str):
            del box["pattern"]
        for place in list(box) if isinstance(box, dict) else range(len(box)):
            inner = box[place]
            if isinstance(inner, (dict, list)):
                box[place] = inner.copy()
                queue.append(box[place])
    return root


def _said(error: jsonschema_rs.ValidationError, pointer: str) -> FieldError:
    at = pointer + "".join(f"/{escape_pointer(step)}" for step in error.instance_path)
    kind = error.kind.name
    if kind == "required":
        missing = escape_pointer(str(error.kind.as_dict().get("property", "")))
        return FieldError(f"{at}/{missing}", "required", "This field is required.")
    if kind == "additionalProperties":
        names = ", ".join(f"“{name[:60]}”" for name in error.kind.as_dict().get("unexpected", [])[:5])
        return FieldError(at, "unknown_field", f"Unknown field: {names}.")
    return FieldError(at, _CODES.get(kind, "invalid"), _sentence(kind, error))


_FITS_NONE = "This fits none, or more than one, of the allowed forms."
_CODES = {
    "type": "type", "minLength": "too_short", "maxLength": "too_long", "minimum": "too_small", "maximum": "too_large",
    "exclusiveMinimum": "too_small", "exclusiveMaximum": "too_large", "minItems": "too_short", "maxItems": "too_long",
    "pattern": "pattern", "enum": "not_allowed", "const": "not_allowed", "format": "format", "anyOf": "no_match",
    "oneOf": "no_match",
}  # fmt: skip


def _sentence(kind: str, error: jsonschema_rs.ValidationError) -> str:
    facts: dict[str, Any] = error.kind.as_dict() if kind in _SENTENCES or kind in {"type", "enum", "format"} else {}
    if kind == "type":
        wanted = " or ".join(_WORDS.get(name, name) for name in facts.get("types", []))
        return f"This must be {wanted}, not {type_name(error.instance)}."
    if kind == "enum":
        options = facts.get("options", [])
        shown = ", ".join(str(option)[:60] for option in options[:10])
        return f"This must be one of: {shown}{', …' if len(options) > 10 else ''}."
    if kind == "format":
        return f"This must be {_FORMATS.get(facts['format'], 'in the format ' + str(facts['format'])[:60])}."
    if kind in _SENTENCES:
        limit = facts["limit"]
        whole = isinstance(limit, float) and limit.is_integer()
        return str(_SENTENCES[kind] % (int(limit) if whole else limit))
    if kind == "pattern":
        return "This does not have the required form."
    if kind in {"anyOf", "oneOf"}:
        return _FITS_NONE
    message = str(error.message)
    return message[:1].upper() + message[1:200] + "."


_SENTENCES = {
    "minLength": "This must have at least %s characters.",
    "maxLength": "This may have at most %s characters.",
    "minItems": "This must have at least %s items.",
    "maxItems": "This may have at most %s items.",
    "minimum": "This must be at least %s.",
    "maximum": "This may be at most %s.",
    "exclusiveMinimum": "This must be more than %s.",
    "exclusiveMaximum": "This must be less than %s.",
}

_VALIDATORS = IdentityCache(_validator)
_COSTS = IdentityCache(SchemaCost)
