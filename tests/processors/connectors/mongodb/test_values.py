"""JSON to BSON and back: pure."""

from __future__ import annotations

import math
import uuid
from datetime import UTC, datetime

import bson
import pytest
from bson import Binary, Decimal128, Int64, MinKey, ObjectId, Regex, Timestamp

from processors.connectors.mongodb.values import CODEC, ValueProblem, from_bson, to_bson, type_name

OID, UID = "5f43a1b2c3d4e5f601234567", "0b6a7f0e-52a1-4c0e-9c8b-3f8a4f6f9d11"
BOTH = [
    ({"$oid": OID}, ObjectId(OID), OID),
    ({"$date": "2026-01-31T12:00:00+02:00"}, datetime(2026, 1, 31, 10, tzinfo=UTC), "2026-01-31T10:00:00Z"),
    ({"$date": "2026-01-31"}, datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31T00:00:00Z"),
    ({"$date": {"$numberLong": "250"}}, datetime(1970, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC), "1970-01-01T00:00:00.25Z"),
    ({"$uuid": UID}, Binary.from_uuid(uuid.UUID(UID)), UID),
    ({"$numberLong": "9007199254740993"}, Int64(9007199254740993), 9007199254740993),
    ({"$numberDecimal": "12.50"}, Decimal128("12.50"), "12.50"),
    ({"$numberDecimal": "12"}, Decimal128("12"), 12),
    ({"$numberDouble": "1.5"}, 1.5, 1.5),
    ({"$numberDouble": "NaN"}, None, "NaN"),
    ({"$binary": {"base64": "AAEC", "subType": "00"}}, Binary(b"\x00\x01\x02"), "AAEC"),
    ({"$regularExpression": {"pattern": "^a", "options": "i"}}, Regex("^a", "i"), "/^a/"),
    ({"a": [{"$oid": OID}], "b": {"$set": 1, "c": 2}}, {"a": [ObjectId(OID)], "b": {"$set": 1, "c": 2}}, None),
]


@pytest.mark.parametrize(("given", "made", "shown"), BOTH, ids=str)
def test_extended_json_goes_in_and_plain_json_comes_out(given, made, shown) -> None:
    value = to_bson(given)
    assert value == made or (made is None and math.isnan(value))
    stored = bson.decode(bson.encode({"x": value}), codec_options=CODEC)["x"]
    if shown is not None:
        assert from_bson(stored) == shown


@pytest.mark.parametrize(
    "given",
    [
        {"$oid": "x"},
        {"$oid": 5},
        {"$oid": None},
        {"$date": "soon"},
        {"$date": []},
        {"$uuid": "x"},
        {"$numberLong": "1e5"},
        {"$numberLong": str(2**70)},
        {"$numberDecimal": "a"},
        {"$binary": {"base64": "?"}},
        {"$binary": 5},
        2**63,
        {"$date": 10**30},
        {"$regularExpression": "a"},
    ],
    ids=str,
)
def test_J12_what_is_not_what_it_says_is_refused_without_repeating_it(given) -> None:
    with pytest.raises(ValueProblem) as refused:
        to_bson(given)
    assert "soon" not in str(refused.value)


def test_whatever_a_database_holds_becomes_json() -> None:
    odd = {
        "inf": float("inf"),
        "min": MinKey(),
        "stamp": Timestamp(60, 1),
        "far": Int64(2**62),
        "nul": "a\x00b",
        "year": bson.DatetimeMS(10**15),
        "deep": [[{"a": (1, 2)}]],
        5: "five",
    }
    assert from_bson(odd) == {
        "inf": "Infinity",
        "min": "MinKey",
        "stamp": "1970-01-01T00:01:00Z",
        "far": 2**62,
        "nul": "a\ufffdb",
        "year": str(10**15),
        "deep": [[{"a": [1, 2]}]],
        "5": "five",
    }


def test_types_have_the_servers_own_names() -> None:
    kinds = [True, 1, Int64(1), 1.5, "a", {}, [], ObjectId(), datetime.now(UTC), Decimal128("1"), None, b"x"]
    names = [
        "bool",
        "int",
        "long",
        "double",
        "string",
        "object",
        "array",
        "objectId",
        "date",
        "decimal",
        "null",
        "binData",
    ]
    assert [type_name(kind) for kind in kinds] == names
