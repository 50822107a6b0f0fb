"""The order in which people write the parts of a feature: the database does not keep that of keys."""

from __future__ import annotations

from products.lib.jsontypes import Json, JsonObject

_WHOLE = ("tag", "name", "description", "input", "sequences", "output", "options", "defs")
_SEQUENCE = ("tag", "name", "parents", "mode", "events")
_EVENT = (
    "tag", "name", "type", "app", "event", "condition", "for_each", "concurrency", "input", "approval", "roles",
    "schema", "retries", "retry_delay", "backoff", "timeout", "allow_fail", "cache", "critical", "when_unknown",
    "after_parent", "rollback",
)  # fmt: skip
_FIELD = ("type", "required", "description", "default", "sample", "minimum", "maximum", "enum", "schema")


def as_written(document: JsonObject) -> JsonObject:
    """The same document with its keys in the order of the handbook; those it does not know come last."""
    found = _ordered(document, _WHOLE)
    if isinstance(found.get("input"), dict):
        found["input"] = {name: _inner(field, _FIELD) for name, field in found["input"].items()}
    if isinstance(found.get("sequences"), list):
        found["sequences"] = [_sequence(one) for one in found["sequences"]]
    return found


def _sequence(row: Json) -> Json:
    if not isinstance(row, dict):
        return row
    found = _ordered(row, _SEQUENCE)
    if isinstance(found.get("events"), list):
        found["events"] = [_event(one) for one in found["events"]]
    return found


def _event(row: Json) -> Json:
    found = _inner(row, _EVENT)
    if isinstance(found, dict) and "rollback" in found:
        found["rollback"] = _inner(found["rollback"], _EVENT)
    return found


def _inner(row: Json, order: tuple[str, ...]) -> Json:
    return _ordered(row, order) if isinstance(row, dict) else row


def _ordered(row: JsonObject, order: tuple[str, ...]) -> JsonObject:
    known = {key: row[key] for key in order if key in row}
    return {**known, **{key: value for key, value in row.items() if key not in known}}
