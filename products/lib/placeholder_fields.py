"""Typed placeholders of database actions: `{{key:TYPE:min:max}}`, and how a value of one is checked.

`{{key:TYPE}}` needs a value, `{{key:TYPE?}}` may have null or be left out, which is null too. `min` and `max` are
lengths of texts and lists and values of numbers; either may be left out (`{{name:STRING::80}}`). `{{key}}` alone stands
for the one of that key that has a type elsewhere in the same action.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from products.lib.actions import Parameter
from products.lib.field_types import FIELD_TYPES, UnknownFieldType, field_schema, field_type

MAX_TEXT: Final = 1_000_000
MAX_LIST: Final = 5_000  # every element is a bound value; PostgreSQL takes 65,535 of them, SQLite 32,766
MAX_WHOLE: Final = 2**63 - 1
MARK: Final = re.compile(r"\{\{([^{}]{0,200})\}\}")
LIKELY: Final = re.compile(r"\{\{[ \t]{0,16}[A-Za-z_][^{}]{0,200}\}\}")  # in a quote: `{{1,2}}` is an array there
_INSIDE: Final = re.compile(
    r"[ \t]*(?P<key>[A-Za-z_][A-Za-z0-9_-]{0,62})[ \t]*"
    r"(?::[ \t]*(?P<type>[A-Za-z_-]{1,40})(?P<nullable>\?)?[ \t]*"
    r"(?::[ \t]*(?P<least>[^:]{0,40}?)[ \t]*)?(?::[ \t]*(?P<most>[^:]{0,40}?)[ \t]*)?)?"
)


class PlaceholderProblem(ValueError):
    """A placeholder is not written as one, or says what cannot be; the message is for people."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{{…}}`. `type` is a field type of the domain, "" where the mark names only the key."""

    key: str
    type: str = ""
    minimum: float | None = None
    maximum: float | None = None
    nullable: bool = False

    @property
    def is_list(self) -> bool:
        """Whether it becomes several bound values, for `IN (…)`."""
        return self.type.startswith("array-")


def read_placeholder(mark: str) -> Placeholder:
    """From what stands between the braces. Raises PlaceholderProblem."""
    found = _INSIDE.fullmatch(mark)
    if found is None:
        raise PlaceholderProblem("Write a placeholder as {{key:TYPE}} or {{key:TYPE:min:max}}.")
    key = found["key"]
    if found["type"] is None:
        return Placeholder(key)
    try:
        type_name = field_type(found["type"])
    except UnknownFieldType as error:
        raise PlaceholderProblem(f"{{{{{key}}}}}: {error}") from None
    least, most = _limit(key, found["least"], type_name), _limit(key, found["most"], type_name)
    if least is not None and most is not None and least > most:
        raise PlaceholderProblem(f"{{{{{key}}}}}: its minimum is above its maximum.")
    return Placeholder(key, type_name, least, most, bool(found["nullable"]))


def joined(placeholders: Iterable[Placeholder]) -> dict[str, Placeholder]:
    """The typed one of each key, in order. Raises PlaceholderProblem: two types for one key, or none."""
    typed: dict[str, Placeholder] = {}
    keys: dict[str, None] = {}
    for each in placeholders:
        keys.setdefault(each.key)
        if each.type and typed.setdefault(each.key, each) != each:
            raise PlaceholderProblem(f"{{{{{each.key}}}}} has two different types or limits.")
    for key in keys:
        if key not in typed:
            raise PlaceholderProblem(f"{{{{{key}}}}} has no type: write {{{{{key}:TYPE}}}} the first time.")
    return {key: typed[key] for key in keys}


@lru_cache(maxsize=5_000)
def parameter(placeholder: Placeholder) -> Parameter:
    """The field of an input, with a schema of its own that has every limit in it."""
    most = placeholder.maximum
    if most is None:
        most = MAX_LIST if placeholder.is_list else _longest(placeholder.type)
    plain = Parameter(placeholder.key, "query", placeholder.type, minimum=placeholder.minimum, maximum=most)
    schema = field_schema(plain)
    if placeholder.nullable:
        schema = (
            {"anyOf": [schema, {"type": "null"}]} if "anyOf" in schema else {**schema, "type": [schema["type"], "null"]}
        )
    return Parameter(
        placeholder.key,
        "query",
        placeholder.type,
        required=not placeholder.nullable,
        default=None,
        minimum=placeholder.minimum,
        maximum=placeholder.maximum,
        schema=schema,
    )


def _longest(type_name: str) -> float | None:
    kind = FIELD_TYPES[type_name]["type"]
    return MAX_TEXT if kind == "string" else MAX_WHOLE if kind == "integer" else MAX_LIST if kind == "array" else None


def _limit(key: str, text: str | None, type_name: str) -> float | None:
    if not text:
        return None
    kind = FIELD_TYPES[type_name]["type"]
    if kind in {"boolean", "object"}:
        raise PlaceholderProblem(f"{{{{{key}}}}}: the type {type_name} has no limits.")
    try:
        number = float(text)
    except ValueError:
        raise PlaceholderProblem(f"{{{{{key}}}}}: “{text}” is not a number.") from None
    whole = kind != "number"
    if not math.isfinite(number) or (whole and number != int(number)) or (kind != "integer" and whole and number < 0):
        raise PlaceholderProblem(f"{{{{{key}}}}}: “{text}” is no limit that the type {type_name} can have.")
    return int(number) if whole else number
