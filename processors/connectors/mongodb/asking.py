"""One call of a MongoDB database, read and checked whole before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from processors.connectors.errors import InputRejected, Misconfigured
from processors.connectors.mongodb.failures import rejected
from processors.connectors.mongodb.running import Bounds
from processors.connectors.resources import ResourceCall
from products.lib.database_actions import DatabaseAction, read_action
from products.lib.errors import Invalid
from products.lib.jsontypes import Json, JsonError, JsonObject, parse_json
from products.lib.mongodb_operations import STATE, MongoOperation, collection_problem, filled, read_operation
from products.lib.placeholder_fields import MARK
from products.lib.sql_statements import bound_values

MAX_QUERY_BYTES: Final = 1_000_000
MAX_ROWS: Final = 10_000
MAX_OFFSET: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, read. `action` and `operation` are those of a database action or of a query, filled."""

    call: ResourceCall
    limit_s: float
    max_bytes: int
    operation: MongoOperation | None = None
    rows: int = MAX_ROWS

    @property
    def mongo(self) -> MongoOperation:
        """What is run, of the calls that run something."""
        if self.operation is None:
            raise Misconfigured("This operation has nothing to run.")
        return self.operation

    @property
    def read_only(self) -> bool:
        """Whether nothing may be changed here."""
        return self.call.place.read_only or bool(self.call.place.settings.get("read_only"))

    @property
    def changes(self) -> bool:
        """Whether it may have changed something when no answer comes."""
        if self.operation is not None:
            return not self.operation.reads and self.call.operation != "explain"
        return self.call.operation == "migrate"

    @property
    def bounds(self) -> Bounds:
        """For what it gives."""
        return Bounds(self.rows, self.max_bytes, self.limit_s)


def asked_of(call: ResourceCall, deadline_s: float, max_bytes: int) -> Asked:
    """Raises InputRejected naming the field, Misconfigured."""
    limit_s = min(float(call.place.settings.get("statement_s") or 30), deadline_s)
    try:
        asked = _read(call, limit_s, max_bytes)
    except Invalid as error:
        raise rejected(error) from None
    if call.operation == "migrate":
        asked = Asked(call, deadline_s, max_bytes)
    if asked.changes and asked.read_only:
        raise Misconfigured("Nothing may be changed: the environment only reads.")
    return asked


def _read(call: ResourceCall, limit_s: float, max_bytes: int) -> Asked:
    if call.operation in {"run", "explain"}:
        action = read_action(call.definition)
        limit_s = min(limit_s, action.timeout_s or limit_s)
        plain = call.operation == "explain" and not call.input
        operation = _action_operation(action, call.input, plain=plain)
        return Asked(call, limit_s, max_bytes, operation, action.max_rows)
    if call.operation == "query":
        rows = _number(call.input, "limit", 200, most=MAX_ROWS)
        operation = read_operation(_query_document(call.input.get("text")))
        if call.input.get("read_only", True) is not False and not operation.reads:
            raise Misconfigured("This query may change nothing, and its operation does.", details={"field": "text"})
        return Asked(call, limit_s, max_bytes, filled(operation, {}, {}), rows)
    if call.operation == "rows":
        rows = _number(call.input, "limit", 50, most=MAX_ROWS)
        return Asked(call, limit_s, max_bytes, _page(call.input, rows), rows)
    return Asked(call, limit_s, max_bytes)


def _action_operation(action: DatabaseAction, given: JsonObject, *, plain: bool) -> MongoOperation:
    """`plain`: without any input, every value counts as null."""
    if action.mongodb is None:
        raise Misconfigured("This database action says nothing about MongoDB.", details={"field": "mongodb"})
    operation = read_operation(action.mongodb, type=action.type, pointer="/mongodb")
    types = {key: each.type for key, each in action.placeholders.items()}
    return filled(operation, dict.fromkeys(types) if plain else bound_values(action, given), types)


def _query_document(text: Json) -> JsonObject:
    if isinstance(text, str) and MARK.search(text):
        raise InputRejected("A query has no placeholders.", details={"field": "text"})
    try:
        document = parse_json(text if isinstance(text, str) else "", max_bytes=MAX_QUERY_BYTES)
    except JsonError as error:
        raise InputRejected(error.message, details={"field": "text"}) from None
    if not isinstance(document, dict):
        raise InputRejected("A query is an operation as a JSON object.", details={"field": "text"})
    return document


def _page(given: JsonObject, rows: int) -> MongoOperation:
    offset, order = _number(given, "offset", 0, least=0, most=MAX_OFFSET), given.get("order") or "_id"
    if not isinstance(order, str) or order.startswith("$") or "\x00" in order or order == "-":
        raise InputRejected("This is not the name of a field.", details={"field": "order"})
    # By the key as well: otherwise documents that are alike in the field might be on two pages, or on none.
    by: JsonObject = {order.lstrip("-"): -1 if order.startswith("-") else 1}
    stages: list[Json] = [{"$sort": by if "_id" in by else {**by, "_id": 1}}]
    if offset:
        stages.append({"$skip": offset})
    return MongoOperation(table_of(given), "aggregate", {"pipeline": stages, "limit": rows + 1})


def table_of(given: JsonObject) -> str:
    name = given.get("table")
    problem = collection_problem(name)
    if problem and name != STATE:
        raise InputRejected(problem, details={"field": "table"})
    return str(name)


def _number(given: JsonObject, name: str, default: int, *, least: int = 1, most: int) -> int:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputRejected(f"This must be a whole number from {least} to {most:,}.", details={"field": name})
    return value
