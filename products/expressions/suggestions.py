"""“Did you mean …?”: the nearest of some known names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MAX_KNOWN = 2000
_MAX_SHOWN = 10
_MAX_LENGTH = 60


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that `name` was probably meant to be; "" for none."""
    if len(name) > _MAX_LENGTH:
        return ""
    spelled: dict[str, str] = {}
    for each, _ in zip(known, range(_MAX_KNOWN), strict=False):
        if len(each) <= _MAX_LENGTH:
            spelled.setdefault(each.casefold(), each)
    found = get_close_matches(name.casefold(), list(spelled), n=1, cutoff=0.6)
    return spelled[found[0]] if found else ""


def did_you_mean(name: str, known: Iterable[str], *, form: str = "{}") -> str:
    """A sentence with the nearest name put where `form` has its braces; "" for none."""
    found = nearest(name, known)
    return f"Did you mean {form.replace('{}', found)}?" if found else ""


def listed(names: Iterable[str], *, what: str = "There is") -> str:
    """A sentence that lists the first names; "" when there are none."""
    shown = [shortened(name) for name, _ in zip(names, range(_MAX_SHOWN + 1), strict=False)]
    if not shown:
        return ""
    more = ", …" if len(shown) > _MAX_SHOWN else ""
    return f"{what}: {', '.join(shown[:_MAX_SHOWN])}{more}."


def shortened(text: str) -> str:
    """Text for a message: at most 60 characters, on one line."""
    line = text.replace("\n", "\\n").replace("\r", "\\r")
    return line if len(line) <= _MAX_LENGTH else f"{line[: _MAX_LENGTH - 1]}…"
