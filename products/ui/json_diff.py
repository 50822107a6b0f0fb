"""Two JSON values beside each other, line by line, with what differs marked; bounded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from products.lib.jsontypes import Json

MOST_LINES: Final = 600
MOST_CHARS: Final = 300
AROUND: Final = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of the left and of the right value; ``mark``: "", changed, removed, added, gap, or cut."""

    mark: str
    left: str = ""
    right: str = ""


def compared(left: Json, right: Json) -> list[Pair]:
    """Return the lines of both, equal stretches shortened to what stands around the differences."""
    one, other = _lines(left), _lines(right)
    pairs = list(_pairs(one[:MOST_LINES], other[:MOST_LINES]))
    if max(len(one), len(other)) > MOST_LINES:
        pairs.append(Pair("cut", f"{max(len(one), len(other)) - MOST_LINES} more lines are not compared"))
    return pairs


def _lines(value: Json) -> list[str]:
    text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    return [line if len(line) <= MOST_CHARS else f"{line[:MOST_CHARS]} …" for line in text.split("\n")]


def _pairs(left: list[str], right: list[str]) -> Iterator[Pair]:
    codes = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    for place, (kind, a1, a2, b1, b2) in enumerate(codes):
        if kind == "equal":
            yield from _equal(left[a1:a2], right[b1:b2], first=place == 0, last=place == len(codes) - 1)
            continue
        for n in range(max(a2 - a1, b2 - b1)):
            here = left[a1 + n] if a1 + n < a2 else ""
            there = right[b1 + n] if b1 + n < b2 else ""
            yield Pair("changed" if here and there else "removed" if here else "added", here, there)


def _equal(left: list[str], right: list[str], *, first: bool, last: bool) -> Iterator[Pair]:
    head, tail = (0 if first else AROUND), (0 if last else AROUND)
    if first and last:
        head = AROUND * 8
    if len(left) <= head + tail + 1:
        yield from (Pair("", here, there) for here, there in zip(left, right, strict=True))
        return
    yield from (Pair("", here, there) for here, there in zip(left[:head], right[:head], strict=True))
    yield Pair("gap", f"{len(left) - head - tail} equal lines")
    if tail:
        yield from (Pair("", here, there) for here, there in zip(left[-tail:], right[-tail:], strict=True))
