"""One event is one record: what strangers put into logged fields can start no line, colour nothing and fill no disk.

OWASP ASVS 5.0, 16.4.1. Control characters are shown as Python writes them, long texts are cut.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

LONGEST = 8_000  # characters of one field
LONGEST_TRACEBACK = 64_000
LONGEST_NAME = 100
MARGIN = "    | "  # before each line of a traceback, so that none can pass for a record
_TRACES = ("exception", "stack")
# C0 and C1 controls, line and paragraph separators, and what changes the direction of writing.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_UNSEEN_IN_TRACES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_PASSWORD = re.compile(r"(://[^/\s:@]{1,100}:)[^/\s@]{1,200}@")


def one_record(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every field of an event made safe to print; a traceback keeps its lines."""
    return {_seen(name, LONGEST_NAME): _field(name, value) for name, value in event.items()}


def with_margin(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Tracebacks set in, for a console."""
    for name in _TRACES:
        if isinstance(event.get(name), str):
            event[name] = "\n".join(MARGIN + line for line in event[name].split("\n"))
    return event


def _field(name: str, value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return _trace(value) if name in _TRACES else _seen(value, LONGEST)
    if name in {"_record", "_from_structlog", "exc_info"}:
        return value
    text = repr(value)
    return value if len(text) <= LONGEST else _seen(text, LONGEST)


def _trace(text: str) -> str:
    """The end of a traceback says most. A database's address with its password is no news to anybody."""
    cut = text if len(text) <= LONGEST_TRACEBACK else f"… {text[-LONGEST_TRACEBACK:]}"
    return _PASSWORD.sub(r"\1***@", _UNSEEN_IN_TRACES.sub(_spelt, cut))


def _seen(text: str, longest: int) -> str:
    more = len(text) - longest
    if more > 0:
        text = text[:longest]
    text = _UNSEEN.sub(_spelt, text) if _UNSEEN.search(text) else text
    return f"{text}… ({more} more characters)" if more > 0 else text


def _spelt(found: re.Match[str]) -> str:
    return repr(found[0])[1:-1]
