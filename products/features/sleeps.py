"""When a sleep ends: a length of time, or a date, as it is written and as expressions have made it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from products.lib.errors import FieldProblem
from products.lib.jsontypes import Json
from products.lib.periods import PeriodError, duration_seconds

MAX_SLEEP = timedelta(days=366)
_NEITHER = "A sleep needs “for”, a length of time, or “until”, a date."


def wake_at(given: Json, now: datetime) -> datetime:
    """`{"for": "2h"}`, `{"until": date}`, or the length of time alone. Raises ValueError, saying why not."""
    until, length = _parts(given)
    if until is not None:
        at = moment(until)
    elif length is not None:
        at = now + timedelta(seconds=min(duration_seconds(length), 2 * MAX_SLEEP.total_seconds()))
    else:
        raise PeriodError(_NEITHER)
    if at - now > MAX_SLEEP:
        raise ValueError(f"A sleep may last {MAX_SLEEP.days} days; this one would end on {moment_text(at)}.")
    return at


def wrong_sleep(given: Json, pointer: str) -> Iterator[FieldProblem]:
    """What no run could do: said at once, not in the night it is waited for. `pointer` is the place of the input."""
    until, length = _parts(given)
    if until is None and length is None:
        words = _NEITHER if isinstance(given, dict) else "How long to sleep is missing: 10s, 5m, 2h, 3d."
        yield FieldProblem(pointer, "required", words)
    elif until is not None:
        yield from _wrong_date(until, f"{pointer}/until")
    elif not _is_open(length):
        yield from _wrong_length(length, f"{pointer}/for" if isinstance(given, dict) else pointer)


def moment(given: Json) -> datetime:
    """ISO 8601 text or milliseconds since 1970, in UTC; no zone means UTC. Raises ValueError."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise ValueError("“until” needs a date: ISO 8601 text or milliseconds.")
    try:
        at = datetime.fromisoformat(given) if isinstance(given, str) else datetime.fromtimestamp(given / 1000, UTC)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"“{str(given)[:40]}” is no date: write ISO 8601 text or milliseconds.") from None


def moment_text(at: datetime) -> str:
    """To the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _parts(given: Json) -> tuple[Json, Json]:
    """The date and the length; the date counts where both are there."""
    return (given.get("until"), given.get("for")) if isinstance(given, dict) else (None, given)


def _is_open(given: Json) -> bool:
    return isinstance(given, str) and "$" in given


def _wrong_date(until: Json, pointer: str) -> Iterator[FieldProblem]:
    """How far away it may be, the day of the run decides."""
    if _is_open(until):
        return
    try:
        moment(until)
    except ValueError as error:
        yield FieldProblem(pointer, "invalid", str(error))


def _wrong_length(length: Json, pointer: str) -> Iterator[FieldProblem]:
    try:
        seconds = duration_seconds(length)
    except PeriodError as error:
        yield FieldProblem(pointer, "invalid", str(error))
    else:
        if seconds > MAX_SLEEP.total_seconds():
            yield FieldProblem(pointer, "out_of_range", f"A sleep may last {MAX_SLEEP.days} days.")
