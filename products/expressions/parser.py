"""Reads templates (text with expressions in it) and conditions; precedence is that of JavaScript."""

from __future__ import annotations

import re
from typing import Final

from products.expressions import lexer
from products.expressions.errors import ExpressionError, OverLimit, SyntaxFault
from products.expressions.heads import check_count, check_operator, check_reference, spelling_of, unknown_word
from products.expressions.kinds import number_in
from products.expressions.lexer import Token, Tokens
from products.expressions.limits import MAX_NESTING, MAX_SOURCE
from products.expressions.nodes import (
    Call,
    Compare,
    ListOf,
    Literal,
    Logic,
    Node,
    Not,
    ObjectOf,
    Reference,
    Template,
)
from products.expressions.operators import OPERATORS
from products.expressions.references import REFERENCES
from products.expressions.strings import unquoted
from products.expressions.suggestions import shortened
from products.expressions.values import bytes_of

_ALONE: Final = "|".join(["Now", *(name for name, kind in REFERENCES.items() if kind.alone)])
_OPENING = re.compile(rf"\$(?:\$|[A-Za-z_][A-Za-z0-9_]*(?=[({{])|(?:{_ALONE})(?![A-Za-z0-9_]))")
_SEGMENT = re.compile(r"[^{}]*")
_WORDS: Final = {"true": True, "false": False, "null": None}
_LOGIC: Final = frozenset({"||", "&&"})
_LEVELS: Final = {"||": 1, "&&": 2, "==": 3, "===": 3, "!=": 3, "!==": 3, "<": 4, ">": 4, "<=": 4, ">=": 4}
_BRACKETS: Final = {"(": ")", "[": "]", "{": "}"}


def parse_template(source: str) -> Template:
    """The parts of a text. Raises ExpressionError, with its place."""
    if "$" not in source:
        return Template((source,) if source else ())
    parts: list[str | Node] = []
    text, position = "", 0
    try:
        while found := _OPENING.search(source, position):
            text += source[position : found.start()]
            if found[0] == "$$":
                text, position = f"{text}$", found.end()
                continue
            _check_length(source)
            node = Parser(source, found.start()).opening()
            parts += [text, node] if text else [node]
            text, position = "", node.end
    except ExpressionError as error:
        error.within(source, "")
        raise
    text += source[position:]
    return Template((*parts, text) if text else tuple(parts))


def parse_condition(source: str) -> Node:
    """A condition. Raises ExpressionError, with its place."""
    try:
        _check_length(source)
        return Parser(source, 0).everything()
    except ExpressionError as error:
        error.within(source, "")
        raise


def _check_length(source: str) -> None:
    if bytes_of(source) > MAX_SOURCE:
        raise OverLimit(f"A text with expressions has at most {MAX_SOURCE // 1024} KiB.", start=0, end=1)


