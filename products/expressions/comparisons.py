"""The comparisons of conditions and of `$Filter`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from products.expressions.errors import WrongType
from products.expressions.kinds import in_words
from products.expressions.values import equal, ordered, same
from products.lib.jsontypes import Json


def _ordering(sign: str, compare: Callable[[Any, Any], bool]) -> Callable[[Json, Json], bool]:
    def decide(left: Json, right: Json) -> bool:
        if type(left) is int and type(right) is int:
            return compare(left, right)
        pair = ordered(left, right)
        if pair is None:
            words = f"{in_words(left)} and {in_words(right)} cannot be compared with {sign}."
            raise WrongType(words, suggestion="It takes two numbers or two texts.")
        return compare(*pair)

    return decide


COMPARISONS: Final[dict[str, Callable[[Json, Json], bool]]] = {
    "==": equal,
    "===": same,
    "!=": lambda left, right: not equal(left, right),
    "!==": lambda left, right: not same(left, right),
    ">": _ordering(">", operator.gt),
    ">=": _ordering(">=", operator.ge),
    "<": _ordering("<", operator.lt),
    "<=": _ordering("<=", operator.le),
}
