"""Looking into text and lists."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import re2  # type: ignore[import-untyped]

from products.expressions.errors import BadValue, OverLimit, WrongType
from products.expressions.kinds import A_TEXT, ANYTHING, BOOLEAN, NUMBER, TEXT_OR_LIST, in_words
from products.expressions.operators.declare import operator, p
from products.expressions.suggestions import shortened
from products.expressions.values import bytes_of, same
from products.lib.jsontypes import Json

GROUP: Final = "Searching"
MAX_PATTERN: Final = 1000
PATTERN_MEMORY: Final = 1 << 20
# A step of the automaton on one byte takes up to 22 ns when RE2 falls back to simulating it: below 100 ms altogether.
MAX_STEPS: Final = 4_000_000


@operator(
    "Length", GROUP, "How many characters a text or elements a list has.", p("text or list", TEXT_OR_LIST),
    forms=("$Length(text or list)", "$Length{$Input{items}}"), braces=True, carries=False, returns=NUMBER,
    examples={"$Length('abc')": 3, "$Length([1, 2])": 2},
)  # fmt: skip
def length(given: str | list[Json]) -> int:
    """Characters or elements."""
    return len(given)


@operator(
    "Contains", GROUP,
    "Whether a text contains another, or a list an element equal to the value (as with ===: 1 is not '1').",
    p("text or list", TEXT_OR_LIST), p("value", ANYTHING), returns=BOOLEAN, deep=True, carries=False,
    examples={"$Contains('abc', 'b')": True, "$Contains([1, 2], '1')": False},
)  # fmt: skip
def contains(given: str | list[Json], value: Json) -> bool:
    """Whether the value is in it."""
    if isinstance(given, list):
        return any(same(element, value) for element in given)
    if type(value) is not str:
        raise WrongType(
            f"value must be a text to be looked for in a text, and {in_words(value)} was given.", argument=1
        )
    return value in given


@operator(
    "StartsWith", GROUP, "Whether the text begins with another.", p("text", A_TEXT), p("t", A_TEXT), returns=BOOLEAN,
    carries=False, examples={"$StartsWith('abc', 'ab')": True},
)  # fmt: skip
def starts_with(text: str, beginning: str) -> bool:
    """Whether it begins so."""
    return text.startswith(beginning)


@operator(
    "EndsWith", GROUP, "Whether the text ends with another.", p("text", A_TEXT), p("t", A_TEXT), returns=BOOLEAN,
    carries=False, examples={"$EndsWith('abc', 'ab')": False},
)  # fmt: skip
def ends_with(text: str, end: str) -> bool:
    """Whether it ends so."""
    return text.endswith(end)


@lru_cache(maxsize=256)
def compiled_pattern(pattern: str) -> Any:
    """A pattern of RE2, ready. Raises BadValue."""
    if len(pattern) > MAX_PATTERN:
        raise BadValue(f"the pattern is longer than {MAX_PATTERN} characters.", argument=1)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY
    try:
        return re2.compile(pattern.encode(), options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args and isinstance(error.args[0], bytes) else b"half a character"
        words = shortened(reason.decode("utf-8", "replace"))
        raise BadValue(f"this is not a pattern of RE2: {words}.", argument=1) from None


def steps(text: str, pattern: str) -> int:
    """The most work that matching can take, in bytes times states. Raises OverLimit beyond MAX_STEPS."""
    needed = int(compiled_pattern(pattern).programsize * bytes_of(text))
    if needed > MAX_STEPS:
        raise OverLimit("the pattern is too costly for a text of this length.", argument=0)
    return needed


@operator(
    "Matches", GROUP,
    "Whether a pattern in the syntax of RE2 is found anywhere in the text; ^ and $ anchor it. Backslashes are doubled "
    "in quotes: '\\\\d'. Always fast: a pattern too costly for the text's length is an error.",
    p("text", A_TEXT), p("pattern", A_TEXT, check=compiled_pattern), returns=BOOLEAN, carries=False, cost=steps,
    examples={"$Matches('ada@example.com', '^[^@]+@example\\\\.com$')": True, "$Matches('abc', '[0-9]')": False},
)  # fmt: skip
def matches(text: str, pattern: str) -> bool:
    """Whether the pattern is found; `steps` has said that the work is bounded."""
    return compiled_pattern(pattern).search(text.encode("utf-8", "replace")) is not None
