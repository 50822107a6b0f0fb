"""How values of a definition stand in the fields of a panel: texts and expressions as they are, the rest as JSON."""

from __future__ import annotations

import json
import re

from products.lib.jsontypes import Json, JsonError, JsonObject, parse_json

MAX_BYTES = 600_000
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_STARTS = ("{", "[", '"')
_WORDS = ("true", "false", "null")


class PanelError(ValueError):
    """What stands in the field is no value; the message is for people."""


def text_of(value: Json) -> str:
    """The text of a field: expressions bare, objects over several lines, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, str) and value.strip() and not _looks_like_json(value):
        return value
    return json.dumps(value, indent=2 if isinstance(value, (dict, list)) else None, ensure_ascii=False)


def value_of(text: str) -> Json:
    """What the text stands for: JSON when it looks like JSON, else the text itself. Raises PanelError."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        return None
    if not _looks_like_json(text):
        return text
    try:
        return parse_json(text, max_bytes=MAX_BYTES)
    except JsonError as error:
        place = f" (line {error.line}, column {error.column})" if error.line else ""
        raise PanelError(f"{error.message}{place}") from None


def number_of(text: str, *, whole: bool) -> Json:
    """A number. Raises PanelError."""
    text = text.strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text) or len(text) > 20 or (whole and not text.lstrip("-").isdigit()):
        raise PanelError("This must be a whole number." if whole else "This must be a number.")
    return int(text) if text.lstrip("-").isdigit() else float(text)


def at_path(row: JsonObject, path: str) -> Json:
    """The value at "rollback/input"; None where there is none."""
    value: Json = row
    for key in path.split("/"):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def with_path(row: JsonObject, path: str, value: Json) -> JsonObject:
    """A copy with the value at the path; None takes it away, and objects that hold nothing any more with it."""
    key, _, rest = path.partition("/")
    if rest:
        inner = row.get(key)
        value = with_path(inner if isinstance(inner, dict) else {}, rest, value) or None
    changed = {**row, key: value}
    if value is None:
        del changed[key]
    return changed


def _looks_like_json(text: str) -> bool:
    text = text.strip()
    return text.startswith(_STARTS) or text in _WORDS or bool(_NUMBER.fullmatch(text))
