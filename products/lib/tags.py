"""Tags: the short, stable names that everything has, made from whatever people type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

TAG_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
TAG_LENGTH = 63

# Letters that decomposition does not reach, spelt as their languages do without the letter.
_SPELT = str.maketrans({
    "\N{LATIN SMALL LETTER SHARP S}": "ss",
    "\N{LATIN SMALL LETTER AE}": "ae",
    "\N{LATIN CAPITAL LETTER AE}": "ae",
    "\N{LATIN SMALL LIGATURE OE}": "oe",
    "\N{LATIN CAPITAL LIGATURE OE}": "oe",
    "\N{LATIN SMALL LETTER O WITH STROKE}": "o",
    "\N{LATIN CAPITAL LETTER O WITH STROKE}": "o",
    "\N{LATIN SMALL LETTER D WITH STROKE}": "d",
    "\N{LATIN CAPITAL LETTER D WITH STROKE}": "d",
    "\N{LATIN SMALL LETTER L WITH STROKE}": "l",
    "\N{LATIN CAPITAL LETTER L WITH STROKE}": "l",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "\N{RIGHT SINGLE QUOTATION MARK}": "",
    "'": "",
})
_NOT_TAG = re.compile(r"[^a-z0-9_]+")


def slugify_tag(name: str, *, fallback: str = "item") -> str:
    """A tag matching `^[a-z0-9][a-z0-9_-]{0,62}$`; `fallback` where nothing of the name can be spelt."""
    plain = unicodedata.normalize("NFKD", name[:1000].translate(_SPELT)).encode("ascii", "ignore").decode("ascii")
    tag = _NOT_TAG.sub("-", plain.lower()).strip("-_")[:TAG_LENGTH].rstrip("-_")
    return tag or fallback


def unique_tag(base: str, taken: Container[str]) -> str:
    """`base`, or `base-2`, `base-3`, … : the first that is not taken, never longer than a tag may be."""
    if base not in taken:
        return base
    number = 2
    while (candidate := _numbered(base, number)) in taken:
        number += 1
    return candidate


def _numbered(base: str, number: int) -> str:
    suffix = f"-{number}"
    return base[: TAG_LENGTH - len(suffix)].rstrip("-_") + suffix
