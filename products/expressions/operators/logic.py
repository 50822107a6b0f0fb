"""Choosing between values; the evaluator itself computes these, because not every argument is evaluated."""

from __future__ import annotations

from typing import Final

from products.expressions.kinds import ANY, ANYTHING
from products.expressions.operators.declare import operator, p
from products.lib.jsontypes import Json

GROUP: Final = "Choosing"


@operator(
    "Default", GROUP,
    "The first argument that is neither absent nor null; null when there is none. Something absent anywhere inside an "
    "argument makes it absent. 0, '' and false are values.",
    p("x", ANYTHING, repeats=True), returns=ANY, builtin=True,
    examples={"$Default(null, 'x')": "x", "$Default($Get({a: 1}, 'b'), 2)": 2, "$Default(0, 9)": 0},
)  # fmt: skip
def default(*given: Json) -> Json:
    """Stands for the declaration."""
    return next((value for value in given if value is not None), None)


@operator(
    "If", GROUP,
    "One of two values; only the chosen one is evaluated. False are false, null, 0, '', [] and {}.",
    p("condition", ANYTHING), p("a", ANYTHING), p("b", ANYTHING), returns=ANY, builtin=True,
    examples={"$If(2 > 1 && 'a' != 'b', 'yes', 'no')": "yes", "$If([], $Divide(1, 0), 'safe')": "safe"},
)  # fmt: skip
def if_(condition: Json, chosen: Json, otherwise: Json) -> Json:
    """Stands for the declaration."""
    return chosen if condition else otherwise
