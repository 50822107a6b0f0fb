"""Reading values of uncertain shape: each function gives its type, whatever was there."""

from __future__ import annotations

import re
from typing import Any

# What a broken part of a document can raise while it is read; it costs that part, never the rest.
SHAPE_ERRORS = (AttributeError, LookupError, TypeError, ValueError, RecursionError, OverflowError)

NAME_LENGTH = 200
PATH_LENGTH = 2000
TEXT_LENGTH = 20_000
# C0 and C1 controls, zero-width characters, bidirectional overrides and isolates, byte order mark.
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")
_HIDDEN_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def as_dict(value: Any) -> dict[str, Any]:
    """`value` if it is an object, else {}."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """`value` if it is a list, else []."""
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str:
    """`value` as text: numbers and booleans as JSON writes them, everything else but text as ""."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else ""


def as_description(value: Any) -> str:
    """Text of a description, also of Postman's `{"content": …}`, without hidden characters, at most 20,000 long."""
    text = as_text(value.get("content")) if isinstance(value, dict) else as_text(value)
    return _HIDDEN_IN_TEXT.sub("", text.replace("\r\n", "\n")).strip()[:TEXT_LENGTH]


def clean_name(value: Any) -> str:
    """One line of visible text, at most 200 long."""
    visible = _HIDDEN.sub("", " ".join(as_text(value)[: NAME_LENGTH * 4].split()))
    return visible.strip()[:NAME_LENGTH].rstrip()


def hides_characters(value: Any) -> bool:
    """Whether a name has characters that nobody sees: controls, direction overrides, zero-width."""
    return bool(_HIDDEN.search(" ".join(as_text(value).split())))


def pointer(*parts: str) -> str:
    """The JSON pointer of a place in a document."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def as_number(value: Any) -> float | None:
    """A finite number as a float, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < 1e300 else None
