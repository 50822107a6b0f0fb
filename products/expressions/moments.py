"""Points in time: read from ISO 8601 or milliseconds, written by pattern, in any zone; milliseconds since 1970 UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from products.expressions.errors import BadValue
from products.expressions.suggestions import did_you_mean, shortened

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
FIRST: Final = -62135596800000  # 0001-01-01
LAST: Final = 253402300799999  # 9999-12-31T23:59:59.999
_ISO = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:-?W(?P<week>[0-9]{2})(?:-?(?P<weekday>[1-7]))?"
    r"|-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?"
    r"|(?P<month2>[0-9]{2})(?P<day2>[0-9]{2})"
    r"|-?(?P<ordinal>[0-9]{3}))?"
    r"(?:[Tt ](?P<hour>[0-9]{2})"
    r"(?::?(?P<minute>[0-9]{2})(?::?(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,30}))?)?)?"
    r"[ ]?(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_MILLISECONDS = re.compile(r"-?[0-9]{9,18}")
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})?")
_MACHINES_OWN: Final = frozenset({"localtime", "posixrules", "Factory"})
_TOKEN = re.compile(r"\[([^\]]*)\]|YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|HH|H|hh|h|mm|m|ss|s|SSS|A|a|Z")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def read_moment(value: str | float, argument: int) -> datetime:
    """The moment in UTC, to the millisecond. Raises BadValue, about that argument."""
    if not isinstance(value, str):
        return _from_milliseconds(value, argument)
    text = value.strip()
    if _MILLISECONDS.fullmatch(text):
        return _from_milliseconds(int(text), argument)
    found = _ISO.fullmatch(text)
    if found is None:
        hint = "A date is ISO 8601 text such as 2026-01-31 or 2026-01-31T09:30:00Z, or milliseconds since 1970."
        raise BadValue(f"{_quoted(value)} is not a date.", argument=argument, suggestion=hint)
    try:
        return _from_parts(found)
    except (ValueError, OverflowError):
        raise BadValue(f"{_quoted(value)} is not a date that exists.", argument=argument) from None


def _quoted(text: str) -> str:
    return f"“{text}”" if len(text) <= 40 and "\n" not in text else f"a text of {len(text)} characters"


def _from_milliseconds(value: float, argument: int) -> datetime:
    if not FIRST <= value <= LAST:
        raise BadValue("the milliseconds are out of range: years 1 to 9999.", argument=argument)
    return EPOCH + int(value) * _MILLISECOND


def _from_parts(found: re.Match[str]) -> datetime:
    part = found.groupdict()
    year = int(part["year"])
    if part["week"]:
        day = datetime.fromisocalendar(year, int(part["week"]), int(part["weekday"] or 1)).replace(tzinfo=UTC)
    elif part["ordinal"]:
        day = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=int(part["ordinal"]) - 1)
        if day.year != year:
            raise ValueError(part["ordinal"])
    else:
        month, number = part["month"] or part["month2"] or "1", part["day"] or part["day2"] or "1"
        day = datetime(year, int(month), int(number), tzinfo=UTC)
    return day + _time_of_day(part) - _offset(part["zone"] or "Z")


def _time_of_day(part: dict[str, str | None]) -> timedelta:
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    fraction = int((part["fraction"] or "0")[:3].ljust(3, "0"))
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second or fraction)):
        raise ValueError(hour)
    return timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=fraction)


def _offset(zone: str) -> timedelta:
    found = _OFFSET.fullmatch(zone)
    if found is None:
        return timedelta()
    hours, minutes = int(found[2]), int(found[3] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    made = timedelta(hours=hours, minutes=minutes)
    return made if found[1] == "+" else -made


def milliseconds_of(moment: datetime) -> int:
    """Since 1970."""
    return (moment - EPOCH) // _MILLISECOND


def iso_text(moment: datetime) -> str:
    """`2026-01-31T09:30:00Z`, with three digits of the second's fraction where there is one."""
    text = moment.strftime("%m-%dT%H:%M:%S")
    fraction = moment.microsecond // 1000
    return f"{moment.year:04d}-{text}{f'.{fraction:03d}' if fraction else ''}Z"


@lru_cache(maxsize=128)
def zone_named(name: str) -> tzinfo:
    """A zone of the IANA database, or an offset such as +02:00. Raises BadValue."""
    if name in {"UTC", "Z"}:
        return UTC
    try:
        if _OFFSET.fullmatch(name):
            return timezone(_offset(name))
        if name in _MACHINES_OWN or len(name) > 60:
            raise ZoneInfoNotFoundError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(name, sorted(available_timezones()), form="'{}'")
        words = f"“{shortened(name)}” is an unknown time zone."
        raise BadValue(words, argument=2, suggestion=hint or "Names look like 'Europe/Amsterdam'.") from None


def formatted(moment: datetime, pattern: str, zone: str) -> str:
    """The moment as the pattern says. Raises BadValue."""
    try:
        local = moment.astimezone(zone_named(zone))
    except OverflowError:
        raise BadValue("the date is out of range in this zone.", argument=0) from None
    return _TOKEN.sub(lambda found: found[1] if found[1] is not None else _written(found[0], local), pattern)


def _written(part: str, at: datetime) -> str:
    match part:
        case "A" | "a":
            half = "AM" if at.hour < 12 else "PM"
            return half if part == "A" else half.lower()
        case "MMMM" | "MMM":
            return _MONTHS[at.month - 1][: 3 if part == "MMM" else None]
        case "dddd" | "ddd":
            return _DAYS[at.weekday()][: 3 if part == "ddd" else None]
        case "YYYY" | "YY":
            return f"{at.year:04d}"[-len(part) :]
        case "Z":
            return _offset_text(at)
    numbers = {"M": at.month, "D": at.day, "H": at.hour, "h": at.hour % 12 or 12, "m": at.minute, "s": at.second}
    return str(numbers.get(part[0], at.microsecond // 1000)).zfill(len(part))


def _offset_text(at: datetime) -> str:
    minutes = int((at.utcoffset() or timedelta()).total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
