"""Writes a parsed expression: reading what is written gives the same expression."""

from __future__ import annotations

import re
from typing import Final

from products.expressions.nodes import Call, Compare, ListOf, Literal, Logic, Node, Not, ObjectOf, Reference, Template
from products.expressions.strings import quoted
from products.expressions.values import json_text

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LEVELS: Final[dict[str, int]] = {"||": 1, "&&": 2, "==": 3, "===": 3, "!=": 3, "!==": 3}
_ORDER_LEVEL, _NOT_LEVEL, _HIGHEST = 4, 5, 6


def printed(node: Node) -> str:
    """The expression as text."""
    match node:
        case Literal(value=value):
            return quoted(value) if isinstance(value, str) else json_text(value)
        case Reference(root=root, segments=segments):
            return f"${root}" + "".join(f"{{{segment}}}" for segment in segments)
        case Call(name=name, arguments=arguments):
            return f"${name}({', '.join(map(printed, arguments))})"
        case ListOf(items=items):
            return f"[{', '.join(map(printed, items))}]"
        case ObjectOf(entries=entries):
            return "{" + ", ".join(f"{_key(key)}: {printed(value)}" for key, value in entries) + "}"
        case Compare(operator=operator, left=left, right=right):
            level = _level(node)
            return f"{_within(left, level + 1)} {operator} {_within(right, level + 1)}"
        case Logic(operator=operator, items=items):
            return f" {operator} ".join(_within(item, _level(node) + 1) for item in items)
        case Not(item=item):
            return f"!{_within(item, _NOT_LEVEL)}"


def printed_template(template: Template) -> str:
    """The text with its expressions; dollar signs of the text are doubled."""
    return "".join(part.replace("$", "$$") if isinstance(part, str) else printed(part) for part in template.parts)


def _key(key: str) -> str:
    return key if _WORD.fullmatch(key) else quoted(key)


def _level(node: Node) -> int:
    match node:
        case Compare(operator=operator) | Logic(operator=operator):
            return _LEVELS.get(operator, _ORDER_LEVEL)
        case Not():
            return _NOT_LEVEL
    return _HIGHEST


def _within(node: Node, level: int) -> str:
    text = printed(node)
    return text if _level(node) >= level else f"({text})"