class Parser(Tokens):
    """Reads one expression or condition from a position in its source."""

    def __init__(self, source: str, position: int) -> None:
        super().__init__(source, position)
        self._depth = 0

    def opening(self) -> Node:
        """The operator or reference that begins here; nothing behind its end is looked at."""
        return self._named(self._take())

    def everything(self) -> Node:
        """A condition up to the end of the source."""
        node = self._expression()
        rest = self._peek()
        if rest.kind != lexer.END:
            words = f"“{shortened(rest.text)}” is not expected here."
            raise SyntaxFault(words, start=rest.start, end=rest.end, suggestion=spelling_of(rest.text))
        return node

    # Brackets

    def _close(self, sign: str, opened: int) -> Token:
        token = self._sign(sign)
        if token is None:
            raise self._unexpected(f"a comma or “{sign}”", opened, sign)
        return token

    def _unexpected(self, wanted: str, opened: int, sign: str) -> SyntaxFault:
        token = self._peek()
        if token.kind == lexer.END:
            opening = next(key for key, value in _BRACKETS.items() if value == sign)
            return SyntaxFault(f"“{opening}” is never closed with “{sign}”.", start=opened, end=opened + 1)
        words = f"“{shortened(token.text)}” is not expected here: {wanted} is."
        return SyntaxFault(words, start=token.start, end=token.end)

    # Conditions: few frames a level, so that 64 levels fit into any stack

    def _expression(self, weakest: int = 1) -> Node:
        left = self._unary()
        while sign := self._infix(weakest):
            left = self._chain(sign, left) if sign.text in _LOGIC else self._comparison(sign, left)
        return left

    def _infix(self, weakest: int) -> Token | None:
        token = self._peek()
        return self._take() if token.kind == lexer.SIGN and _LEVELS.get(token.text, 0) >= weakest else None

    def _chain(self, sign: Token, left: Node) -> Node:
        items = [left, self._expression(_LEVELS[sign.text] + 1)]
        while self._sign(sign.text):
            items.append(self._expression(_LEVELS[sign.text] + 1))
        return Logic(sign.text, tuple(items), start=left.start, end=items[-1].end)

    def _comparison(self, sign: Token, left: Node) -> Node:
        level = _LEVELS[sign.text]
        right = self._expression(level + 1)
        again = self._peek()
        if again.kind == lexer.SIGN and _LEVELS.get(again.text) == level:
            hint = "Write a < b && b < c, or put one of them in brackets."
            raise SyntaxFault("Comparisons cannot be chained.", start=again.start, end=again.end, suggestion=hint)
        return Compare(sign.text, left, right, start=left.start, end=right.end)

    def _unary(self) -> Node:
        sign = self._sign("!")
        if sign is None:
            return self._value()
        self._enter(sign)
        item = self._unary()
        self._depth -= 1
        return Not(item, start=sign.start, end=item.end)

    # Values

    def _enter(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise OverLimit(f"This is nested deeper than {MAX_NESTING} levels.", start=token.start, end=token.end)

    def _value(self) -> Node:
        token = self._take()
        match token.kind:
            case lexer.TEXT:
                return Literal(unquoted(token.text, token.start), start=token.start, end=token.end)
            case lexer.NUMBER:
                return Literal(_number(token), start=token.start, end=token.end)
            case lexer.WORD:
                return Literal(_word(token), start=token.start, end=token.end)
            case lexer.NAME:
                return self._named(token)
        if token.text in _BRACKETS:
            self._enter(token)
            node = {"(": self._group, "[": self._list, "{": self._object}[token.text](token)
            self._depth -= 1
            return node
        what = f"“{shortened(token.text)}” stands" if token.text else "The end comes"
        raise SyntaxFault(f"{what} where a value is expected.", start=token.start, end=max(token.end, token.start + 1))

    def _group(self, opened: Token) -> Node:
        node = self._expression()
        if not self._sign(")"):
            raise self._unexpected("“)”", opened.start, ")")
        return node

    def _list(self, opened: Token) -> Node:
        items = self._items("]", opened.start)
        return ListOf(items, start=opened.start, end=self._position)

    def _items(self, sign: str, opened: int) -> tuple[Node, ...]:
        if self._sign(sign):
            return ()
        items = [self._expression()]
        while self._sign(","):
            items.append(self._expression())
        self._close(sign, opened)
        return tuple(items)

    def _object(self, opened: Token) -> Node:
        entries: list[tuple[str, Node]] = []
        if not self._sign("}"):
            entries.append(self._entry())
            while self._sign(","):
                entries.append(self._entry())
            self._close("}", opened.start)
        return ObjectOf(tuple(dict(entries).items()), start=opened.start, end=self._position)

    def _entry(self) -> tuple[str, Node]:
        token = self._take()
        if token.kind not in {lexer.WORD, lexer.TEXT}:
            words = f"“{shortened(token.text)}” stands where a key is expected." if token.text else "A key is missing."
            hint = "Keys are words or stand in quotes."
            raise SyntaxFault(words, start=token.start, end=max(token.end, token.start + 1), suggestion=hint)
        if not self._sign(":"):
            after = self._peek()
            raise SyntaxFault(
                "A colon is missing after the key.", start=after.start, end=max(after.end, after.start + 1)
            )
        key = token.text if token.kind == lexer.WORD else unquoted(token.text, token.start)
        return key, self._expression()

    # Operators and references

    def _named(self, token: Token) -> Node:
        name, follows = token.text[1:], self._source[token.end : token.end + 1]
        if follows == "(" or (name in OPERATORS and follows != "{"):
            return self._call(name, token)
        if name in OPERATORS:
            return self._braced_call(name, token)
        segments, places = self._segments(token.end) if follows == "{" else ((), ())
        check_reference(name, segments, token.start, token.end)
        return Reference(name, segments, places, start=token.start, end=self._position)

    def _call(self, name: str, token: Token) -> Node:
        declared = check_operator(name, token.start, token.end)
        arguments: tuple[Node, ...] = ()
        if self._source[token.end : token.end + 1] == "(":
            opened = self._take()
            self._enter(opened)
            arguments = self._items(")", opened.start)
            self._depth -= 1
        elif declared.name != "Now":
            hint = f"Write {declared.forms[0]}."
            raise SyntaxFault(f"${name} needs brackets.", start=token.start, end=token.end, suggestion=hint)
        node = Call(name, arguments, start=token.start, end=self._position)
        check_count(declared, node)
        return node

    def _braced_call(self, name: str, token: Token) -> Node:
        declared = OPERATORS[name]
        if not declared.braces:
            hint = f"Write {declared.forms[0]}."
            raise SyntaxFault(f"${name} takes brackets, not braces.", start=token.start, end=token.end, suggestion=hint)
        opened = self._take()
        self._enter(opened)
        arguments = self._items("}", opened.start)
        self._depth -= 1
        node = Call(name, arguments, start=token.start, end=self._position)
        check_count(declared, node)
        return node

    def _segments(self, position: int) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
        segments: list[str] = []
        places: list[tuple[int, int]] = []
        while self._source[position : position + 1] == "{":
            found = _SEGMENT.match(self._source, position + 1)
            end = found.end() if found else position + 1
            if self._source[end : end + 1] != "}":
                raise _unclosed(self._source, position, end)
            if end == position + 1:
                raise SyntaxFault("Nothing stands between the braces.", start=position, end=end + 1)
            segments.append(self._source[position + 1 : end])
            places.append((position + 1, end))
            position = end + 1
        self._go_to(position)
        return tuple(segments), tuple(places)


def _unclosed(source: str, position: int, end: int) -> SyntaxFault:
    if end < len(source):
        hint = "For a computed key write $Get(…) or $Pick(…)."
        return SyntaxFault("Braces cannot stand inside braces.", start=end, end=end + 1, suggestion=hint)
    return SyntaxFault("“{” is never closed with “}”.", start=position, end=position + 1)


def _number(token: Token) -> int | float:
    number = number_in(token.text)
    if number is None:
        raise OverLimit("This number is too large.", start=token.start, end=token.end)
    return number


def _word(token: Token) -> bool | None:
    if token.text not in _WORDS:
        raise unknown_word(token)
    return _WORDS[token.text]
