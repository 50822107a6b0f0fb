"""Choosing elements by a comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from products.expressions.comparisons import COMPARISONS
from products.expressions.errors import BadValue, WrongCount, WrongType
from products.expressions.kinds import A_LIST, ANY, ANYTHING, LIST, in_words
from products.expressions.operators.declare import operator, p
from products.expressions.operators.lists import GROUP, pluck
from products.expressions.suggestions import shortened
from products.expressions.values import identity, same
from products.lib.jsontypes import Json

_ORDERING: Final = frozenset({"<", ">", "<=", ">="})
_RULES: Final = (
    "The comparisons are > < >= <= == === != !==, 'in' (the element is in a list or text) and 'contains' (the element "
    "contains the value). An element without the key counts as null, and null is neither more nor less than anything."
)


def contained(value: Json, box: Json) -> bool:
    """Whether a list has the value (as with ===) or a text has it as a part; null has nothing. Raises WrongType."""
    if type(box) is list:
        return any(same(element, value) for element in box)
    if type(box) is str:
        return type(value) is str and value in box
    if box is None:
        return False
    raise WrongType(f"only a list or a text contains something, and {in_words(box)} was given.")


def comparison(name: str, argument: int) -> Callable[[Json, Json], bool]:
    """The test of that name, given as that argument. Raises BadValue."""
    if name == "in":
        return contained
    if name == "contains":
        return lambda element, value: contained(value, element)
    found = COMPARISONS.get(name)
    if found is None:
        known = f"Use one of {' '.join(COMPARISONS)} in contains."
        raise BadValue(f"“{shortened(name)}” is an unknown comparison.", argument=argument, suggestion=known)
    if name not in _ORDERING:
        return found
    return lambda left, right: left is not None and right is not None and found(left, right)


def _chosen(given: list[Json], rest: tuple[Json, ...]) -> Iterator[Json]:
    if len(rest) < 2:
        raise WrongCount("needs a comparison and a value: 3 or 4 arguments, and 2 were given.")
    *key, name, value = rest
    for index, text in enumerate((*key, name), 1):
        if type(text) is not str:
            what = "key" if key and index == 1 else "operator"
            raise WrongType(f"{what} must be a text, and {in_words(text)} was given.", argument=index)
    test = comparison(name, len(rest) - 1)
    if name == "in" and type(value) is list:
        among = frozenset(map(identity, value))
        test = lambda subject, _: identity(subject) in among  # noqa: E731 - in place of the general one
    subjects = pluck(given, key[0]) if key else given
    for index, (subject, element) in enumerate(zip(subjects, given, strict=True)):
        try:
            fits = test(subject, value)
        except WrongType as error:
            raise WrongType(f"element {index}: {error.message}", argument=0) from None
        if fits:
            yield element


def _cost(given: list[Json], *rest: Json) -> int:
    """A text is searched for every element."""
    return len(given) * len(rest[-1]) // 4 if type(rest[-1]) is str and rest[-2:-1] == ("in",) else 0


_PARAMETERS: Final = (
    p("list", A_LIST),
    p("key or operator", ANYTHING),
    p("operator or value", ANYTHING),
    p("value", ANYTHING, default="none"),
)


@operator(
    "Filter", GROUP, f"The elements that fit, or those whose key fits. {_RULES}", *_PARAMETERS, returns=LIST,
    deep=True, cost=_cost,
    forms=("$Filter(list, operator, value)", "$Filter(list, 'key', operator, value)"),
    examples={"$Filter([1, 4, 6], '>', 3)": [4, 6],
              "$Filter([{n: 'a'}, {n: 'b'}], 'n', 'in', ['b', 'c'])": [{"n": "b"}]},
)  # fmt: skip
def filtered(given: list[Json], *rest: Json) -> list[Json]:
    """All that fit."""
    return list(_chosen(given, rest))


@operator(
    "Find", GROUP, "As `$Filter`, but only the first that fits; null when none does.", *_PARAMETERS, returns=ANY,
    forms=("$Find(list, operator, value)", "$Find(list, 'key', operator, value)"), deep=True, cost=_cost,
    examples={"$Find([1, 4, 6], '>', 4)": 6, "$Find([{n: 1}], 'n', '==', 2)": None},
)  # fmt: skip
def found(given: list[Json], *rest: Json) -> Json:
    """The first that fits."""
    return next(_chosen(given, rest), None)
