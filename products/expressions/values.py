"""What the language does with values: text, truth, equality, order, paths, size. Never an attribute of an object."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping
from typing import Final

from products.expressions.errors import Absent, BadValue, OverLimit
from products.expressions.kinds import in_words, number_in, type_name
from products.expressions.limits import ELEMENT_WORK, MAX_DEPTH, MAX_INT_BITS, MAX_RESULT, MAX_WORK
from products.expressions.suggestions import did_you_mean, listed, shortened
from products.lib.jsontypes import Json

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_INDEX_LENGTH = 10


# Size ---------------------------------------------------------------------------------------------------------------


def work_in(value: Json) -> int:
    """What it costs to look through the whole value. Raises as `size_of`, beyond MAX_WORK."""
    return size_of(value, limit=MAX_WORK, element=ELEMENT_WORK)


def size_of(value: Json, *, limit: int = MAX_RESULT, element: int = 1) -> int:
    """About as many bytes as the value has as compact JSON, at `element` beside each element; stops beyond the limit.

    Raises OverLimit beyond the limit or MAX_DEPTH, BadValue for what is not JSON.
    """
    total = _scalar_size(value)
    level: list[Json] = [value] if type(value) is list or type(value) is dict else []
    depth = 0
    while level := [box for box in level if type(box) is list or type(box) is dict]:
        depth += 1
        below: list[Json] = []
        for box in level:
            inner = list(box.values()) if type(box) is dict else box
            if inner is not box:
                total += sum(map(_key_size, box))
            total += len(inner) * element
            total += sum(map(_scalar_size, inner))
            if total > limit:
                raise too_large(limit)
            below.extend(inner)
        if depth > MAX_DEPTH:
            raise OverLimit(f"The result is nested deeper than {MAX_DEPTH} levels.")
        level = below
    if total > limit:
        raise too_large(limit)
    return total


def too_large(limit: int = MAX_RESULT) -> OverLimit:
    """The result is beyond the limit."""
    return OverLimit(f"The result is larger than {limit // 1024 // 1024} MiB.")


def reserve(size: int) -> None:
    """Before something of this many bytes is made. Raises OverLimit."""
    if size > MAX_RESULT:
        raise too_large()


def _scalar_size(value: Json) -> int:
    kind = type(value)
    if kind is str:
        return bytes_of(value) + 2
    if kind is int:
        if value.bit_length() > MAX_INT_BITS:
            raise OverLimit("A number is too large.")
        return 1 + int(value.bit_length()) * 3 // 10
    if kind is float:
        if not math.isfinite(value):
            raise BadValue("A number is infinite or not a number.")
        return 8
    if kind is bool or value is None:
        return 4
    if kind is list or kind is dict:
        return 2
    raise BadValue(f"A {kind.__name__} is not data.")


def _key_size(key: Json) -> int:
    if type(key) is not str:
        raise BadValue("Every key of an object must be text.")
    return bytes_of(key) + 3


def bytes_of(text: str) -> int:
    """How many bytes a text has as UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


# Text ---------------------------------------------------------------------------------------------------------------


def json_text(value: Json) -> str:
    """Compact JSON. Raises OverLimit when it is too large, BadValue for what JSON does not have."""
    size_of(value)
    text = _ENCODER.encode(value)
    reserve(len(text))
    return text


def text_of(value: Json) -> str:
    """The value inside other text. Raises as `json_text`."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if value is None:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is float:
        _scalar_size(value)
        return repr(value)
    return json_text(value)


# Truth, equality, order ---------------------------------------------------------------------------------------------


def truth(value: Json) -> bool:
    """False are false, null, 0, "", [] and {}."""
    return bool(value)


def same(left: Json, right: Json) -> bool:
    """`===`: the same type and value, inside lists and objects too."""
    kind = type(left)
    if kind is list:
        return type(right) is list and len(left) == len(right) and all(map(same, left, right))
    if kind is dict:
        return (
            type(right) is dict
            and left.keys() == right.keys()
            and all(same(value, right[key]) for key, value in left.items())
        )
    if kind is bool or type(right) is bool:
        return left is right
    return bool(left == right)


def identity(value: Json) -> Hashable:
    """Equal for values that are === and for no others."""
    if type(value) is list:
        return ("list", *map(identity, value))
    if type(value) is dict:
        return ("object", frozenset((key, identity(inner)) for key, inner in value.items()))
    return type_name(value), value


def equal(left: Json, right: Json) -> bool:
    """`==`: as `===`, but a number also equals the text that spells it."""
    if type(left) is str:
        if type(right) is int or type(right) is float:
            return number_in(left) == right
    elif type(right) is str and (type(left) is int or type(left) is float):
        return left == number_in(right)
    return same(left, right)


def ordered(left: Json, right: Json) -> tuple[Json, Json] | None:
    """Two numbers (or texts that both spell one) or two texts, ready to be compared; None for anything else."""
    first, second = _as_number(left), _as_number(right)
    if first is not None and second is not None:
        return first, second
    if type(left) is str and type(right) is str:
        return left, right
    return None


def _as_number(value: Json) -> int | float | None:
    if type(value) is int or type(value) is float:
        return value
    return number_in(value) if type(value) is str else None


# Paths --------------------------------------------------------------------------------------------------------------


def follow(value: object, segment: str) -> object:
    """What a segment leads to: the whole of it as a key or index, else split at its dots. Raises Absent."""
    found = _one(value, segment)
    if found is not NOTHING:
        return found
    if "." not in segment:
        raise _absent(value, segment)
    for part in segment.split("."):
        found = _one(value, part)
        if found is NOTHING:
            raise _absent(value, part)
        value = found
    return value


def found_in(value: Json, segment: str) -> Json:
    """As `follow`, but NOTHING where nothing is: quickly, because nobody asks why."""
    found = _one(value, segment)
    if found is NOTHING and "." in segment:
        for part in segment.split("."):
            found = value = _one(value, part)
    return found


NOTHING: Final = object()


def _one(value: object, key: str) -> object:
    if type(value) is dict:
        return value.get(key, NOTHING)
    if type(value) is list:
        index = index_in(key)
        return value[index] if index is not None and -len(value) <= index < len(value) else NOTHING
    if isinstance(value, Mapping):  # the scope's own, which fetches when asked
        try:
            return value[key]
        except KeyError:
            return NOTHING
    return NOTHING


def index_in(key: str) -> int | None:
    """The index into a list that a segment spells; None when it spells none."""
    digits = key.removeprefix("-")
    return int(key) if len(digits) <= _INDEX_LENGTH and digits.isascii() and digits.isdigit() else None


def _absent(value: object, key: str) -> Absent:
    shown = shortened(key)
    if type(value) is list:
        if index_in(key) is None:
            return Absent(f"“{shown}” is not an index: here is a list, its elements are {{0}}, {{1}}, … {{-1}}.")
        return Absent(f"There is no element {shown}: the list has {len(value)}.")
    if isinstance(value, Mapping):
        names = [name for name in value if type(name) is str]
        hint = "A segment is taken as it is; use $Get(…) or $Pick(…) for a computed key." if key[:1] == "$" else ""
        there = listed(names, what="There is") or "There is nothing in it."
        return Absent(f"There is no key “{shown}”. {there}", suggestion=hint or did_you_mean(key, names, form="“{}”"))
    return Absent(f"There is no key “{shown}” in {in_words(value)}: only objects and lists have keys.")
