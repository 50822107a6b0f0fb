"""One SQL statement, read as far as its placeholders need: where quotes, comments and names are, in each dialect.

What is read here decides what is refused when an action is saved, and which statements may be run where nothing may be
changed. That a value cannot change a statement does not rest on it: values are bound, and where a driver has to write
them into the text, in a form without quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from products.lib.placeholder_fields import LIKELY, MARK, Placeholder, PlaceholderProblem, read_placeholder

DIALECTS: Final = ("postgresql", "mysql", "sqlite")
LONGEST: Final = 100_000
_CONTROL: Final = frozenset({
    "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "XA", "UNLOCK", "DELIMITER", "USE",
})  # fmt: skip
_CONTROL_AFTER_SET: Final = frozenset({"TRANSACTION", "CHARACTERISTICS", "AUTOCOMMIT"})
_BLOCKS: Final = frozenset({"BEGIN", "DO", "DECLARE", "DELIMITER"})
_BODIES: Final = frozenset({"FUNCTION", "PROCEDURE", "TRIGGER", "EVENT", "RULE"})
_NAMES_FOLLOW: Final = frozenset({"UPDATE", "INTO", "TABLE", "JOIN", "BY", "AS"})
_PLAIN: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES", "REPLACE", "MERGE", "TABLE"})
_PLANS: Final = frozenset({"EXPLAIN", "DESCRIBE", "DESC"})
_READS: Final = _PLANS | {"SELECT", "WITH", "VALUES", "TABLE", "SHOW"}
_READS_MORE: Final = {"sqlite": frozenset({"PRAGMA"})}  # of which its authorizer lets only harmless ones through
_MAKES: Final = frozenset({"CREATE", "EXECUTE"})
_INTO_TABLES: Final = frozenset({"INSERT", "REPLACE", "MERGE"})  # which transactions that only read refuse
_TAIL: Final = r"""
    | (?P<mark>\{\{)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<number>\d[\w.]*)
    | (?P<space>\s+)
    | (?P<end>;)
    | (?P<open>['"`]|/\*)
    | (?P<other>.)
"""
_POSTGRESQL: Final = r"""
      (?P<comment>--[^\r\n]*)
    | (?P<nested>/\*)
    | (?P<quote>[eE]'(?:[^'\\]|\\.)*' | (?:[uU]&)?'[^']*' | "[^"]*")
    | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
    | (?P<foreign>\$\d+)
"""
_MYSQL: Final = r"""
      (?P<executed>/\*M?!)
    | (?P<comment>--(?=[\x00-\x20\x7f]|\Z)[^\n]* | \#[^\n]* | /\*.*?\*/)
    | (?P<quote>'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `[^`]*`)
    | (?P<foreign>\?)
"""
_SQLITE: Final = r"""
      (?P<comment>--[^\n]* | /\*.*?\*/)
    | (?P<quote>'[^']*' | "[^"]*" | `[^`]*` | \[[^\]]*\])
    | (?P<foreign>\?\d* | [@:$][^\W\d]\w*)
"""
_SCANNERS: Final = {
    "postgresql": re.compile(_POSTGRESQL + _TAIL, re.VERBOSE | re.DOTALL),
    "mysql": re.compile(_MYSQL + _TAIL, re.VERBOSE | re.DOTALL),
    "sqlite": re.compile(_SQLITE + _TAIL, re.VERBOSE | re.DOTALL),
}
_NESTING: Final = re.compile(r"/\*|\*/")


class SqlProblem(ValueError):
    """A text cannot be an action's statement; the message is for people and says where."""


@dataclass(frozen=True, slots=True)
class SqlText:
    """A statement in pieces, with a placeholder between each two. `words` are its first ones, in capitals.

    `source` is the whole text as it was written, `starts` says where in it each piece begins. `reads`: it is of a form
    that gives rows and does nothing else. What it calls may still change something: that is up to the transaction.
    """

    pieces: tuple[str, ...]
    placeholders: tuple[Placeholder, ...]
    words: tuple[str, ...]
    source: str = ""
    starts: tuple[int, ...] = (0,)
    reads: bool = False

    @property
    def plain(self) -> bool:
        """Whether it is one of the usual statements, which leave nothing behind in a connection."""
        return bool(self.words) and self.words[0] in _PLAIN


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    start: int
    end: int


@lru_cache(maxsize=2_000)
def read_sql(text: str, dialect: str) -> SqlText:
    """One statement, without the semicolon at its end. Raises SqlProblem, PlaceholderProblem."""
    if len(text) > LONGEST:
        raise SqlProblem(f"A statement may have at most {LONGEST:,} characters.")
    if "\x00" in text:
        raise SqlProblem("A statement cannot contain a NUL character.")
    reader = _Reader(text, dialect)
    for token in _tokens(text, dialect):
        reader.take(token)
    return reader.done()


def second_statement(text: str) -> str:
    """Where a second statement begins, in words, if one does whatever the dialect is; "" otherwise.

    Of routines, triggers and blocks nothing is said: their bodies hold semicolons, in each dialect in another way.
    """
    places = {_second(text, dialect) for dialect in DIALECTS}
    return "" if None in places else _where(text, min(place for place in places if place is not None))


def _second(text: str, dialect: str) -> int | None:
    words, has_ended = list[str](), False
    for token in _tokens(text, dialect):
        if token.kind in {"space", "comment"}:
            continue
        if has_ended:
            return token.start
        if token.kind == "word":
            words.append(text[token.start : token.end].upper())
        if token.kind == "open" or (words and words[0] in _BLOCKS) or not _BODIES.isdisjoint(words[:8]):
            return None
        has_ended = token.kind == "end"
    return None


class _Reader:
    """Gathers pieces, placeholders and the first words of one statement."""

    def __init__(self, text: str, dialect: str) -> None:
        self.text, self.dialect = text, dialect
        self.pieces: list[str] = []
        self.placeholders: list[Placeholder] = []
        self.starts: list[int] = []
        self.words: list[str] = []
        self.last = ""  # what came last in code, in capitals
        self.opens = True  # with a word: nothing but parentheses may come before it
        self.stores = False  # rows in a table, a file or a variable: SELECT … INTO
        self.makes = False
        self.depth = 0
        self.at = 0  # where the current piece begins
        self.ended = -1

    def take(self, token: _Token) -> None:
        """The next piece of text."""
        found = self.text[token.start : token.end]
        if token.kind in {"space", "comment"}:
            self._refuse_hidden(token, "a comment")
            return
        if self.ended >= 0:
            raise SqlProblem(f"Only one statement: there is a second one at {self._where(token.start)}.")
        if token.kind == "quote":
            self._refuse_hidden(token, "quotes")
        elif token.kind == "mark":
            self._mark(token)
        elif token.kind == "end":
            self.ended = token.start
        elif token.kind in {"open", "foreign", "executed"}:
            raise SqlProblem(f"{_said(token.kind, found)} at {self._where(token.start)}.")
        self._note(token.kind, found.upper())
        self.depth += (found == "(") - (found == ")")
        self.last = found.upper()

    def done(self) -> SqlText:
        """The whole. Raises SqlProblem when it is none or ends the transaction it is to run in."""
        if not self.words:
            raise SqlProblem("This is no statement.")
        first = self.words[0]
        if first in _CONTROL or (first == "SET" and not _CONTROL_AFTER_SET.isdisjoint(self.words[1:4])):
            raise SqlProblem(
                f"{first} is not possible: the statements of an action run in one transaction of their own."
            )
        if self.words[:2] in (["LOCK", "TABLES"], ["PREPARE", "TRANSACTION"]):
            raise SqlProblem(f"{' '.join(self.words[:2])} is not possible inside an action.")
        rest = self.text[self.at : self.ended if self.ended >= 0 else len(self.text)]
        pieces, starts = (*self.pieces, rest.rstrip()), (*self.starts, self.at)
        return SqlText(pieces, tuple(self.placeholders), tuple(self.words), self.text, starts, self._reads())

    def _note(self, kind: str, found: str) -> None:
        """What there is to know of a statement besides its pieces. A number may end in a word: `1.5INTO`."""
        if kind == "word" and len(self.words) < 6:
            self.words.append(found)
        self.opens = self.opens and (bool(self.words) or found == "(")
        self.makes = self.makes or (kind == "word" and found in _MAKES)
        is_into = found == "INTO" if kind == "word" else kind == "number" and found.endswith("INTO")
        self.stores = self.stores or (is_into and self.last not in _INTO_TABLES)

    def _reads(self) -> bool:
        """EXPLAIN ANALYZE makes tables (CREATE TABLE … AS, SELECT … INTO) where PostgreSQL's transaction only reads."""
        first = self.words[0]
        known = first in _READS or first in _READS_MORE.get(self.dialect, ())
        return known and self.opens and not self.stores and not (self.makes and first in _PLANS)

    def _mark(self, token: _Token) -> None:
        where = self._where(token.start)
        found = MARK.match(self.text, token.start)
        if found is None:
            raise SqlProblem(f"The braces at {where} are no placeholder: write {{{{key:TYPE}}}}.")
        try:
            placeholder = read_placeholder(found[1])
        except PlaceholderProblem as error:
            raise SqlProblem(f"{error} ({where})") from None
        if self._names_something(found.start(), found.end()):
            raise SqlProblem(
                f"{{{{{placeholder.key}}}}} at {where} stands for a name. Only values can be placeholders: "
                "write the names of tables and columns into the statement."
            )
        self.placeholders.append(placeholder)
        self.pieces.append(self.text[self.at : found.start()])
        self.starts.append(self.at)
        self.at = found.end()

    def _names_something(self, start: int, end: int) -> bool:
        before, after = self.text[start - 1 : start], self.text[end : end + 1]
        if re.match(r"[\w$.@\"'`\]}]", before) or re.match(r"[\w$.@\"'`(\[{]", after):
            return True
        return self.last in _NAMES_FOLLOW or (self.last == "FROM" and self.depth == 0)

    def _refuse_hidden(self, token: _Token, place: str) -> None:
        found = LIKELY.search(self.text, token.start, token.end) if token.kind != "space" else None
        if found:
            raise SqlProblem(
                f"{found[0]} at {self._where(found.start())} is inside {place}. Write it without quotes around it: "
                "values are bound, never spliced into the text."
            )

    def _where(self, at: int) -> str:
        return _where(self.text, at)


def _where(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - (text.rfind(chr(10), 0, at) + 1) + 1}"


def _said(kind: str, found: str) -> str:
    if kind == "open":
        return f"{found} is opened and never closed,"
    if kind == "foreign":
        return f"“{found}” would be taken for a bound value: write {{{{key:TYPE}}}} instead,"
    return f"Comments that are executed ({found}) are not possible,"


def _tokens(text: str, dialect: str) -> Iterator[_Token]:
    scanner, at = _SCANNERS[dialect], 0
    while at < len(text):
        found = scanner.match(text, at)
        kind, end = (found.lastgroup or "other", found.end()) if found else ("other", at + 1)
        if kind == "nested":
            kind, end = _nested(text, at)
        elif kind == "dollar" and found:
            close = text.find(found[0], end)
            kind, end = ("quote", close + len(found[0])) if close >= 0 else ("open", end)
        elif kind == "mark":
            mark = MARK.match(text, at)
            end = mark.end() if mark else end
        yield _Token(kind, at, end)
        at = end


def _nested(text: str, start: int) -> tuple[str, int]:
    """PostgreSQL's comments hold each other (its manual, 4.1.5)."""
    depth = 0
    for found in _NESTING.finditer(text, start):
        depth += 1 if found[0] == "/*" else -1
        if not depth:
            return "comment", found.end()
    return "open", start + 2
