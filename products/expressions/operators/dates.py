"""Dates and times."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta
from typing import Final

from products.expressions.errors import BadValue
from products.expressions.kinds import A_DATE, A_NUMBER, A_TEXT, NUMBER, TEXT
from products.expressions.moments import formatted, iso_text, milliseconds_of, read_moment, zone_named
from products.expressions.operators.declare import operator, p
from products.expressions.suggestions import did_you_mean, shortened
from products.expressions.values import reserve

GROUP: Final = "Dates"
UNITS: Final[dict[str, int]] = {
    "milliseconds": 1,
    "seconds": 1000,
    "minutes": 60_000,
    "hours": 3_600_000,
    "days": 86_400_000,
    "weeks": 604_800_000,
}
MONTHS: Final[dict[str, int]] = {"months": 1, "years": 12}
_TOKENS: Final = "YYYY YY MMMM MMM MM M DD D dddd ddd HH H hh h mm m ss s SSS A a Z"
_DATE: Final = "A date is ISO 8601 text or milliseconds since 1970; without a zone it is in UTC."
_MOST_MONTHS: Final = 12 * 10_000


@operator(
    "Now", GROUP, "Milliseconds since 1970 UTC, the same during a whole run.", returns=NUMBER, builtin=True,
    forms=("$Now()", "$Now"), examples={"$Now > 0": True},
)  # fmt: skip
def now() -> int:
    """Stands for the declaration."""
    return 0


def _unit(given: str) -> str:
    name = given if given.endswith("s") else f"{given}s"
    if name not in UNITS and name not in MONTHS:
        known = (*UNITS, *MONTHS)
        hint = did_you_mean(given, known, form="'{}'") or f"Use one of {', '.join(known)}."
        raise BadValue(f"“{shortened(given)}” is an unknown unit.", argument=2, suggestion=hint)
    return name


_PATTERN_PARAMETERS: Final = (
    p("date", A_DATE),
    p("pattern", A_TEXT),
    p("zone", A_TEXT, default="'UTC'", check=zone_named),
)


@operator(
    "Dateformat", GROUP,
    f"The date as text. Patterns: {_TOKENS}; text in [brackets] stays as it is. {_DATE} It is shown in UTC, or in the "
    "zone that is named.",
    *_PATTERN_PARAMETERS, returns=TEXT,
    examples={"$Dateformat('2024-02-09', 'DD/MM/YYYY')": "09/02/2024",
              "$Dateformat('2024-07-01T12:00:00Z', 'HH:mm', 'Europe/Amsterdam')": "14:00"},
)  # fmt: skip
def date_format(date: str | float, pattern: str, zone: str = "UTC") -> str:
    """By a pattern."""
    reserve(9 * len(pattern))
    return formatted(read_moment(date, 0), pattern, zone)


operator(
    "Format", GROUP, "The same as `$Dateformat`.", *_PATTERN_PARAMETERS, returns=TEXT,
    examples={"$Format('2024-02-09', '[day] D')": "day 9"},
)(date_format)  # fmt: skip


@operator(
    "DateAdd", GROUP,
    f"The date so many units later, in ISO 8601 UTC. {_DATE} Units: {', '.join((*UNITS, *MONTHS))}, singular too. "
    "Months and years clip to the last day of the month.",
    p("date", A_DATE), p("n", A_NUMBER), p("unit", A_TEXT, check=_unit), returns=TEXT,
    examples={"$DateAdd('2024-01-31', 1, 'month')": "2024-02-29T00:00:00Z",
              "$DateAdd('2024-02-09T00:00:00Z', -24, 'hours')": "2024-02-08T00:00:00Z"},
)  # fmt: skip
def date_add(date: str | float, number: float, unit: str) -> str:
    """So many units later."""
    moment, name = read_moment(date, 0), _unit(unit)
    try:
        if name in UNITS:
            return iso_text(moment + timedelta(milliseconds=int(number * UNITS[name])))
        if number != int(number):
            raise BadValue(f"n must be a whole number of {name}.", argument=1)
        return iso_text(_months_later(moment, int(number) * MONTHS[name]))
    except (OverflowError, ValueError):
        raise BadValue("the result is out of range: years 1 to 9999.", argument=1) from None


@operator(
    "DateDiff", GROUP,
    f"How many whole units b is later than a, cut towards zero. {_DATE} Units as for `$DateAdd`.",
    p("a", A_DATE), p("b", A_DATE), p("unit", A_TEXT, check=_unit), returns=NUMBER,
    examples={"$DateDiff('2024-02-09T00:00:00Z', '2024-02-12T12:00:00Z', 'days')": 3,
              "$DateDiff('2024-03-01', '2024-01-15', 'months')": -1},
)  # fmt: skip
def date_diff(first: str | float, second: str | float, unit: str) -> int:
    """Whole units between."""
    start, end, name = read_moment(first, 0), read_moment(second, 1), _unit(unit)
    sign = 1 if end >= start else -1
    early, late = (start, end) if sign > 0 else (end, start)
    if name in UNITS:
        return sign * ((milliseconds_of(late) - milliseconds_of(early)) // UNITS[name])
    return sign * (_whole_months(early, late) // MONTHS[name])


def _whole_months(early: datetime, late: datetime) -> int:
    months = (late.year - early.year) * 12 + late.month - early.month
    return months - (months > 0 and _months_later(early, months) > late)


def _months_later(moment: datetime, months: int) -> datetime:
    """Clipped to the last day. Raises OverflowError or ValueError beyond the years 1 to 9999."""
    if abs(months) > _MOST_MONTHS:
        raise OverflowError(months)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError(year)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))
