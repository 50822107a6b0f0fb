"""What analysis knows of values that are not there yet: their types, their keys, their elements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from products.expressions.kinds import ANY, BOOLEAN, LIST, NULL, NUMBER, OBJECT, TEXT, Types

_DEEPEST: Final = 20
_SCHEMA_TYPES: Final[dict[str, Types]] = {
    "null": NULL, "boolean": BOOLEAN, "integer": NUMBER, "number": NUMBER, "string": TEXT, "array": LIST,
    "object": OBJECT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value may be. `fields` are its known keys (None: nobody knows); an `open` one may have others too."""

    types: Types = ANY
    fields: Mapping[str, Shape] | None = None
    items: Shape | None = None
    open: bool = False

    @property
    def optional(self) -> bool:
        """Whether it is known that it may be null: an optional field that was not given is."""
        return "null" in self.types and self.types != ANY

    def or_null(self) -> Shape:
        """The same, or null."""
        return Shape(self.types | NULL, self.fields, self.items, self.open)


UNKNOWN: Final = Shape()


def known(fields: Mapping[str, Shape]) -> Shape:
    """An object with these keys and no others."""
    return Shape(OBJECT, fields)


def named(keys: Iterable[str], shape: Shape = UNKNOWN) -> Shape:
    """An object with these keys and no others, all of one shape."""
    return known(dict.fromkeys(keys, shape))


def either(shapes: Iterable[Shape]) -> Shape:
    """One of several: what is known of all of them."""
    return reduce(_joined, shapes) if (shapes := tuple(shapes)) else UNKNOWN


def _joined(left: Shape, right: Shape) -> Shape:
    same = left == right
    return left if same else Shape(left.types | right.types)


def of_schema(schema: Any, depth: int = 0) -> Shape:
    """What a JSON Schema says of a value, as far as it says it plainly; keys it does not name may be there too."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return UNKNOWN
    names = schema.get("type")
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not all(name in _SCHEMA_TYPES for name in names if isinstance(name, str)):
        return UNKNOWN
    types: Types = frozenset().union(*(_SCHEMA_TYPES[name] for name in names if isinstance(name, str)))
    if not types:
        return UNKNOWN
    properties, items = schema.get("properties"), schema.get("items")
    fields = None
    if "object" in types and isinstance(properties, Mapping):
        fields = {str(key): of_schema(inner, depth + 1) for key, inner in properties.items()}
    closed = schema.get("additionalProperties") is False
    return Shape(types, fields, of_schema(items, depth + 1) if "list" in types else None, open=not closed)
