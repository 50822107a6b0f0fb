"""What no client sends by mistake: bodies, addresses, query strings and headers that break parsers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

DEEP = 100_000
DIGITS = 4_301  # one more than Python converts
MANY = 10_000


def unusable_bodies(good: dict[str, Any], name: str) -> Iterator[tuple[str, bytes]]:
    """Bodies that no operation may take, by name; `name` is a field of it."""
    rest = {key: value for key, value in good.items() if key != name}

    def with_value(raw: bytes) -> bytes:
        return json.dumps(rest).encode()[:-1] + (b", " if rest else b"") + b'"' + name.encode() + b'": ' + raw + b"}"

    yield "cut", b'{"' + name.encode()
    yield "not UTF-8", with_value(b'"\xff\xfe"')
    yield "UTF-16", json.dumps(good).encode("utf-16")
    yield "twice the same key", with_value(b'1, "' + name.encode() + b'": 2')
    for root in (b"[]", b'"text"', b"7", b"true", b"null", b"NaN"):
        yield f"root {root.decode()}", root
    for label, raw in (
        ("deep lists", b"[" * DEEP + b"]" * DEEP),
        ("deep objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP),
        ("digits", b"9" * DIGITS),
        ("1e400", b"1e400"),
        ("-1e400", b"-1e400"),
        ("NaN", b"NaN"),
        ("Infinity", b"Infinity"),
        ("half a character", b'"\\ud800"'),
        ("NUL", b'"a\\u0000b"'),
        ("raw control", b'"a\x00b"'),
        ("half a character in a key", b'{"\\udfff": 1}'),
        ("NUL in a key", b'{"a\\u0000": 1}'),
    ):
        yield label, with_value(raw)
    yield "unknown keys", json.dumps({**good, **{f"k{number}": 1 for number in range(MANY)}}).encode()


# Each is a whole part of an address, as it is sent.
ODD_PARTS = (
    "%00", "a%00b", "%ff", "%ed%a0%80", "%0a", "%0d%0aX-Injected:%201", "%2e%2e", "..%2f..%2fetc", "%F0%9F%92%A9",
    "a" * 5_000, "%252e", "%E2%80%AE", "'%22%3B--", "%7B%7Ba%7D%7D",
)  # fmt: skip
ODD_QUERIES = (
    "limit=1000000000", "limit=-1", "limit=0", "limit=1e3", f"limit={'9' * 5_000}", "limit=%00", "limit=1&limit=2",
    "page=1000000000", "offset=-1", "order_by=password", "ordering=-password", "sort=created_by__password",
    "a__b__c=", "workspace__tag__startswith=e", "created_by__password__startswith=m", "id__in=1,2,3",
    "cursor=%00", "cursor=x", "cursor=cD1ub3RoaW5n", "cursor=cj0xJnA9NDg3", "cursor=bz05OTk5OTk5OTk5OTk5OTk5OTk5",
    "cursor=%ff%fe", f"cursor={'A' * 6_000}", "q=%00", "q=%ff", f"q={'x' * 5_000}", "state=%00", "%00=1", "%ff=1", "=",
    "&".join(f"p{number}=1" for number in range(2_000)), "&".join(f"p{number}=1" for number in range(2_001)),
    "&".join(f"id={number}" for number in range(1_900)), f"id={','.join(map(str, range(10_000)))}",
)  # fmt: skip
ODD_HEADERS = (
    {"If-None-Match": "\x00"},
    {"If-None-Match": '"' + "x" * 50_000},
    {"If-Match": "\xff\xfe"},
    {"If-Match": '"a'},
    {"Idempotency-Key": "\x00"},
    {"Idempotency-Key": "\xff\xfe"},
    {"Idempotency-Key": "k" * 5_000},
    {"X-Request-ID": "\xff\n\x1b[31m"},
    {"X-Forwarded-For": "\x00, ' OR 1=1"},
    {"Cookie": "sessionid=\x00; csrftoken=\xff"},
    {"Cookie": "sessionid=" + "a" * 20_000},
    {"Cookie": "\xff;=;;;" * 200},
    {"Accept-Language": "\xff" * 2_000},
    {"Range": "bytes=-1"},
    {"Expect": "\xff"},
)
ODD_KINDS = (
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
    "application/jsonx", "text/json", "\xff\xfe", "application/json/x", "a" * 5_000, ";;;",
)  # fmt: skip
ODD_FILE_NAMES = (
    "a\x00b.json", "../../etc/passwd", "..\\..\\boot.ini", "\u202egpj.json", "a" * 5_000, "\n.json", "", ".", "é\u0301",
    "CON", "{{x}}.json", '"; filename="b',
)  # fmt: skip
