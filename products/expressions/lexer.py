"""Splits the source of an expression into tokens, one at a time, so that nothing behind its end is looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from products.expressions.errors import SyntaxFault
from products.expressions.suggestions import shortened

NAME: Final = "name"  # $Name
NUMBER: Final = "number"
WORD: Final = "word"  # true, a key
TEXT: Final = "text"
SIGN: Final = "sign"
END: Final = "end"

# Every repetition is over a single class of characters, so that no source makes the search slow.
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0\ufeff]*")
_TOKEN = re.compile(
    r"(?P<name>\$[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.])"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\")"
    r"|(?P<sign>===|!==|==|!=|>=|<=|&&|\|\||[><!()\[\]{},:])",
    re.DOTALL,
)
_HINTS: Final[dict[str, str]] = {
    "=": "Write == to compare.",
    "&": "Write && for “and”.",
    "|": "Write || for “or”.",
    "+": "Write $Add(a, b), or $Concat([a, b]) for text.",
    "-": "Write $Subtract(a, b).",
    "*": "Write $Multiply(a, b).",
    "/": "Write $Divide(a, b).",
    "%": "Write $Modulo(a, b).",
    "?": "Write $If(condition, a, b).",
    "`": "Text stands in 'single' or \"double\" quotes.",
    "\u201c": "Text stands in 'single' or \"double\" quotes, not in typographic ones.",
    "\u2018": "Text stands in 'single' or \"double\" quotes, not in typographic ones.",
    "$": "A name follows the dollar sign: $Input{field}.",
}


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text, its offsets."""

    kind: str
    text: str
    start: int
    end: int


def token_at(source: str, position: int) -> Token:
    """The next token at or after the position. Raises SyntaxFault."""
    space = _SPACE.match(source, position)
    start = space.end() if space else position
    if start >= len(source):
        return Token(END, "", len(source), len(source))
    found = _TOKEN.match(source, start)
    if found is None:
        raise _unreadable(source, start)
    return Token(str(found.lastgroup), found[0], start, found.end())


class Tokens:
    """The tokens from a position on; at most one ahead is looked at."""

    def __init__(self, source: str, position: int) -> None:
        self._source = source
        self._position = position
        self._seen: Token | None = None

    def _peek(self) -> Token:
        if self._seen is None:
            self._seen = token_at(self._source, self._position)
        return self._seen

    def _take(self) -> Token:
        token = self._peek()
        self._go_to(token.end)
        return token

    def _sign(self, *texts: str) -> Token | None:
        """Takes the next token if it is one of these signs."""
        token = self._peek()
        return self._take() if token.kind == SIGN and token.text in texts else None

    def _go_to(self, position: int) -> None:
        self._seen, self._position = None, position


def _unreadable(source: str, start: int) -> SyntaxFault:
    sign = source[start]
    if sign in "'\"":
        return SyntaxFault(f"The text that begins here is never closed with {sign}.", start=start, end=start + 1)
    number = re.compile(r"[-+.]?[0-9][A-Za-z0-9_.]{0,40}").match(source, start)
    if number:
        message = f"“{shortened(number[0])}” is not a number."
        hint = "Numbers look like 12, -3.5 or 1e6; anything else stands in quotes."
        return SyntaxFault(message, start=start, end=number.end(), suggestion=hint)
    return SyntaxFault(f"“{sign}” cannot stand here.", start=start, end=start + 1, suggestion=_HINTS.get(sign, ""))
