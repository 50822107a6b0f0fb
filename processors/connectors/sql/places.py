"""Where databases that only say what is wrong found it: in what they were sent, and so in what a person wrote."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import Final

from products.lib.sql_places import SqlPlace, only_place, place_in
from products.lib.sql_statements import Statement

_TRIED: Final = 20_000  # characters of a wrong statement in which its place is looked for
_TRIES: Final = 50
_SQLITE_NEAR: Final = re.compile(r'\Anear "(.*)": syntax error\Z', re.DOTALL)
_SQLITE_NAMED: Final = re.compile(r"\A(?:no such (?:column|table|function)|ambiguous column name): (\S+)\Z")
_MYSQL_NEAR: Final = re.compile(r"near '(.*)' at line (\d+)\Z", re.DOTALL)
_QUOTED: Final = 80  # characters that MySQL and MariaDB quote of a wrong statement
_MYSQL_NAMED: Final = re.compile(
    r"\A(?:Unknown column|Table|FUNCTION) '?(?:[^'. ]+\.)*([^'. ]+)'? (?:in|doesn't|does not)"
)


def mysql_place(statement: Statement, bound: tuple[str, ...], text: str, message: str) -> SqlPlace | None:
    """`text` is what was sent, with the values `bound` in it."""
    at = _mysql_offset(message, text)
    return place_in(statement, bound, at) if at >= 0 else None


def sqlite_place(statement: Statement, message: str) -> SqlPlace | None:
    """SQLite's module does not say where, only what: `near "x"`, or the name of what is not there."""
    text = "?".join(statement.pieces)
    if message == "incomplete input":
        at = len(text.rstrip())
    elif found := _SQLITE_NEAR.search(message):
        at = _near(text, found[1], message)
    elif found := _SQLITE_NAMED.search(message):
        at = only_place(found[1].rpartition(".")[2], text)
    else:
        at = -1
    return place_in(statement, ("?",) * len(statement.values), at) if at >= 0 else None


def _near(text: str, word: str, message: str) -> int:
    """The first `word` with which the text becomes wrong, tried in a database that is empty; -1 where none does."""
    places = [each.start() for each in re.finditer(re.escape(word), text[:_TRIED])][:_TRIES]
    with closing(sqlite3.connect(":memory:")) as empty:
        return next((at for at in places if _says(empty, text[: at + len(word)]) == message), -1)


def _says(empty: sqlite3.Connection, text: str) -> str:
    """Nothing is run: EXPLAIN only compiles."""
    try:
        marks = text.count("?")
        empty.execute(text if text[:7].upper() == "EXPLAIN" else f"EXPLAIN {text}", (None,) * marks).close()
    except (sqlite3.Error, ValueError) as error:
        return str(error)
    return ""


def _mysql_offset(message: str, text: str) -> int:
    """Where in `text` the error is: the server quotes what follows it and counts its line; or names what is not there.

    -1 where that is not clear.
    """
    if found := _MYSQL_NEAR.search(message):
        words, line = found[1], int(found[2])
        if len(words) < _QUOTED:  # it is all that follows
            return _word_at(text, len(text) - len(words)) if text.endswith(words) else -1
        places = [each.start() for each in re.finditer(re.escape(words), text)]
        return next((_word_at(text, at) for at in places if text.count("\n", 0, at) + 1 == line), -1)
    found = _MYSQL_NAMED.search(message)
    return only_place(found[1], text) if found else -1


def _word_at(text: str, at: int) -> int:
    """Behind the spaces that come first; at the end of the text there is no word."""
    rest = text[at:].lstrip()
    return len(text) - len(rest) if rest else len(text.rstrip())
