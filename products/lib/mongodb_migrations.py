"""Statements of migrations of MongoDB: operations on documents, and those that make and drop collections and indexes.

    {"operation": "createCollection", "collection": "orders", "options": {"validator": {…}}}
    {"operation": "createIndex", "collection": "orders", "keys": [["customer", 1], ["created", -1]],
     "options": {"unique": true}}
    {"operation": "dropIndex", "collection": "orders", "name": "customer_1"}
    {"operation": "renameCollection", "collection": "orders", "to": "old-orders"}
    {"operation": "dropCollection", "collection": "orders"}

Each is an object or its JSON as text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from products.lib.errors import FieldProblem, Invalid
from products.lib.jsontypes import Json, JsonError, JsonObject, parse_json
from products.lib.mongodb_operations import MongoOperation, check_deep, collection_problem, read_operation
from products.lib.placeholder_fields import MARK

MAX_BYTES: Final = 1_000_000
# What may be said about a new collection or index: the options of MongoDB's commands `create` and `createIndexes`.
_COLLECTION: Final = frozenset({
    "validator", "validationLevel", "validationAction", "capped", "size", "max", "timeseries", "expireAfterSeconds",
    "collation", "clusteredIndex", "viewOn", "pipeline",
})  # fmt: skip
_INDEX: Final = frozenset({
    "name", "unique", "sparse", "expireAfterSeconds", "partialFilterExpression", "collation", "hidden", "weights",
    "default_language", "wildcardProjection",
})  # fmt: skip
_PARTS: Final[dict[str, frozenset[str]]] = {
    "createCollection": frozenset({"options"}),
    "dropCollection": frozenset(),
    "renameCollection": frozenset({"to"}),
    "createIndex": frozenset({"keys", "options"}),
    "dropIndex": frozenset({"name"}),
}


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One change of what is there, besides documents."""

    kind: str
    collection: str
    keys: tuple[tuple[str, Json], ...] = ()
    name: str = ""
    to: str = ""
    options: JsonObject = field(default_factory=dict)


def read_statement(given: Json) -> MongoOperation | SchemaChange:
    """One statement. Raises Invalid. It has no placeholders: a migration has no input."""
    document = _parsed(given)
    if MARK.search(str(document)):
        raise Invalid("A migration has no input, so it has no placeholders.")
    kind = document.get("operation")
    if kind not in _PARTS:
        return read_operation(document)
    unknown = set(document) - _PARTS[kind] - {"operation", "collection"}
    if unknown:
        raise Invalid.field(min(unknown), f"This is no part of {kind}.", code="unknown")
    collection = _collection(document, "collection")
    change = SchemaChange(
        kind,
        collection,
        keys=_keys(document) if kind == "createIndex" else (),
        name=_name(document) if kind == "dropIndex" else "",
        to=_collection(document, "to") if kind == "renameCollection" else "",
        options=_options(document, kind),
    )
    check_deep(change.options)
    return change


def _parsed(given: Json) -> JsonObject:
    if isinstance(given, str):
        try:
            given = parse_json(given, max_bytes=MAX_BYTES)
        except JsonError as error:
            raise Invalid(f"A statement for MongoDB is an operation as JSON: {error.message}") from None
    if not isinstance(given, dict):
        raise Invalid("A statement for MongoDB is an object.")
    return given


def _collection(document: JsonObject, key: str) -> str:
    problem = collection_problem(document.get(key))
    if problem:
        raise Invalid.field(key, problem)
    return str(document[key])


def _keys(document: JsonObject) -> tuple[tuple[str, Json], ...]:
    given = document.get("keys")
    pairs: Json = [list(pair) for pair in given.items()] if isinstance(given, dict) and len(given) == 1 else given
    fits = isinstance(pairs, list) and 0 < len(pairs) <= 32 and all(_is_pair(pair) for pair in pairs)
    if not fits:
        detail = 'The fields of an index are pairs, to keep their order: [["a", 1], ["b", -1]].'
        raise Invalid(errors=(FieldProblem("/keys", "type", detail),))
    return tuple((str(name), direction) for name, direction in pairs)


def _is_pair(pair: Json) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and _is_direction(pair[1])


def _is_direction(value: Json) -> bool:
    if isinstance(value, str):
        return value in {"text", "2d", "2dsphere", "hashed"}
    return isinstance(value, int) and not isinstance(value, bool) and value in {1, -1}


def _name(document: JsonObject) -> str:
    name = document.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= 127 or name == "*":
        raise Invalid.field("name", "The name of one index is needed.")
    return name


def _options(document: JsonObject, kind: str) -> JsonObject:
    options = document.get("options") or {}
    known = _COLLECTION if kind == "createCollection" else _INDEX
    if not isinstance(options, dict):
        raise Invalid.field("options", "This must be an object.", code="type")
    unknown = set(options) - known
    if unknown:
        raise Invalid.field(f"options/{min(unknown)}", f"There is no such option of {kind} here.", code="unknown")
    if "viewOn" in options:
        problem = collection_problem(options["viewOn"])
        if problem:
            raise Invalid.field("options/viewOn", problem)
    return options
