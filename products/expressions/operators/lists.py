"""Lists: taking them apart, putting them in order."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

from products.expressions.errors import BadValue, WrongType
from products.expressions.kinds import (
    A_LIST,
    A_TEXT,
    A_WHOLE,
    ANY,
    LIST,
    TEXT,
    TEXT_OR_LIST,
    in_words,
    type_name,
)
from products.expressions.operators.declare import looked_at, operator, p
from products.expressions.suggestions import shortened
from products.expressions.values import NOTHING, found_in, identity, reserve
from products.lib.jsontypes import Json

GROUP: Final = "Lists"
_SORTABLE: Final = {"number", "text", "boolean"}


@operator(
    "Pick", GROUP, "The character or element at an index, from 0; -1 is the last. Out of bounds is an error.",
    p("text or list", TEXT_OR_LIST), p("index", A_WHOLE), returns=ANY,
    examples={"$Pick('Hello', 1)": "e", "$Pick(['a', 'b'], -1)": "b"},
)  # fmt: skip
def pick(given: str | list[Json], index: int) -> Json:
    """One element."""
    if not -len(given) <= index < len(given):
        words = f"there are {len(given)}" if given else "there are none"
        raise BadValue(f"index {shortened(repr(index))} is out of bounds: {words}.", argument=1)
    return given[index]


@operator(
    "Slice", GROUP,
    "The elements from start (included) to end (excluded, by default the end); negative positions count from the end, "
    "and what is beyond the list is left out.",
    p("list", A_LIST), p("start", A_WHOLE), p("end", A_WHOLE, default="length"), returns=LIST,
    examples={"$Slice([1, 2, 3, 4], 1, 3)": [2, 3], "$Slice([1, 2, 3], -2)": [2, 3]},
)  # fmt: skip
def part(given: list[Json], start: int, end: int | None = None) -> list[Json]:
    """Some elements."""
    return given[start:end]


@operator(
    "Reverse", GROUP, "The elements or characters from the last to the first.", p("list or text", TEXT_OR_LIST),
    returns=LIST | TEXT, examples={"$Reverse([1, 2, 3])": [3, 2, 1], "$Reverse('abc')": "cba"},
)  # fmt: skip
def reverse(given: str | list[Json]) -> Json:
    """The other way round."""
    return given[::-1]


@operator(
    "Unique", GROUP, "Every element once, the first of equals (as with ===: 1 and '1' are two).", p("list", A_LIST),
    returns=LIST, deep=True, examples={"$Unique([1, 2, 1, '1'])": [1, 2, "1"]},
)  # fmt: skip
def unique(given: list[Json]) -> list[Json]:
    """Without repetition."""
    found: dict[Hashable, Json] = {}
    for element in given:
        found.setdefault(identity(element), element)
    return list(found.values())


@operator(
    "Flatten", GROUP, "A list whose elements that are lists are replaced by their elements, one level deep.",
    p("list", A_LIST), returns=LIST, examples={"$Flatten([[1, 2], [3], 4, []])": [1, 2, 3, 4]},
)  # fmt: skip
def flatten(given: list[Json]) -> list[Json]:
    """One level of lists opened."""
    made: list[Json] = []
    for element in given:
        if type(element) is list:
            reserve(2 * (len(made) + len(element)))
            made.extend(element)
        else:
            made.append(element)
    return made


def _sorting(given: list[Json], *_rest: Json) -> int:
    """Ordering takes longer than reading."""
    return 16 * len(given)


@operator(
    "Sort", GROUP,
    "In order: numbers by value, text by character, false before true. Stable; null last in both directions; elements "
    "of different types are an error. With a key, objects by what stands under it (absent counts as null).",
    p("list", A_LIST), p("key", A_TEXT, default="none"), p("direction", A_TEXT, default="'asc'"), returns=LIST,
    forms=("$Sort(list)", "$Sort(list, 'key', 'asc' or 'desc')"), deep=True, cost=_sorting,
    examples={"$Sort([3, null, 1])": [1, 3, None], "$Sort([{n: 1}, {n: 2}], 'n', 'desc')": [{"n": 2}, {"n": 1}]},
)  # fmt: skip
def sort(given: list[Json], key: str | None = None, direction: str = "asc") -> list[Json]:
    """In order."""
    if direction not in {"asc", "desc"}:
        raise BadValue(f"the direction is 'asc' or 'desc', not “{shortened(direction)}”.", argument=2)
    pairs = [(element if key is None else _under(element, key, index), element) for index, element in enumerate(given)]
    some = [pair for pair in pairs if pair[0] is not None]
    _check_sortable([value for value, _ in some])
    some.sort(key=_first, reverse=direction == "desc")
    return [element for _, element in some] + [element for value, element in pairs if value is None]


def _first(pair: tuple[Any, Json]) -> Any:
    return pair[0]


def _under(element: Json, key: str, index: int) -> Json:
    if type(element) is not dict and element is not None:
        raise WrongType(f"element {index} has no keys: {in_words(element)} was given.", argument=0)
    return pluck([element], key)[0]


def _check_sortable(values: list[Json]) -> None:
    names = {type_name(value) for value in values}
    if len(names) > 1:
        raise WrongType(f"mixed types cannot be put in order: {', '.join(sorted(names))}.", argument=0)
    if not names <= _SORTABLE:
        hint = "Name a key to sort by: $Sort(list, 'key')."
        raise WrongType(f"{in_words(values[0])} has no order.", argument=0, suggestion=hint)


@operator(
    "Pluck", GROUP, "What stands under a key in every element; null where it is absent.",
    p("list", A_LIST), p("key", A_TEXT), returns=LIST, cost=looked_at,
    examples={"$Pluck([{sku: 'A'}, {}], 'sku')": ["A", None]},
)  # fmt: skip
def pluck(given: list[Json], key: str) -> list[Json]:
    """One key of every element; dots lead deeper as in references."""
    found = (found_in(element, key) for element in given)
    return [None if value is NOTHING else value for value in found]
