"""What one input of bytes means: its first byte says how it is read."""

from __future__ import annotations

import json

from tests.fuzz.language.making import Bytes, document, expression, words
from tests.fuzz.language.probe import examine_condition, examine_feature, examine_template


def examine(data: bytes) -> None:
    """Raises AssertionError, or whatever else is wrong with us."""
    given = Bytes(data)
    match given.number(6):
        case 0:
            _text(given.rest().decode("utf-8", "surrogateescape"))
        case 1:
            _text(words(given))
        case 2 | 3:
            source = expression(given)
            examine_condition(source)
            examine_template([source, {"k": f"<{source}>"}])
        case 4:
            examine_feature(document(given))
        case _:
            try:
                found = json.loads(given.rest())
            except (ValueError, RecursionError):
                return
            examine_feature(found)
            examine_template(found)


def _text(source: str) -> None:
    examine_template(source)
    examine_condition(source)
