"""One evaluation: its scope, the roots it has asked for, and how much it has worked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from products.expressions.errors import Absent, BadValue, OverLimit
from products.expressions.limits import MAX_DEPTH, MAX_WORK
from products.expressions.references import REFERENCES
from products.expressions.scope import Scope
from products.expressions.suggestions import listed
from products.lib.jsontypes import Json, JsonObject


class Run:
    """The state of one evaluation."""

    __slots__ = ("roots", "scope", "worked")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.roots: dict[str, Any] = {}
        self.worked = 0

    def fetch(self, name: str) -> Any:
        """A root that has not been asked for yet. Raises Absent."""
        try:
            found = self.scope.root(name)
        except KeyError:
            there = listed(sorted(name for name in self.scope.names() if name in REFERENCES), what="There is")
            raise Absent(f"${name} means nothing here. {there}".rstrip()) from None
        self.roots[name] = found
        return found

    def work(self, amount: int) -> None:
        """Counts bytes that were read or made. Raises OverLimit."""
        self.worked += amount
        if self.worked > MAX_WORK:
            raise OverLimit("This takes too much work: the texts and lists it goes through are too large.")


Evaluate: TypeAlias = Callable[[Run], Json]


def plain(value: object, depth: int = 0) -> JsonObject:
    """A scope's own mapping as an object. Raises OverLimit when it is nested too deeply, BadValue for anything else."""
    if not isinstance(value, Mapping):
        raise BadValue(f"A {type(value).__name__} is not data.")
    if depth > MAX_DEPTH:
        raise OverLimit(f"The result is nested deeper than {MAX_DEPTH} levels.")
    return {
        key: plain(inner, depth + 1) if isinstance(inner, Mapping) and type(inner) is not dict else inner
        for key, inner in value.items()
    }
