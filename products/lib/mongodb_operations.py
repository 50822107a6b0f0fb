"""Operations of MongoDB as JSON: checked whole before anything is sent, then filled with the values of a call.

    {"collection": "orders", "operation": "find", "filter": {"customer": {"$oid": "{{id:STRING}}"}},
     "sort": [["created", -1]], "limit": "{{limit:NUMBER:1:100}}"}

What is written in the operation may hold operators; what a call gives never becomes one. JavaScript on the server is
refused, and so is everything that reaches into another database. JSON objects have no order here (they are stored so
that it is lost): where MongoDB needs one, a list of pairs is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from products.lib.database_actions import READING, document_placeholder
from products.lib.errors import FieldProblem, Invalid
from products.lib.fields import Problems
from products.lib.jsontypes import Json, JsonObject, escape_pointer
from products.lib.placeholder_fields import MARK, PlaceholderProblem

READS: Final = frozenset({"find", "count", "aggregate"})
MAX_LIMIT: Final = 100_000
MAX_DOCUMENTS: Final = 10_000
MAX_STAGES: Final = 100
SCRIPTS: Final = frozenset({"$where", "$function", "$accumulator", "$code"})
WRITES: Final = frozenset({"$out", "$merge"})
# Stages that tell of the server, its users and other databases instead of the collection.
FOREIGN: Final = frozenset({
    "$currentOp", "$listSessions", "$listLocalSessions", "$listSampledQueries", "$listClusterCatalog",
    "$changeStream", "$querySettings", "$queryStats", "$shardedDataDistribution",
})  # fmt: skip
JOINS: Final = frozenset({"$lookup", "$graphLookup", "$unionWith"})
STATE: Final = "ductape_migrations"
_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "find": ("filter", "projection", "sort", "limit"),
    "count": ("filter", "limit"),
    "aggregate": ("pipeline", "limit"),
    "insert": ("documents",),
    "update": ("filter", "update", "many", "upsert"),
    "delete": ("filter", "many"),
}
_QUERIES: Final = frozenset({"$match", "query", "restrictSearchWithMatch"})  # inside of pipelines
_OPTIONAL: Final = frozenset({"projection", "limit"})  # a filter that is null must not become all documents
_NEEDED: Final = {"aggregate": "pipeline", "insert": "documents", "update": "update", "delete": "filter"}


@dataclass(frozen=True, slots=True)
class MongoOperation:
    """A checked operation. `parts` are the fields that its kind has, still with placeholders until it is filled."""

    collection: str
    kind: str
    parts: Mapping[str, Json] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        """Whether it can change nothing."""
        stages = self.parts.get("pipeline")
        writes = any(set(stage) & WRITES for stage in stages) if isinstance(stages, list) else False
        return self.kind in READS and not writes


def read_operation(document: Json, *, type: str = "", pointer: str = "") -> MongoOperation:
    """The operation. `type` is that of the database action it belongs to. Raises Invalid pointing at what is wrong."""
    problems = Problems()
    given = document if isinstance(document, dict) else {}
    kind = given.get("operation")
    if not isinstance(kind, str) or kind not in _PARTS:
        problems.add(f"{pointer}/operation", f"This must be one of: {', '.join(_PARTS)}.", "not_allowed")
        raise Invalid(errors=tuple(problems.found))
    _check_collection(given.get("collection"), f"{pointer}/collection", problems)
    for key in given:
        if key not in {"collection", "operation", *_PARTS[kind]}:
            detail = f"“{str(key)[:40]}” is no part of the operation {kind}."
            problems.add(f"{pointer}/{escape_pointer(key)}", detail, "unknown")
    parts = {name: given[name] for name in _PARTS[kind] if given.get(name) is not None}
    if _NEEDED.get(kind, "") not in {"", *parts}:
        problems.add(f"{pointer}/{_NEEDED[kind]}", f"The operation {kind} needs this.", "required")
    for name, value in parts.items():
        _SHAPES[name](value, f"{pointer}/{name}", problems)
        _walk(value, f"{pointer}/{name}", problems)
    operation = MongoOperation(str(given.get("collection")), kind, parts)
    if type in READING and not problems.found and not operation.reads:
        problems.add(f"{pointer}/operation", f"An action of the type {type} can change nothing.", "not_allowed")
    if problems.found:
        raise Invalid(errors=tuple(problems.found))
    return operation


def filled(operation: MongoOperation, values: Mapping[str, Json], types: Mapping[str, str]) -> MongoOperation:
    """With the checked values of a call in the places of the placeholders. Raises Invalid naming the field.

    A value of the type `date` becomes `{"$date": …}`; every other one is what it is, and never an operator.
    """
    parts = {name: _fill(value, values, types, _starts(name, value)) for name, value in operation.parts.items()}
    parts = {name: value for name, value in parts.items() if value is not None or name not in _OPTIONAL}
    problems = Problems()
    for name, value in parts.items():
        _SHAPES[name](value, f"/{name}", problems)
    if problems.found:
        raise Invalid(errors=tuple(problems.found))
    return MongoOperation(operation.collection, operation.kind, parts)


def _starts(part: str, value: Json) -> str:
    if part == "documents":
        return "data"
    return "expression" if part in {"pipeline", "projection"} or isinstance(value, list) else "query"


def _fill(value: Json, values: Mapping[str, Json], types: Mapping[str, str], place: str) -> Json:
    """`place` is what a text means where the value stands: `data`, `query`, or `expression`, where `$a` is a field."""
    if isinstance(value, dict):
        return {key: _fill(inner, values, types, _place(key, place)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_fill(inner, values, types, place) for inner in value]
    if not isinstance(value, str) or not MARK.search(value):
        return value
    key = document_placeholder(value).key
    given = values.get(key)
    _check_value(given, key, f"/{escape_pointer(key)}", is_data=place == "data")
    if types.get(key) == "date" and given is not None:
        return {"$date": given}
    return {"$literal": given} if place == "expression" and _names_fields(given) else given


def _place(key: str, place: str) -> str:
    if key == "$expr":
        return "expression"
    return "query" if place == "expression" and key in _QUERIES else place


def _names_fields(value: Json) -> bool:
    """Whether an expression would read a part of it as the name of a field or of a variable."""
    if isinstance(value, str):
        return value.startswith("$")
    if isinstance(value, (list, dict)):
        return any(_names_fields(item) for item in (value.values() if isinstance(value, dict) else value))
    return False


def _check_value(value: Json, key: str, pointer: str, *, is_data: bool) -> None:
    """What a call gives: no key of it is an operator, and outside of stored documents none is a path."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            _check_value(item, key, f"{pointer}/{number}", is_data=is_data)
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        at = f"{pointer}/{escape_pointer(name)}"
        if name.startswith("$") or "\x00" in name:
            raise Invalid(errors=(FieldProblem(at, "operator", "A value may have no keys that begin with “$”."),))
        if "." in name and not is_data:
            raise Invalid(errors=(FieldProblem(at, "path", "A value may have no keys with a point in them here."),))
        _check_value(inner, key, at, is_data=is_data)


