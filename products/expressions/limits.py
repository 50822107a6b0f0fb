"""How long, deep and large expressions and their results may be."""

from __future__ import annotations

from typing import Final

MAX_SOURCE: Final = 64 * 1024  # bytes of one text with expressions, as UTF-8
MAX_NESTING: Final = 64  # operators, lists, objects and brackets inside each other
MAX_RESULT: Final = 4 * 1024 * 1024  # bytes of a result as compact JSON
MAX_DEPTH: Final = 100  # objects and lists inside each other in a result: what can be stored
MAX_WORK: Final = 64 * 1024 * 1024  # of all operators of one evaluation together: a second or so at worst
ELEMENT_WORK: Final = 64  # an element that is looked at closely, where a byte of text counts 1
SLOT_WORK: Final = 16  # an element that is passed on
MAX_DIGITS: Final = 400  # of a number in text
MAX_INT_BITS: Final = 1024  # the range of a double
