"""Which bytes of a content a request asks for (RFC 9110, 14): one range, or all of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final

_RANGE: Final = re.compile(r"bytes[ \t]*=[ \t]*(\d{0,18})[ \t]*-[ \t]*(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


class NotSatisfiable(Exception):
    """The content has none of the bytes that were asked for."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` up to and without `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many."""
        return self.end - self.start


def asked_span(header: str, size: int) -> Span | None:
    """What a `Range` header asks of a content of `size` bytes; None for all of it.

    Whatever is no single range of bytes is passed over, as the RFC has it. Raises NotSatisfiable.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    if start >= size:
        raise NotSatisfiable
    return Span(start, end)


def still_holds(if_range: str, etag: str, modified: datetime) -> bool:
    """Whether a part of what `If-Range` names fits to what is there now: "" asks nothing, weak tags never fit."""
    given = if_range.strip()
    return given in ("", etag, http_date(modified))


def http_date(moment: datetime) -> str:
    """As headers have it. The moment is an aware one in UTC."""
    return format_datetime(moment.replace(microsecond=0), usegmt=True)
