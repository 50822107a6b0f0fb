"""A database action with the values of one call: statements whose values are bound, in each dialect's own form.

Lists become as many bound values as they have elements. An empty one is possible only as `IN ({{key}})`, which matches
nothing then, and `NOT IN ({{key}})`, which matches everything, on all dialects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from products.lib.database_actions import DatabaseAction, parameters, sql_of
from products.lib.errors import FieldProblem, Invalid
from products.lib.inputs import check_fields
from products.lib.jsontypes import Json, JsonError, JsonObject, check_json, escape_pointer
from products.lib.placeholder_fields import MAX_WHOLE, Placeholder
from products.lib.sql_texts import SqlText

Value = str | int | float | bool | Decimal | None
MAX_BINDS: Final = 30_000
_IN: Final = re.compile(r"\b(?P<none>NOT\s+)?IN\s*\(\s*\Z", re.IGNORECASE)
_NO_ROWS: Final = "SELECT NULL FROM DUAL WHERE 1 = 0"
_CLOSED: Final = re.compile(r"\s*\)")


class Place(NamedTuple):
    """Where a piece of a statement was in the text that a person wrote, and how many characters of it there."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What is run: a bound value stands between each two of `pieces`. `shown` is for people and holds no value.

    `plain` ones leave nothing behind in the connection's session. `source` is the text as a person wrote it, `places`
    are those of `pieces` in it: there are none where that is not known. `reads` is false for what a person wrote that
    is not of a form that only reads (SqlText).
    """

    pieces: tuple[str, ...]
    values: tuple[Value, ...]
    shown: str
    plain: bool = True
    source: str = ""
    places: tuple[Place, ...] = ()
    reads: bool = True

    @classmethod
    def written(cls, text: str, *, plain: bool = True) -> Statement:
        """What a person wrote, without placeholders."""
        return cls((text,), (), text, plain, text, (Place(0, len(text)),), reads=False)

    def after(self, words: str) -> Statement:
        """The same with `words` before it."""
        first = tuple(Place(each.start - len(words), each.length + len(words)) for each in self.places[:1])
        pieces, places = (words + self.pieces[0], *self.pieces[1:]), (*first, *self.places[1:])
        return replace(self, pieces=pieces, places=places)


def bound_values(action: DatabaseAction, given: JsonObject) -> dict[str, Json]:
    """The values of all placeholders, checked. Raises Invalid naming each field that is wrong, never its value."""
    known = action.placeholders
    problems = [FieldProblem(f"/{escape_pointer(key)}", "unknown_field", f"The action has no placeholder “{key[:60]}”.")
                for key in given if key not in known]  # fmt: skip
    values = {key: value for key, value in given.items() if key in known}
    problems += _unstorable(values)
    if not problems:
        found = check_fields(parameters(action), values)
        problems += [FieldProblem(each.pointer, each.code, each.detail) for each in found]
        if not problems:
            problems += [each for key in values for each in _too_large(known[key], values[key])]
    if problems:
        raise Invalid("The input does not fit the placeholders of the action.", errors=tuple(problems))
    return {key: values.get(key) for key in known}


def statements(action: DatabaseAction, dialect: str, given: JsonObject) -> tuple[Statement, ...]:
    """What `given` makes of the action's statements. Raises Invalid: no such statements, or values that do not fit."""
    values = bound_values(action, given)
    made = tuple(_bound(text, dialect, action.placeholders, values) for text in sql_of(action, dialect))
    if any(len(each.values) > MAX_BINDS for each in made):
        raise Invalid(errors=(FieldProblem("", "too_long", f"A statement may bind at most {MAX_BINDS:,} values."),))
    return made


def without_values(action: DatabaseAction, dialect: str) -> tuple[Statement, ...]:
    """The statements with null for every value, for a look at their plans. Raises Invalid."""
    values = dict.fromkeys(action.placeholders)
    return tuple(_bound(text, dialect, action.placeholders, values) for text in sql_of(action, dialect))


