"""Values that are written out in a feature: checked as what they are given to, as far as no expression makes them."""

from __future__ import annotations

from collections.abc import Iterator

from products.lib.actions import Parameter
from products.lib.errors import FieldProblem
from products.lib.field_types import takes_null
from products.lib.inputs import FieldError, check_fields
from products.lib.jsontypes import Json, JsonObject

# What holds of a list or an object whatever its elements become.
_OF_THE_WHOLE = frozenset({"type", "too_short", "too_long"})


def is_given(given: JsonObject, one: Parameter) -> bool:
    """Whether there is a value for a field: null is as absent where the field does not take it as a value."""
    return given.get(one.name) is not None or (one.name in given and takes_null(one))


def wrong_literals(given: JsonObject, fields: tuple[Parameter, ...], pointer: str) -> Iterator[FieldProblem]:
    """What cannot be right in any run. `pointer` is the place of the input."""
    for one in fields:
        if is_given(given, one):
            value = given[one.name]
            for error in check_fields([one], {one.name: value}):
                if is_certain(value_at({one.name: value}, error.pointer), error):
                    yield FieldProblem(f"{pointer}{error.pointer}", error.code, error.detail)


def is_certain(found: Json, error: FieldError) -> bool:
    """Whether an error about this value stays one, whatever the expressions in it become."""
    return not is_open(found) or (isinstance(found, (dict, list)) and error.code in _OF_THE_WHOLE)


def is_open(value: Json) -> bool:
    """Whether expressions make it, or a part of it."""
    waiting: list[Json] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if "$" in one:
                return True
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def value_at(value: Json, pointer: str) -> Json:
    """What stands there; of a place that is not there, what is around it."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
    return value
