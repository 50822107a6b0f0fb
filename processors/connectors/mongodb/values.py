"""JSON to BSON and back: extended JSON in, where an operation says so; plain JSON out, as SQL databases give it.

Out: ObjectIds and UUIDs as text, moments in UTC with Z, decimals with places as text, bytes as base64.
Rules of extended JSON: the MongoDB specification “Extended JSON v2”, canonical and relaxed.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from bson import Binary, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS
from bson.errors import BSONError

from products.lib.jsontypes import Json, JsonObject, clean_text

CODEC: Final[CodecOptions[Any]] = CodecOptions(
    tz_aware=True, tzinfo=UTC, uuid_representation=4, unicode_decode_error_handler="replace",
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)  # fmt: skip
MAX_DEPTH: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION: Final = re.compile(r"\.?0+(?=Z\Z)")


class ValueProblem(ValueError):
    """A value is written as extended JSON and is not; the message is for people and does not repeat it."""


def to_bson(value: Json) -> Any:
    """Raises ValueProblem."""
    if isinstance(value, list):
        return [to_bson(item) for item in value]
    if not isinstance(value, dict):
        return _number(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if len(value) == 1:
        name, inner = next(iter(value.items()))
        made = _READERS.get(name)
        if made is not None:
            try:
                return made(inner)
            except (ValueError, TypeError, ArithmeticError, KeyError, BSONError):
                raise ValueProblem(f"What stands under {name} is not of that kind.") from None
    return {key: to_bson(inner) for key, inner in value.items()}


def from_bson(value: Any, depth: int = 0) -> Json:
    """Plain JSON. What is nested deeper than anything here can be is cut."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return {clean_text(str(key)): from_bson(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [from_bson(item, depth + 1) for item in value]
    for type_, made in _WRITERS:
        if isinstance(value, type_):
            return made(value)
    return clean_text(str(value))


def type_name(value: Any) -> str:
    """What a field holds, for people: the names of MongoDB's own `$type`."""
    for type_, name in _NAMES:
        if isinstance(value, type_):
            return name
    return "null" if value is None else type(value).__name__.lower()


def _number(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise ValueProblem("A whole number has at most 64 bits here.")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _date(value: Json) -> datetime:
    if isinstance(value, dict):  # canonical: {"$numberLong": "milliseconds"}
        value = int(value["$numberLong"])
    if isinstance(value, int):
        return _EPOCH + timedelta(milliseconds=value)
    moment = datetime.fromisoformat(_text(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _binary(value: Json) -> Binary:
    data, kind = (value["base64"], int(value.get("subType", "0"), 16)) if isinstance(value, dict) else (value, 0)
    return Binary(base64.b64decode(_text(data), validate=True), kind)


def _regex(value: JsonObject) -> Regex[str]:
    return Regex(_text(value["pattern"]), _text(value.get("options", "")))


def _int64(value: Json) -> Int64:
    return Int64(_number(int(_text(value))))


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "$oid": lambda value: ObjectId(_text(value)),
    "$date": _date,
    "$uuid": lambda value: Binary.from_uuid(UUID(_text(value))),
    "$numberInt": lambda value: _number(int(_text(value))),
    "$numberLong": _int64,
    "$numberDouble": lambda value: float(_text(value)),
    "$numberDecimal": lambda value: Decimal128(_text(value)),
    "$binary": _binary,
    "$regularExpression": _regex,
    "$minKey": lambda _: MinKey(),
    "$maxKey": lambda _: MaxKey(),
}


def _moment(value: datetime) -> str:
    text = (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None).isoformat() + "Z"
    return _FRACTION.sub("", text) if "." in text else text


def _double(value: float) -> Json:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decimal(value: Decimal128) -> Json:
    text = str(value.to_decimal()) if "E" not in str(value) else format(value.to_decimal(), "f")
    return int(text) if text.lstrip("-").isdigit() and len(text) < 300 else text


def _bytes(value: bytes) -> str:
    if isinstance(value, Binary) and value.subtype == 4 and len(value) == 16:
        return str(UUID(bytes=bytes(value)))
    return base64.b64encode(bytes(value)).decode("ascii")


_WRITERS: Final[tuple[tuple[Any, Callable[[Any], Json]], ...]] = (
    ((type(None), bool), lambda value: value),
    (str, clean_text),
    (int, int),
    (float, _double),
    ((ObjectId, UUID), str),
    (datetime, _moment),
    (DatetimeMS, lambda value: str(int(value))),
    (Decimal128, _decimal),
    (bytes, _bytes),
    (Timestamp, lambda value: _moment(_EPOCH + timedelta(seconds=value.time))),
    (Regex, lambda value: clean_text(f"/{value.pattern}/")),
    (re.Pattern, lambda value: clean_text(f"/{value.pattern}/")),
    (MinKey, lambda _: "MinKey"),
    (MaxKey, lambda _: "MaxKey"),
)
_NAMES: Final[tuple[tuple[Any, str], ...]] = (
    (bool, "bool"), (Int64, "long"), (int, "int"), (float, "double"), (str, "string"), (dict, "object"),
    (list, "array"), (ObjectId, "objectId"), ((datetime, DatetimeMS), "date"), (Decimal128, "decimal"),
    ((UUID, bytes), "binData"), (Timestamp, "timestamp"), ((Regex, re.Pattern), "regex"),
)  # fmt: skip
