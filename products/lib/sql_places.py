"""Where in the text that a person wrote a database found something wrong, though it was sent another one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from products.lib.sql_statements import Statement

SHOWN: Final = 120  # characters of a line that are shown
_BEFORE: Final = 80  # of them at most before the place


@dataclass(frozen=True, slots=True)
class SqlPlace:
    """`line` and `column` count from 1, in characters. `excerpt` is the line, and a caret beneath the place."""

    line: int
    column: int
    excerpt: str


def place_in(statement: Statement, bound: Sequence[str], at: int) -> SqlPlace | None:
    """Of the character `at` (from 0) of what was sent, in which `bound` stand for the values. None if nobody knows."""
    source = _in_source(statement, bound, at)
    if source is None:
        return None
    text = statement.source
    source = max(0, min(source, len(text.rstrip())))
    start = text.rfind("\n", 0, source) + 1
    line = text[start:].partition("\n")[0].rstrip("\r")
    column = source - start
    return SqlPlace(text.count("\n", 0, source) + 1, column + 1, _excerpt(line, column))


def only_place(word: str, text: str) -> int:
    """Where a name stands that is there once; -1 where it is not, or more often."""
    found = [each.start() for each in re.finditer(rf"(?<![\w$]){re.escape(word)}(?![\w$])", text, re.IGNORECASE)]
    return found[0] if len(found) == 1 else -1


def _in_source(statement: Statement, bound: Sequence[str], at: int) -> int | None:
    """A value that is bound is where its placeholder stands."""
    sent = 0
    for number, (piece, place) in enumerate(zip(statement.pieces, statement.places, strict=False)):
        is_last = number == len(statement.pieces) - 1
        if at < sent + len(piece) or is_last:
            found = place.start + min(at - sent, place.length)
            return found if found >= 0 else None
        sent += len(piece)
        if at < sent + len(bound[number]):
            return place.start + place.length
        sent += len(bound[number])
    return None


def _excerpt(line: str, column: int) -> str:
    start = max(0, column - _BEFORE) if len(line) > SHOWN else 0
    shown, cut = line[start : start + SHOWN], "…" if start else ""
    after = "…" if start + SHOWN < len(line) else ""
    beneath = "".join("\t" if each == "\t" else " " for each in cut + line[start:column])
    return f"{cut}{shown}{after}\n{beneath}^"
