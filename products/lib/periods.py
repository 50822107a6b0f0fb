"""Lengths of time as people configure them: a number and a period name, in seconds."""

from __future__ import annotations

import math
import re

PERIODS: dict[str, int] = {
    "secs": 1,
    "mins": 60,
    "hours": 3_600,
    "days": 86_400,
    "weeks": 604_800,
    "months": 2_592_000,  # 30 days
    "years": 31_536_000,  # 365 days
}
_SPELLINGS: dict[str, str] = {
    "s": "secs", "sec": "secs", "second": "secs", "seconds": "secs",
    "m": "mins", "min": "mins", "minute": "mins", "minutes": "mins",
    "h": "hours", "hour": "hours", "d": "days", "day": "days",
    "w": "weeks", "week": "weeks", "month": "months", "year": "years",
}  # fmt: skip


_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*")


class PeriodError(ValueError):
    """The length of time cannot be understood; the message says why."""


def period_seconds(count: float, period: str) -> float:
    """How many seconds `count` `period`s are. Raises PeriodError for an unknown period or a count that is not > 0."""
    name = period.strip().lower()
    unit = PERIODS.get(_SPELLINGS.get(name, name))
    if unit is None:
        raise PeriodError(f"Unknown period “{period[:40]}”: use one of {', '.join(PERIODS)}.")
    if isinstance(count, bool) or not math.isfinite(count) or count <= 0:
        raise PeriodError("A length of time must be a number above zero.")
    return count * unit


def duration_seconds(given: float | str) -> float:
    """The seconds of a number of seconds or of a text such as `250ms`, `10s`, `1h30m`, `3 days`. Raises PeriodError."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise PeriodError("A length of time is a number of seconds or a text such as 10s, 5m or 2h.")
    if not isinstance(given, str):
        return period_seconds(given, "secs")
    text = given.strip().lower()
    total, at = 0.0, 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise PeriodError(f"“{given[:40]}” is no length of time: write 250ms, 10s, 5m, 2h or 3d.")
        number, unit = float(part[1]), part[2]
        total += number / 1000 if unit in {"ms", "millisecond", "milliseconds"} else _of(number, unit)
        at = part.end()
    if not math.isfinite(total) or total <= 0:
        raise PeriodError("A length of time must be above zero.")
    return total


def _of(count: float, unit: str) -> float:
    return period_seconds(count, unit) if count else 0.0
