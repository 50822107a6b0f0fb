"""Types of values: what an argument accepts, and the small lattice that analysis reasons with.

A type is a set of JSON's type names: the union of what a value may be. More names, less is known.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from products.expressions.limits import MAX_DIGITS, MAX_INT_BITS
from products.lib.jsontypes import Json

Types: TypeAlias = frozenset[str]

NULL: Final[Types] = frozenset({"null"})
BOOLEAN: Final[Types] = frozenset({"boolean"})
NUMBER: Final[Types] = frozenset({"number"})
TEXT: Final[Types] = frozenset({"text"})
LIST: Final[Types] = frozenset({"list"})
OBJECT: Final[Types] = frozenset({"object"})
ANY: Final[Types] = NULL | BOOLEAN | NUMBER | TEXT | LIST | OBJECT

REFUSED: Final = object()  # what `take` answers for a value of the wrong type

_NAMES: Final[dict[type, str]] = {
    type(None): "null", bool: "boolean", int: "number", float: "number", str: "text", list: "list", dict: "object",
}  # fmt: skip
_WORDS: Final[dict[str, str]] = {
    "null": "null", "boolean": "a boolean", "number": "a number", "text": "a text", "list": "a list",
    "object": "an object",
}  # fmt: skip
_NUMERIC = re.compile(r"[ \t\r\n]*[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?[ \t\r\n]*")


def type_name(value: object) -> str:
    """One of null, boolean, number, text, list, object; "" for what is not JSON."""
    return _NAMES.get(type(value), "")


def in_words(value: object) -> str:
    """“a number”, “an object”: what was given, without showing it."""
    return _WORDS.get(type_name(value), "something that is not data")


def types_in_words(types: Types) -> str:
    """“a text or a list”."""
    if types == ANY:
        return "anything"
    return " or ".join(words for name, words in _WORDS.items() if name in types)


def number_in(text: str) -> int | float | None:
    """The number that a text spells, None when it spells none or one beyond the range."""
    found = _NUMERIC.fullmatch(text) if len(text) <= MAX_DIGITS else None
    if found is None:
        return None
    if found.lastindex is None:
        whole = int(text)
        return whole if whole.bit_length() <= MAX_INT_BITS else None
    number = float(text)
    return number if math.isfinite(number) else None


def _number(value: Json) -> Json:
    kind = type(value)
    if kind is int:
        return value if value.bit_length() <= MAX_INT_BITS else REFUSED
    if kind is float:
        return value if math.isfinite(value) else REFUSED
    found = number_in(value) if kind is str else None
    return REFUSED if found is None else found


def _whole(value: Json) -> Json:
    number = _number(value)
    if type(number) is float:
        return int(number) if number.is_integer() else REFUSED
    return number


def _of(*types: type) -> Callable[[Json], Json]:
    if len(types) == 1:
        only = types[0]
        return lambda value: value if type(value) is only else REFUSED
    accepted = frozenset(types)
    return lambda value: value if type(value) in accepted else REFUSED


def _anything(value: Json) -> Json:
    return value


@dataclass(frozen=True, slots=True)
class Kind:
    """What an argument accepts: in words, as types, and `take`, which answers the value to use or REFUSED.

    Values of the type `plain` need not be taken.
    """

    words: str
    types: Types
    take: Callable[[Json], Json]
    plain: type | None = None


A_NUMBER: Final = Kind("a number", NUMBER | TEXT, _number)
A_WHOLE: Final = Kind("a whole number", NUMBER | TEXT, _whole)
A_TEXT: Final = Kind("a text", TEXT, _of(str), str)
A_LIST: Final = Kind("a list", LIST, _of(list), list)
AN_OBJECT: Final = Kind("an object", OBJECT, _of(dict), dict)
TEXT_OR_LIST: Final = Kind("a text or a list", TEXT | LIST, _of(str, list))
LIST_OR_NUMBER: Final = Kind(
    "a list or a number", LIST | NUMBER | TEXT, lambda value: value if type(value) is list else _number(value)
)
A_PATH: Final = Kind("a text or a whole number", TEXT | NUMBER, lambda v: v if type(v) is str else _whole(v))
A_DATE: Final = Kind(
    "a date (ISO 8601 text or milliseconds)", TEXT | NUMBER, lambda v: v if type(v) is str else _number(v)
)
ANYTHING: Final = Kind("anything", ANY, _anything)
