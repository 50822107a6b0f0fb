"""Texts in quotes: what their escapes mean, and how any text is written."""

from __future__ import annotations

import json
import re
from typing import Final

from products.expressions.errors import SyntaxFault

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_MEANINGS: Final[dict[str, str]] = {
    "\\": "\\", "'": "'", '"': '"', "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/",
}  # fmt: skip
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def unquoted(text: str, start: int) -> str:
    """The text that a quoted one at the offset `start` means. Raises SyntaxFault."""
    inner = text[1:-1]
    if "\\" not in inner:
        return inner

    def meaning(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) == 5:
            return chr(int(code[1:], 16))
        if code not in _MEANINGS:
            place = start + 1 + found.start()
            hint = (
                "Four hexadecimal digits follow \\u." if code == "u" else f"Write \\\\{code} for a backslash before it."
            )
            raise SyntaxFault(f"“\\{code}” is not an escape.", start=place, end=place + 2, suggestion=hint)
        return _MEANINGS[code]

    made = _ESCAPE.sub(meaning, inner)
    made = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), made)
    if _UNSTORABLE.search(made):
        raise SyntaxFault("The text contains NUL or half a character.", start=start, end=start + len(text))
    return made


def quoted(text: str) -> str:
    """A text as a literal."""
    return "'" + json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