def collection_problem(name: Json) -> str:
    """Why a collection cannot have this name, or be named so here; "" if it can."""
    if not isinstance(name, str) or not name:
        return "The name of a collection is needed."
    if MARK.search(name):
        return "A collection is named in the action itself, never by its input."
    if name == STATE:
        return "This collection says which migrations were run."
    if "$" in name or "\x00" in name or name.startswith("system.") or len(name.encode(errors="replace")) > 200:
        return "This is not the name of a collection that can be used."
    return ""


def check_deep(value: Json) -> None:
    """Refuses scripts, other databases and the server's own secrets in any part. Raises Invalid."""
    problems = Problems()
    _walk(value, "", problems)
    if problems.found:
        raise Invalid(errors=tuple(problems.found))


def _check_collection(name: Json, pointer: str, problems: Problems) -> None:
    problem = collection_problem(name)
    if problem:
        problems.add(pointer, problem, "collection")


def _walk(value: Json, pointer: str, problems: Problems) -> None:
    """Refuses scripts, other databases and the server's own secrets, however deep they are."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            _walk(item, f"{pointer}/{number}", problems)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        at = f"{pointer}/{escape_pointer(key)}"
        if key in SCRIPTS:
            problems.add(at, f"{key} runs JavaScript on the server, which is not possible here.", "script")
        elif key in FOREIGN:
            problems.add(at, f"{key} is about more than the collection.", "foreign")
        elif key in JOINS | WRITES:
            _check_target(key, inner, at, problems)
        _walk(inner, at, problems)


def _check_target(key: str, value: Json, pointer: str, problems: Problems) -> None:
    """Other collections are those of the same database, and written in the action."""
    names: list[Json] = [value] if isinstance(value, str) else []
    if isinstance(value, dict):
        names += [value[name] for name in ("from", "into", "coll") if name in value]
        if "db" in value:
            names.append(None)
    for name in names:
        if not isinstance(name, str):
            problems.add(pointer, f"{key} cannot reach into another database.", "foreign")
        else:
            _check_collection(name, pointer, problems)


def _object(value: Json, pointer: str, problems: Problems) -> None:
    if not isinstance(value, dict) and not _is_mark(value):
        problems.add(pointer, "This must be an object.", "type")


def _flag(value: Json, pointer: str, problems: Problems) -> None:
    if not isinstance(value, bool):
        problems.add(pointer, "This must be true or false.", "type")


def _limit(value: Json, pointer: str, problems: Problems) -> None:
    if _is_mark(value):
        return
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_LIMIT:
        problems.add(pointer, f"This must be a whole number from 1 to {MAX_LIMIT:,}.", "out_of_range")


def _documents(value: Json, pointer: str, problems: Problems) -> None:
    if _is_mark(value):
        return
    listed = value if isinstance(value, list) else [value]
    if not 1 <= len(listed) <= MAX_DOCUMENTS:
        problems.add(pointer, f"From 1 to {MAX_DOCUMENTS:,} documents.", "count")
    for number, document in enumerate(listed):
        _object(document, f"{pointer}/{number}" if isinstance(value, list) else pointer, problems)


def _update(value: Json, pointer: str, problems: Problems) -> None:
    if isinstance(value, list):
        _pipeline(value, pointer, problems)
    elif not isinstance(value, dict) or not value or not all(key.startswith("$") for key in value):
        detail = "An update is an object of operators such as $set, $inc and $unset, or a list of stages."
        problems.add(pointer, detail, "type")


def _pipeline(value: Json, pointer: str, problems: Problems) -> None:
    if not isinstance(value, list) or len(value) > MAX_STAGES:
        problems.add(pointer, f"This must be a list of at most {MAX_STAGES} stages.", "type")
        return
    for number, stage in enumerate(value):
        at = f"{pointer}/{number}"
        if not isinstance(stage, dict) or len(stage) != 1 or not next(iter(stage)).startswith("$"):
            problems.add(at, "A stage is an object with one operator.", "type")
        elif "$sort" in stage:
            _sort(stage["$sort"], f"{at}/$sort", problems)


def _sort(value: Json, pointer: str, problems: Problems) -> None:
    if isinstance(value, dict) and len(value) == 1:
        return
    if isinstance(value, dict):
        problems.add(pointer, 'Several are written as a list of pairs, [["a", 1], ["b", -1]], to keep their order.')
    elif not isinstance(value, list) or not value or not all(_is_pair(pair) for pair in value):
        problems.add(pointer, 'This must be an object with one field, or pairs: [["a", 1], ["b", -1]].', "type")


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and not _is_mark(pair[0])


def _is_mark(value: Json) -> bool:
    if not isinstance(value, str):
        return False
    try:
        document_placeholder(value)
    except PlaceholderProblem:
        return False
    return True


_SHAPES: Final[dict[str, Callable[[Json, str, Problems], None]]] = {
    "filter": _object, "projection": _object, "sort": _sort, "limit": _limit, "documents": _documents,
    "update": _update, "pipeline": _pipeline, "many": _flag, "upsert": _flag,
}  # fmt: skip


def ordered(value: Json) -> JsonObject:
    """A sort or an index as MongoDB takes it: an object whose order is that of the pairs."""
    return dict(value) if isinstance(value, list) else value
