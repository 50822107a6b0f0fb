"""Text. Positions and lengths count characters (Unicode code points)."""

from __future__ import annotations

from typing import Final

from products.expressions.errors import BadValue, WrongType
from products.expressions.kinds import A_LIST, A_TEXT, A_WHOLE, LIST, TEXT, in_words
from products.expressions.limits import ELEMENT_WORK, MAX_RESULT, MAX_WORK
from products.expressions.operators.declare import operator, p
from products.expressions.values import reserve, text_of, work_in
from products.lib.jsontypes import Json

GROUP: Final = "Text"
_WRITER_WORK: Final = 256  # beginning to write JSON


def _joining(given: list[Json], _delimiter: str = "") -> int:
    """Elements that are not text are written as JSON."""
    work = ELEMENT_WORK * len(given)
    for element in given:
        if type(element) is list or type(element) is dict:
            work += _WRITER_WORK + work_in(element)
            if work > MAX_WORK:
                break
    return work


@operator(
    "Concat", GROUP, "The elements as text, joined; null gives nothing, lists and objects give compact JSON.",
    p("list", A_LIST), p("delimiter", A_TEXT, default="''"), returns=TEXT, cost=_joining,
    examples={"$Concat(['Hello', 'World'], ' ')": "Hello World", "$Concat([1, true, null, 'x'])": "1truex"},
)  # fmt: skip
def concat(given: list[Json], delimiter: str = "") -> str:
    """One text out of all elements."""
    size, between, parts = 0, len(delimiter), []
    for element in given:
        part = element if type(element) is str else text_of(element)
        parts.append(part)
        size += len(part) + between
        if size > MAX_RESULT:
            reserve(size - between)
    return delimiter.join(parts)


@operator(
    "Join", GROUP, "With a delimiter the same as `$Concat`; without one, a list of lists becomes one list.",
    p("list", A_LIST), p("delimiter", A_TEXT, default="none"), returns=TEXT | LIST,
    cost=lambda given, delimiter=None: 0 if delimiter is None else _joining(given),
    forms=("$Join(list, delimiter)", "$Join([list, …])"),
    examples={"$Join(['a', 'b'], ' & ')": "a & b", "$Join([[1, 2], [3]])": [1, 2, 3]},
)  # fmt: skip
def join(given: list[Json], delimiter: str | None = None) -> Json:
    """One text with a delimiter, else one list."""
    if delimiter is not None:
        return concat(given, delimiter)
    size = 0
    for index, element in enumerate(given):
        if type(element) is not list:
            words = f"element {index} must be a list, and {in_words(element)} was given."
            raise WrongType(words, argument=0, suggestion="Give a delimiter to join text: $Join(list, ', ').")
        size += 2 * len(element)
        reserve(size)
    return [inner for element in given for inner in element]


@operator(
    "Substring", GROUP,
    "The characters from start (included) to end (excluded). A negative position and a start past the end are errors; "
    "an end past the end means the end, one before the start gives nothing.",
    p("text", A_TEXT), p("start", A_WHOLE), p("end", A_WHOLE, default="length"), returns=TEXT,
    examples={"$Substring('Operator', 2, 6)": "erat", "$Substring('abc', 1)": "bc"},
)  # fmt: skip
def substring(text: str, start: int, end: int | None = None) -> str:
    """A part of a text."""
    if not 0 <= start <= len(text):
        raise BadValue(f"start {_shown(start)} is out of bounds: the text has {len(text)} characters.", argument=1)
    if end is not None and end < 0:
        raise BadValue(f"end {_shown(end)} is out of bounds: it must not be negative.", argument=2)
    return text[start:end]


@operator(
    "Trim", GROUP, "The text without white space at both ends.", p("text", A_TEXT), returns=TEXT,
    examples={"$Trim('  hello ')": "hello"},
)  # fmt: skip
def trim(text: str) -> str:
    """Without white space around it."""
    return text.strip()


@operator(
    "Uppercase", GROUP, "The text in capitals.", p("text", A_TEXT), returns=TEXT,
    examples={"$Uppercase('ductape')": "DUCTAPE"},
)  # fmt: skip
def uppercase(text: str) -> str:
    """In capitals."""
    return text.upper()


@operator(
    "Lowercase", GROUP, "The text in small letters.", p("text", A_TEXT), returns=TEXT,
    examples={"$Lowercase('Ductape')": "ductape"},
)  # fmt: skip
def lowercase(text: str) -> str:
    """In small letters."""
    return text.lower()


@operator(
    "Capitalize", GROUP, "The text with its first letter in capitals; the rest stays as it is.", p("text", A_TEXT),
    returns=TEXT, examples={"$Capitalize('ada McGee')": "Ada McGee"},
)  # fmt: skip
def capitalize(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


@operator(
    "Split", GROUP, "The parts of a text between separators; an empty separator gives the characters.",
    p("text", A_TEXT), p("separator", A_TEXT), returns=LIST,
    examples={"$Split('a,b,c', ',')": ["a", "b", "c"], "$Split('abc', '')": ["a", "b", "c"]},
)  # fmt: skip
def split(text: str, separator: str) -> list[Json]:
    """The parts of a text."""
    pieces = text.count(separator) + 1 if separator else len(text)
    reserve(len(text) + 3 * pieces)
    return list(text.split(separator)) if separator else list(text)


@operator(
    "Replace", GROUP, "The text with every occurrence replaced, literally: no patterns.",
    p("text", A_TEXT), p("search", A_TEXT), p("replacement", A_TEXT), returns=TEXT,
    examples={"$Replace('a.b.c', '.', '-')": "a-b-c"},
)  # fmt: skip
def replace(text: str, search: str, replacement: str) -> str:
    """Every occurrence replaced."""
    reserve(len(text) + text.count(search) * (len(replacement) - len(search)))
    return text.replace(search, replacement)


def _shown(number: int) -> str:
    return str(number) if abs(number) < 10**15 else "far away"