def _bound(text: SqlText, dialect: str, known: Mapping[str, Placeholder], given: Mapping[str, Json]) -> Statement:
    pieces, values = [text.pieces[0]], list[Value]()
    places, is_placed = [Place(text.starts[0], len(text.pieces[0]))], True
    shown = text.pieces[0]
    for mark, after, start in zip(text.placeholders, text.pieces[1:], text.starts[1:], strict=True):
        placeholder = known[mark.key]
        shown += f"{{{{{mark.key}}}}}{after}"
        bound = _values(placeholder, given[mark.key], dialect)
        if bound:
            values += bound
            more = len(bound) - 1
            pieces += [", "] * more + [after]
            places += [Place(sum(places[-1]), 0)] * more + [Place(start, len(after))]
        else:
            pieces[-1] = _with_nothing(pieces[-1], after, dialect, mark.key) + after
            is_placed = False
    where = tuple(places) if is_placed else ()
    return Statement(tuple(pieces), tuple(values), shown, text.plain, text.source, where, text.reads)


def _with_nothing(before: str, after: str, dialect: str, key: str) -> str:
    """What comes before the closing parenthesis when the list between them is empty. Raises Invalid."""
    found = _IN.search(before)
    if found is None or not _CLOSED.match(after):
        detail = "An empty list is only possible as IN ({{" + key + "}})."
        raise Invalid(errors=(FieldProblem(f"/{escape_pointer(key)}", "empty", detail),))
    if (
        dialect == "postgresql"
    ):  # its lists in parentheses cannot be empty, and a subquery would need the element's type
        return before[: found.start()] + ("<> ALL ('{}'" if found["none"] else "= ANY ('{}'")
    return before + (_NO_ROWS if dialect == "mysql" else "")


def _values(placeholder: Placeholder, value: Json, dialect: str) -> list[Value]:
    if not placeholder.is_list:
        return [_value(placeholder.type, value, dialect)]
    if value is None:
        return [None]
    return [_value(placeholder.type.removeprefix("array-"), item, dialect) for item in value]


def _value(kind: str, value: Json, dialect: str) -> Value:
    """As it is bound: decimals where the dialect has exact ones, moments in UTC, objects and plain lists as JSON."""
    if value is None:
        return None
    if kind in {"float", "double"}:
        return float(value) if dialect == "sqlite" else Decimal(repr(value))
    if kind == "number":
        return int(value)
    if kind == "boolean":
        return bool(value) if dialect == "postgresql" else int(value)
    if kind == "uuid":
        return str(UUID(value))
    if kind == "date":
        return _moment(value)
    return json.dumps(value, ensure_ascii=False) if kind in {"array", "object"} else str(value)


def _moment(text: str) -> str:
    """A date as it is; a moment in UTC, without a zone, in the form that all dialects read and SQLite itself writes."""
    if len(text) == 10:
        return date.fromisoformat(text).isoformat()
    moment = datetime.fromisoformat(text)
    utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return utc.replace(tzinfo=None).isoformat(" ")


def _unstorable(values: JsonObject) -> list[FieldProblem]:
    try:
        check_json(values)
    except JsonError as error:
        return [FieldProblem(error.pointer, "not_storable", error.message)]
    return []


def _too_large(placeholder: Placeholder, value: Json) -> list[FieldProblem]:
    """Whole numbers have 64 bits in every dialect; a moment must be one that there is."""
    pointer = f"/{escape_pointer(placeholder.key)}"
    kind = placeholder.type.removeprefix("array-")
    items = value if isinstance(value, list) else [value]
    if kind == "number" and any(isinstance(item, (int, float)) and abs(item) > MAX_WHOLE for item in items):
        return [FieldProblem(pointer, "out_of_range", "A whole number has at most 63 bits.")]
    if kind == "date" and isinstance(value, str):
        try:
            _moment(value)
        except (ValueError, OverflowError):
            return [FieldProblem(pointer, "format", "This is not a date between the years 1 and 9999.")]
    return []
