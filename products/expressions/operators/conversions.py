"""From one type to another."""

from __future__ import annotations

from typing import Final

from products.expressions.errors import BadValue, WrongType
from products.expressions.kinds import A_NUMBER, A_TEXT, ANY, ANYTHING, BOOLEAN, NUMBER, REFUSED, TEXT, in_words
from products.expressions.limits import MAX_RESULT
from products.expressions.operators.declare import operator, p
from products.expressions.values import json_text, text_of, truth
from products.lib.jsontypes import Json, JsonError, parse_json

GROUP: Final = "Converting"


@operator(
    "Number", GROUP, "The number that a text spells; true is 1, false is 0. Anything else is an error.",
    p("x", ANYTHING), returns=NUMBER, examples={"$Number('12.50')": 12.5, "$Number('7')": 7, "$Number(true)": 1},
)  # fmt: skip
def number(value: Json) -> Json:
    """As a number."""
    if type(value) is bool:
        return int(value)
    made = A_NUMBER.take(value)
    if made is REFUSED and type(value) is str:
        raise BadValue("the text is not a number.", argument=0)
    if made is REFUSED:
        raise WrongType(f"x must be a number, a text or a boolean, and {in_words(value)} was given.", argument=0)
    return made


@operator(
    "String", GROUP, "The value as text, as inside other text: null gives '', lists and objects give compact JSON.",
    p("x", ANYTHING), returns=TEXT, deep=True, examples={"$String(12)": "12", "$String([1, 'a'])": '[1,"a"]'},
)  # fmt: skip
def string(value: Json) -> str:
    """As text."""
    return text_of(value)


@operator(
    "Boolean", GROUP, "Whether the value counts as true: false are false, null, 0, '', [] and {}; 'false' is true.",
    p("x", ANYTHING), returns=BOOLEAN, carries=False, examples={"$Boolean('')": False, "$Boolean([0])": True},
)  # fmt: skip
def boolean(value: Json) -> bool:
    """As true or false."""
    return truth(value)


def _reading(text: str) -> int:
    """Every few characters may be a value of their own."""
    return 11 * len(text)


@operator(
    "ParseJson", GROUP, "The value that a text of JSON holds.", p("text", A_TEXT), returns=ANY, cost=_reading,
    examples={"$ParseJson('{\"a\": [1, null]}')": {"a": [1, None]}},
)  # fmt: skip
def parsed(text: str) -> Json:
    """Read from JSON."""
    try:
        return parse_json(text, max_bytes=MAX_RESULT)
    except JsonError as error:
        place = f" (line {error.line}, column {error.column})" if error.line else ""
        raise BadValue(f"invalid JSON{place}: {error.message}", argument=0) from None


@operator(
    "Stringify", GROUP, "The value as compact JSON.", p("x", ANYTHING), returns=TEXT, deep=True,
    examples={"$Stringify({a: [1, null]})": '{"a":[1,null]}', "$Stringify('a')": '"a"'},
)  # fmt: skip
def stringified(value: Json) -> str:
    """Written as JSON."""
    return json_text(value)
