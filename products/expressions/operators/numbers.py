"""Arithmetic. Integers stay integers, however large; other numbers are doubles, as in JSON and JavaScript."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import reduce
from typing import Final

from products.expressions.errors import BadValue, ExpressionError, OverLimit, WrongType
from products.expressions.kinds import A_LIST, A_NUMBER, A_WHOLE, LIST_OR_NUMBER, NUMBER, REFUSED, in_words
from products.expressions.limits import MAX_INT_BITS
from products.expressions.operators.declare import looked_at, operator, p
from products.lib.jsontypes import Json

Number = int | float
GROUP: Final = "Numbers"
_MAX_PLACES: Final = 400
_EXACT: Final = Context(prec=800)


def bounded(make: Callable[[], Number]) -> Number:
    """The number that `make` makes. Raises OverLimit beyond the range of a double, BadValue for what is no number."""
    try:
        number = make()
    except OverflowError:
        raise OverLimit("The number is too large.") from None
    if type(number) is int:
        if number.bit_length() > MAX_INT_BITS:
            raise OverLimit("The number is too large.")
        return number
    if not math.isfinite(number):
        raise OverLimit("The number is too large.")
    return number + 0.0  # not minus zero


def numbers_of(given: tuple[Json, ...]) -> list[Number]:
    """The numbers of either one list or the arguments themselves. Raises WrongType."""
    if len(given) == 1 and type(given[0]) is list:
        return [_element(value, index) for index, value in enumerate(given[0])]
    for index, value in enumerate(given):
        if type(value) is list:
            raise WrongType("a list stands alone: give one list, or numbers.", argument=index)
    return list(given)


def _element(value: Json, index: int) -> Number:
    number = A_NUMBER.take(value)
    if number is REFUSED:
        raise WrongType(f"element {index} must be a number, and {in_words(value)} was given.", argument=0)
    return number  # type: ignore[no-any-return]


def _nonempty(given: tuple[Json, ...]) -> list[Number]:
    numbers = numbers_of(given)
    if not numbers:
        raise BadValue("the list is empty.", argument=0)
    return numbers


@operator("Add", GROUP, "The sum.", p("n", A_NUMBER, repeats=True), returns=NUMBER, examples={"$Add(10, 20, '30')": 60})
def add(*given: Number) -> Number:
    """The sum of the arguments."""
    return bounded(lambda: sum(given))


@operator(
    "Subtract", GROUP, "The first number less all others.", p("n", A_NUMBER, repeats=True), returns=NUMBER,
    examples={"$Subtract(100, 20, 30)": 50},
)  # fmt: skip
def subtract(*given: Number) -> Number:
    """The first argument less the others."""
    return reduce(lambda left, right: bounded(lambda: left - right), given)


@operator(
    "Multiply", GROUP, "The product.", p("n", A_NUMBER, repeats=True), returns=NUMBER,
    examples={"$Multiply(2, 3, 0.5)": 3.0},
)  # fmt: skip
def multiply(*given: Number) -> Number:
    """The product of the arguments."""
    return reduce(lambda left, right: bounded(lambda: left * right), given)


@operator(
    "Divide", GROUP, "The quotient; a whole one of two integers is an integer. Dividing by zero is an error.",
    p("n", A_NUMBER), p("m", A_NUMBER), returns=NUMBER, examples={"$Divide(10, 4)": 2.5, "$Divide(10, 5)": 2},
)  # fmt: skip
def divide(number: Number, by: Number) -> Number:
    """The quotient."""
    if by == 0:
        raise _by_zero()
    if type(number) is int and type(by) is int and number % by == 0:
        return number // by
    return bounded(lambda: number / by)


@operator(
    "Modulo", GROUP, "The remainder of the division; it has the sign of the first number, as in JavaScript.",
    p("n", A_NUMBER), p("m", A_NUMBER), returns=NUMBER, examples={"$Modulo(7, 3)": 1, "$Modulo(-7, 3)": -1},
)  # fmt: skip
def modulo(number: Number, by: Number) -> Number:
    """The remainder, with the sign of `number`."""
    if by == 0:
        raise _by_zero()
    if type(number) is int and type(by) is int:
        rest = abs(number) % abs(by)
        return -rest if number < 0 else rest
    return bounded(lambda: math.fmod(number, by))


def _by_zero() -> ExpressionError:
    return BadValue("division by zero.", argument=1)


@operator(
    "Round", GROUP,
    "Rounded to so many digits after the point, half away from zero; without digits the result is an integer. Negative "
    "digits round to tens, hundreds, …",
    p("n", A_NUMBER), p("digits", A_WHOLE, default="0"), returns=NUMBER,
    examples={"$Round(2.5)": 3, "$Round(-2.5)": -3, "$Round(1.005, 2)": 1.01, "$Round(1250, -2)": 1300},
)  # fmt: skip
def rounded(number: Number, digits: int = 0) -> Number:
    """Half away from zero, on the decimal digits that the number shows."""
    if not -_MAX_PLACES <= digits <= _MAX_PLACES:
        raise BadValue(f"so many digits mean nothing: use {-_MAX_PLACES} to {_MAX_PLACES}.", argument=1)
    if type(number) is int and digits >= 0:
        return number
    exact = Decimal(repr(number)) if type(number) is float else Decimal(number)
    made = exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP, context=_EXACT)
    return bounded(lambda: int(made) if digits <= 0 else float(made))


@operator(
    "Floor", GROUP, "The next integer below.", p("n", A_NUMBER), returns=NUMBER,
    examples={"$Floor(2.9)": 2, "$Floor(-2.1)": -3},
)  # fmt: skip
def floor(number: Number) -> int:
    """The greatest integer not above the number."""
    return math.floor(number)


@operator("Ceil", GROUP, "The next integer above.", p("n", A_NUMBER), returns=NUMBER, examples={"$Ceil(2.1)": 3})
def ceil(number: Number) -> int:
    """The least integer not below the number."""
    return math.ceil(number)


@operator("Abs", GROUP, "The number without its sign.", p("n", A_NUMBER), returns=NUMBER, examples={"$Abs(-3)": 3})
def absolute(number: Number) -> Number:
    """The distance from zero."""
    return abs(number)


@operator(
    "Min", GROUP, "The least of a list, or of the arguments. An empty list has none, which is an error.",
    p("list or n", LIST_OR_NUMBER, repeats=True), returns=NUMBER, cost=looked_at,
    examples={"$Min([3, 1, 2])": 1, "$Min(3, 9)": 3},
)  # fmt: skip
def least(*given: Json) -> Number:
    """The least number."""
    return min(_nonempty(given))


@operator(
    "Max", GROUP, "The greatest of a list, or of the arguments. An empty list has none, which is an error.",
    p("list or n", LIST_OR_NUMBER, repeats=True), returns=NUMBER, cost=looked_at,
    examples={"$Max(3, 9, 4)": 9},
)  # fmt: skip
def greatest(*given: Json) -> Number:
    """The greatest number."""
    return max(_nonempty(given))


@operator(
    "Sum", GROUP, "The sum of a list of numbers; that of an empty list is 0.", p("list", A_LIST), returns=NUMBER,
    cost=looked_at, examples={"$Sum([1, 2, 3])": 6},
)  # fmt: skip
def total(given: list[Json]) -> Number:
    """The sum of the elements."""
    return add(*numbers_of((given,)))  # type: ignore[no-any-return]


@operator(
    "Average", GROUP, "The mean of a list of numbers. An empty list has none, which is an error.", p("list", A_LIST),
    returns=NUMBER, cost=looked_at, examples={"$Average([1, 2])": 1.5, "$Average([1, 3])": 2},
)  # fmt: skip
def average(given: list[Json]) -> Number:
    """The mean of the elements."""
    numbers = _nonempty((given,))
    return divide(add(*numbers), len(numbers))  # type: ignore[no-any-return]
