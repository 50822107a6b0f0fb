"""What differs between two JSON documents, as lines that people can read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice

from products.lib.jsontypes import Json

MAX_LINES = 400  # of one difference
MAX_COMPARED = 5_000  # lines of one document; comparing takes longer than their number grows
_AROUND = 3


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that begin with `+`, `-`, a space or `@@`, as `diff -u` writes them; `more`: how many were left out."""

    shown: tuple[str, ...]
    more: int = 0


def difference_lines(before: Json, after: Json) -> Lines:
    """What to take out of `before` and to put in for `after`; None: there was, or is, nothing."""
    old, new = _lines(before), _lines(after)
    if not old or not new:
        sign, all_of_it = ("+", new) if not old else ("-", old)
        return _bounded([f"{sign}{line}" for line in islice(all_of_it, MAX_LINES)], len(all_of_it))
    if max(len(old), len(new)) > MAX_COMPARED:
        return Lines((), abs(len(new) - len(old)) or len(new))
    found = list(unified_diff(old, new, n=_AROUND, lineterm=""))[2:]  # without the names of two files
    return _bounded(found[:MAX_LINES], len(found))


def _bounded(shown: list[str], count: int) -> Lines:
    return Lines(tuple(shown), count - len(shown))


def _lines(value: Json) -> list[str]:
    """Keys in order, so that the same document has the same lines wherever it was kept."""
    return [] if value is None else json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).splitlines()
