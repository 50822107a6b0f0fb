"""How long values are kept, as a cache says it and as a call may."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from processors.connectors.errors import InputRejected, Misconfigured
from products.lib.jsontypes import Json
from products.lib.periods import PeriodError, duration_seconds

LONGEST_S: Final = 366 * 86_400.0
_NOTHING: Final = re.compile(r"\s*0+(\.0+)?\s*[a-z]*\s*")


@dataclass(frozen=True, slots=True)
class Span:
    """Milliseconds: fresh, and all in all."""

    fresh_ms: int
    life_ms: int


def span_of(shared: Mapping[str, Json]) -> Span:
    """From a cache's own fields `for` and `stale_for`. Raises Misconfigured naming the field."""
    fresh = _seconds(shared.get("for") or "5m", "for", Misconfigured)
    stale = _seconds(shared.get("stale_for") or 0, "stale_for", Misconfigured, may_be_nothing=True)
    return Span(max(1, round(fresh * 1_000)), max(1, round((fresh + stale) * 1_000)))


def span_for(given: Json, shared: Mapping[str, Json]) -> Span:
    """Of a value that is set: as the call says, else as the cache does; it is never stale. Raises InputRejected."""
    if given is None or given == "":
        fresh = span_of(shared).fresh_ms
    else:
        fresh = max(1, round(_seconds(given, "for", InputRejected) * 1_000))
    return Span(fresh, fresh)


def _seconds(
    given: Json, field: str, refusal: type[InputRejected] | type[Misconfigured], *, may_be_nothing: bool = False
) -> float:
    if may_be_nothing and (given == 0 or (isinstance(given, str) and _NOTHING.fullmatch(given.lower()))):
        return 0.0
    try:
        seconds = duration_seconds(given)
    except PeriodError as error:
        raise refusal(str(error), details={"field": field}) from None
    if seconds > LONGEST_S:
        raise refusal("A cache keeps nothing for longer than a year.", details={"field": field})
    return seconds
