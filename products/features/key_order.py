"""The order of declared fields as somebody wrote it, kept beside a document whose store does not keep it.

PostgreSQL's jsonb sorts the keys of objects; forms, snippets and the editor show fields as they were declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from products.lib.jsontypes import Json, JsonObject

KEPT = "~order"  # no part of a feature is called that


def orders(document: JsonObject) -> dict[str, list[str]]:
    """The names under each place that declares more than one field, as they stand."""
    return {place: list(fields) for place, fields in _declared(document) if len(fields) > 1}


def with_order(document: Json) -> Json:
    """The document as it is stored."""
    kept = orders(document) if isinstance(document, dict) else {}
    return {**document, KEPT: kept} if isinstance(document, dict) and kept else document


def in_order(stored: Json) -> Json:
    """The document as it was written; names that the kept order does not have come last."""
    if not isinstance(stored, dict) or not isinstance(stored.get(KEPT), Mapping):
        return stored
    kept: Mapping[str, list[str]] = stored[KEPT]
    document = {key: value for key, value in stored.items() if key != KEPT}
    for place, fields in _declared(document):
        names = dict.fromkeys((*(name for name in kept.get(place, ()) if name in fields), *fields))
        sorted_fields = {name: fields[name] for name in names}
        fields.clear()
        fields.update(sorted_fields)
    return document


def _declared(document: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """The input of a feature, and what its signals carry."""
    if isinstance(given := document.get("input"), dict):
        yield "/input", given
    for at, sequence in _objects(document.get("sequences")):
        for place, event in _objects(sequence.get("events")):
            if event.get("type") == "wait_signal" and isinstance(fields := event.get("schema"), dict):
                yield f"/sequences/{at}/events/{place}/schema", fields


def _objects(value: Json) -> Iterator[tuple[int, JsonObject]]:
    rows = value if isinstance(value, list) else []
    return ((at, row) for at, row in enumerate(rows) if isinstance(row, dict))
