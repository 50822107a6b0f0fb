"""The operators, by name; importing their modules declares them."""

from typing import Final

from products.expressions.operators import (
    choosing,
    codes,
    conversions,
    dates,
    lists,
    logic,
    numbers,
    objects,
    searching,
    texts,
)
from products.expressions.operators.declare import OPERATORS, Example, Operator, Parameter

__all__ = ["GROUPS", "OPERATORS", "Example", "Operator", "Parameter"]

GROUPS: Final[dict[str, tuple[Operator, ...]]] = {
    module.GROUP: tuple(each for each in OPERATORS.values() if each.group == module.GROUP)
    for module in (numbers, texts, searching, lists, objects, logic, conversions, dates, codes)
}
assert sum(map(len, GROUPS.values())) == len(OPERATORS), choosing  # noqa: S101 - all have a place in the help
