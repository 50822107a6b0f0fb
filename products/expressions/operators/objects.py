"""Objects."""

from __future__ import annotations

from typing import Final

from products.expressions.kinds import A_PATH, AN_OBJECT, ANY, ANYTHING, LIST, NUMBER, OBJECT
from products.expressions.operators.declare import operator, p
from products.expressions.values import NOTHING, found_in
from products.lib.jsontypes import Json, JsonObject

GROUP: Final = "Objects"


@operator(
    "Size", GROUP, "How many keys an object has.", p("object", AN_OBJECT), returns=NUMBER, braces=True, carries=False,
    forms=("$Size(object)", "$Size{$Input{user}}"), examples={"$Size({a: 1, b: 2})": 2},
)  # fmt: skip
def size(given: JsonObject) -> int:
    """The number of keys."""
    return len(given)


@operator(
    "Keys", GROUP, "The keys of an object, in their order.", p("object", AN_OBJECT), returns=LIST,
    examples={"$Keys({a: 1, b: 2})": ["a", "b"]},
)  # fmt: skip
def keys(given: JsonObject) -> list[Json]:
    """All keys."""
    return list(given)


@operator(
    "Values", GROUP, "The values of an object, in the order of its keys.", p("object", AN_OBJECT), returns=LIST,
    examples={"$Values({a: 1, b: 2})": [1, 2]},
)  # fmt: skip
def values(given: JsonObject) -> list[Json]:
    """All values."""
    return list(given.values())


@operator(
    "Merge", GROUP, "One object out of several; of a key that is in more than one, the last counts.",
    p("object", AN_OBJECT, repeats=True), returns=OBJECT, examples={"$Merge({a: 1, b: 2}, {b: 3})": {"a": 1, "b": 3}},
)  # fmt: skip
def merge(*given: JsonObject) -> JsonObject:
    """One object."""
    made: JsonObject = {}
    for each in given:
        made.update(each)
    return made


@operator(
    "Get", GROUP, "What a path leads to, or the fallback where nothing is there; null that is there stays null.",
    p("value", ANYTHING), p("path", A_PATH), p("fallback", ANYTHING, default="null"), returns=ANY,
    forms=("$Get(value, 'a.b.0', fallback=null)",),
    examples={"$Get({a: {b: [7]}}, 'a.b.0')": 7, "$Get({a: 1}, 'x.y', 'none')": "none"},
)  # fmt: skip
def get(value: Json, path: str | int, fallback: Json = None) -> Json:
    """Along a path."""
    found = found_in(value, str(path))
    return fallback if found is NOTHING else found
