"""How much work a schema can make of a value: choices inside choices multiply, and a few bytes can ask for years.

What is counted are the visits of a validator: how many times one place of the value may be checked, at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock
from typing import Any

from products.lib.jsontypes import Json, JsonObject

UNBOUNDED = 1_000_000_000
_PREFIX = "#/$defs/"
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLES = ("not", "if", "then", "else", "$ref")
_INSIDE = ("items", "additionalProperties", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties")
_MAX_DEPTH = 100


class SchemaCost:
    """The cost of one schema with its definitions, worked out as deep as values turn out to be."""

    def __init__(self, schema: JsonObject, defs: JsonObject) -> None:
        self._schema = schema
        self._defs = defs
        self._known: dict[tuple[int, int], int] = {}  # -1: being worked out
        self._lock = Lock()
        self.multiplies = _multiplies(schema, defs)

    def visits(self, value: Json) -> int:
        """An upper bound of the visits for this value; exact enough to tell thousands from billions."""
        if not self.multiplies:
            return 0
        with self._lock:
            return min(UNBOUNDED, sum(count * self._at(self._schema, at) for at, count in enumerate(_places(value))))

    def _at(self, schema: Any, depth: int) -> int:
        """How often one place `depth` steps inside a value is visited when the value is checked against `schema`.

        A loop instead of recursion, because definitions nest as deep as strangers like; what is being worked out
        when it is asked for leads back to itself without a step into the value, and never ends.
        """
        pending = [(schema, depth)]
        while pending:
            node, left = pending[-1]
            key = (id(node), left)
            if not isinstance(node, dict) or self._known.get(key, -1) >= 0:
                pending.pop()
                continue
            missing = [each for each in self._parts(node, left) if (id(each[0]), each[1]) not in self._known]
            if missing and key not in self._known:
                self._known[key] = -1
                pending += missing
            else:
                pending.pop()
                self._known[key] = self._sum(node, left)
        return self._value(schema, depth)

    def _value(self, schema: Any, depth: int) -> int:
        found = self._known.get((id(schema), depth), 0) if isinstance(schema, dict) else 0
        return UNBOUNDED if found < 0 else found

    def _sum(self, node: JsonObject, depth: int) -> int:
        total = 1 if depth == 0 else 0
        total += sum(self._value(each, depth) for each in self._in_place(node))
        if depth:
            total += sum(self._value(each, depth - 1) for each in _all_inside(node))
            total += max((self._value(each, depth - 1) for each in _one_inside(node)), default=0)
        return min(total, UNBOUNDED)

    def _parts(self, node: JsonObject, depth: int) -> Iterator[tuple[JsonObject, int]]:
        yield from ((each, depth) for each in self._in_place(node))
        if depth:
            yield from ((each, depth - 1) for each in (*_all_inside(node), *_one_inside(node)))

    def _in_place(self, node: JsonObject) -> Iterator[JsonObject]:
        for each in _here(node):
            found = self._defs.get(each.removeprefix(_PREFIX)) if isinstance(each, str) else each
            if isinstance(found, dict):
                yield found


def _here(node: JsonObject) -> Iterator[Any]:
    """What else the same place is checked against; references as their text."""
    for key in _LISTS:
        each = node.get(key)
        yield from each if isinstance(each, list) else ()
    yield from (node[key] for key in _SINGLES if key in node)
    dependent = node.get("dependentSchemas")
    yield from dependent.values() if isinstance(dependent, dict) else ()


def _all_inside(node: JsonObject) -> Iterator[JsonObject]:
    """What one place inside may be checked against together."""
    found = [node.get(key) for key in _INSIDE]
    patterns = node.get("patternProperties")
    found += patterns.values() if isinstance(patterns, dict) else ()
    yield from (each for each in found if isinstance(each, dict))


def _one_inside(node: JsonObject) -> Iterator[JsonObject]:
    """What different places inside are checked against, one each."""
    properties = node.get("properties")
    found = list(properties.values()) if isinstance(properties, dict) else []
    prefix = node.get("prefixItems")
    found += prefix if isinstance(prefix, list) else []
    yield from (each for each in found if isinstance(each, dict))


def _multiplies(schema: JsonObject, defs: JsonObject) -> bool:
    """Whether there is any place that is checked against two schemas which lead on: most schemas have none."""
    waiting: list[Any] = [schema, *defs.values()]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            if sum(isinstance(each, str) or (isinstance(each, dict) and _leads_on(each)) for each in _here(node)) > 1:
                return True
            waiting.extend(node.values())
    return False


def _leads_on(node: JsonObject) -> bool:
    return any(key in node for key in (*_LISTS, *_SINGLES, *_INSIDE, "properties", "prefixItems", "patternProperties"))


def _places(value: Json) -> list[int]:
    """How many places a value has at each depth, from its root on."""
    counts: list[int] = []
    level: list[Json] = [value]
    while level and len(counts) < _MAX_DEPTH:
        counts.append(len(level))
        level = [
            inner
            for each in level
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return counts
