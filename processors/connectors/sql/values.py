"""What databases give, as JSON that is the same whichever database gave it.

- dates and times: ISO 8601, without zeros at the end of fractions; what has a zone is in UTC, with Z
- whole numbers and decimals without places: numbers; decimals with places: text, with every digit (`"12.50"`)
- bytes: base64; UUIDs, addresses, ranges: text; JSON: JSON; truth values: true and false
- numbers that JSON does not have: the texts "NaN", "Infinity", "-Infinity"
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from products.lib.jsontypes import MAX_INT_BITS, Json, JsonObject, clean_text

_FRACTION: Final = re.compile(r"(\.\d*?)0+(?=\D|\Z)")
_OFFSET: Final = re.compile(r"[+-]00(:?00)?\Z")
_CELL: Final = 16  # bytes that a value takes in an answer besides its text


def moment(text: str) -> str:
    """A date with a time, as databases write it, in ISO 8601. A zone of zero becomes Z."""
    found = text.replace(" ", "T", 1)
    found = _OFFSET.sub("Z", found)
    return _short_fraction(found) if "." in found else found


def moment_in_utc(text: str) -> str:
    """Of a column that has a zone: the session's is UTC."""
    found = moment(text)
    return found if found.endswith(("Z", "BC")) or not found[:1].isdigit() else f"{found}Z"


def clock(text: str) -> str:
    """A time of day."""
    return _short_fraction(text) if "." in text else text


def decimal_text(text: str) -> Json:
    """A number where there are no places after the point, else the text with every digit."""
    if "." in text or "e" in text.lower():
        return text
    try:
        whole = int(text)
    except ValueError:
        return text  # NaN, Infinity
    return whole if whole.bit_length() <= MAX_INT_BITS else text


def floating(value: float) -> Json:
    """JSON has no NaN and no infinities."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def json_value(text: str | bytes) -> Json:
    """A JSON column's value. What is none, which SQLite stores all the same, stays text."""
    try:
        return plain(json.loads(text))
    except (ValueError, RecursionError):
        return clean_text(text if isinstance(text, str) else text.decode("utf-8", "replace"))


def base64_text(data: bytes | bytearray | memoryview) -> str:
    """Bytes as text."""
    return base64.b64encode(data).decode("ascii")


def plain(value: Any) -> Json:
    """Any value that a driver gives, as JSON."""
    made = _PLAIN.get(type(value))
    if made is not None:
        return made(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(str(key)): plain(item) for key, item in value.items()}
    return clean_text(str(value))


def column_names(names: Sequence[str]) -> tuple[str, ...]:
    """Each once: the second `id` of a join is `id_2`."""
    wanted = [clean_text(name) for name in names]
    given: dict[str, None] = {}
    for name in wanted:
        number, chosen = 1, name
        while chosen in given or (number > 1 and chosen in wanted):
            number += 1
            chosen = f"{name}_{number}"
        given[chosen] = None
    return tuple(given)


def weight(row: JsonObject) -> int:
    """About how many bytes a row takes in an answer."""
    return sum(_CELL + len(key) + _size(value) for key, value in row.items())


def _size(value: Json) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    return len(json.dumps(value, default=str)) if isinstance(value, (dict, list)) else 0


def _short_fraction(text: str) -> str:
    short = _FRACTION.sub(r"\1", text, count=1)
    return re.sub(r"\.(?=\D|\Z)", "", short, count=1)


def _whole(value: int) -> Json:
    return value if value.bit_length() <= MAX_INT_BITS else str(value)


def _decimal(value: Decimal) -> Json:
    try:
        return decimal_text(format(value, "f"))
    except (InvalidOperation, ValueError):
        return str(value)


def _datetime(value: datetime) -> str:
    return moment((value.astimezone(UTC) if value.tzinfo else value).isoformat())


def _duration(value: timedelta) -> str:
    seconds = value.days * 86_400 + value.seconds
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    text = f"{sign}{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return clock(f"{text}.{value.microseconds:06}") if value.microseconds else text


def _same(value: Json) -> Json:
    return value


_PLAIN: Final[dict[type, Callable[[Any], Json]]] = {
    type(None): _same, bool: _same, str: clean_text, int: _whole, float: floating, Decimal: _decimal,
    datetime: _datetime, date: date.isoformat, time: lambda value: clock(value.isoformat()), timedelta: _duration,
    UUID: str, bytes: base64_text, bytearray: base64_text, memoryview: base64_text,
}  # fmt: skip
