"""What a parsed expression consists of. Places do not count when two are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from products.lib.jsontypes import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a node stands in its source: offsets in characters, the end excluded."""

    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Literal(Place):
    """A text, number, true, false or null."""

    value: Json


@dataclass(frozen=True, slots=True)
class Reference(Place):
    """`$root{segment}…`; `places` are the offsets of the segments."""

    root: str
    segments: tuple[str, ...] = ()
    places: tuple[tuple[int, int], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Call(Place):
    """`$name(argument, …)`."""

    name: str
    arguments: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class ListOf(Place):
    """`[item, …]`."""

    items: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectOf(Place):
    """`{key: value, …}`."""

    entries: tuple[tuple[str, Node], ...] = ()


@dataclass(frozen=True, slots=True)
class Compare(Place):
    """`left operator right`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logic(Place):
    """`a && b && …` or `a || b || …`."""

    operator: str
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not(Place):
    """`!item`."""

    item: Node


Node: TypeAlias = Literal | Reference | Call | ListOf | ObjectOf | Compare | Logic | Not


@dataclass(frozen=True, slots=True)
class Template:
    """A text with expressions in it: its parts in order. One that is a single expression has that one part."""

    parts: tuple[str | Node, ...]

    @property
    def expressions(self) -> tuple[Node, ...]:
        """The parts that are not text."""
        return tuple(part for part in self.parts if not isinstance(part, str))


def inside(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside this one."""
    match node:
        case Call(arguments=items) | ListOf(items=items) | Logic(items=items):
            return items
        case ObjectOf(entries=entries):
            return tuple(value for _, value in entries)
        case Compare(left=left, right=right):
            return left, right
        case Not(item=item):
            return (item,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(reversed(inside(found)))
