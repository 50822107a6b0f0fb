"""Names as they are stored: one spelling for what reads the same, and nothing in them that cannot be seen."""

from __future__ import annotations

import re
import unicodedata

# Zero width joiner and non-joiner shape the letters of many scripts and join pictures; between other letters they
# only make two names that look alike differ.
_JOINERS = "\u200c\u200d"
_IDLE_JOINER = re.compile(f"(?:^|(?<=[\x00-\x7f{_JOINERS}]))[{_JOINERS}]+|[{_JOINERS}]+(?=[\x00-\x7f]|$)")


def name_form(text: str) -> str:
    """Composed (NFC), on one line, white space single and none at the ends, without invisible and bidi controls.

    May be longer than `text`: some letters have no composed form.
    """
    if text.isascii():
        return " ".join(text.split())
    seen = "".join(char for char in text if char in _JOINERS or unicodedata.category(char) != "Cf")
    return _composed(_IDLE_JOINER.sub("", _composed(seen)))  # what is left out brings others together


def _composed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
