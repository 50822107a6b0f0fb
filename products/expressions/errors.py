"""The errors of expressions, in one tree; each knows its place and turns into JSON.

ExpressionError
├── SyntaxFault       it cannot be read: a bracket is open, a comma is missing
├── UnknownName       there is no such operator, reference, field or event
├── WrongCount        too few or too many arguments
├── WrongType         an argument is of the wrong type
├── Absent            a key, element or reference is not there (what `$Default` catches)
├── BadValue          of the right type, but impossible: a division by zero, an unknown unit
└── OverLimit         too long, too deep, too large
"""

from __future__ import annotations

from typing import Any

_CONTEXT = 60  # characters shown on each side of the place


class ExpressionError(Exception):
    """Base. `code` is stable and for machines, `message` and `suggestion` ("" for none) are sentences for people.

    `source` is the text that holds the expression, `start` and `end` are offsets in it (characters from 0), `pointer`
    is the RFC 6901 place of that text in its document. `argument` counts from 0; -1 is none.
    """

    code = ""

    def __init__(
        self, message: str, *, start: int = -1, end: int = -1, suggestion: str = "", argument: int = -1
    ) -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion
        self.argument = argument
        self.start = start
        self.end = max(start, end)
        self.source: str | None = None
        self.pointer = ""

    def __str__(self) -> str:
        return f"{self.message} {self.suggestion}".rstrip()

    def at(self, start: int, end: int) -> None:
        """Say which part of the source it is about, unless that is known."""
        if self.start < 0:
            self.start, self.end = start, end

    def within(self, source: str, pointer: str) -> None:
        """Say which text of the document it is about, unless that is known."""
        if self.source is None:
            self.source, self.pointer = source, pointer

    @property
    def line(self) -> int:
        """The line in the source, from 1."""
        return (self.source or "").count("\n", 0, max(0, self.start)) + 1

    @property
    def column(self) -> int:
        """The character in the line, from 1."""
        start = max(0, self.start)
        return start - ((self.source or "").rfind("\n", 0, start) + 1) + 1

    def caret(self) -> str:
        """The line of the source, shortened around the place, with carets below it; "" when the place is unknown."""
        if self.source is None or self.start < 0:
            return ""
        first = self.source.rfind("\n", 0, self.start) + 1
        last = self.source.find("\n", self.start)
        last = len(self.source) if last < 0 else last
        left, right = max(first, self.start - _CONTEXT), min(last, self.start + _CONTEXT)
        shown = self.source[left:right].replace("\t", " ").replace("\r", " ")
        width = max(1, min(self.end, right) - self.start)
        return f"{shown}\n{' ' * (self.start - left)}{'^' * width}"

    def as_record(self) -> dict[str, Any]:
        """JSON for machines and pages."""
        return {
            "code": self.code,
            "message": self.message,
            "suggestion": self.suggestion,
            "pointer": self.pointer,
            "position": max(0, self.start),
            "line": self.line,
            "column": self.column,
            "caret": self.caret(),
        }


class SyntaxFault(ExpressionError):
    """It cannot be read."""

    code = "expression_syntax"


class UnknownName(ExpressionError):
    """There is no such operator, reference, field or event."""

    code = "expression_unknown"


class WrongCount(ExpressionError):
    """Too few or too many arguments."""

    code = "expression_count"


class WrongType(ExpressionError):
    """An argument is of the wrong type."""

    code = "expression_type"


class Absent(ExpressionError):
    """A key, element or reference is not there."""

    code = "expression_absent"


class BadValue(ExpressionError):
    """The type is right, the value is not."""

    code = "expression_value"


class OverLimit(ExpressionError):
    """Too long, too deep or too large."""

    code = "expression_limit"
