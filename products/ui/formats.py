"""Numbers, sizes, durations and moments in the words people read."""

import datetime as dt
import re
from typing import Final

_THIN: Final = "\N{NO-BREAK SPACE}"
_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")
_STEPS: Final = (
    (60, 1, "s"),
    (3_600, 60, "min"),
    (86_400, 3_600, "h"),
    (86_400 * 60, 86_400, "d"),
    (86_400 * 730, 86_400 * 30, "months"),
)
_ANSI: Final = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_UNSEEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def duration_text(milliseconds: float | None) -> str:
    """Say a length of time given in milliseconds: ``812 ms``, ``1.42 s``, ``38 m 12 s``, ``2 h 5 m``."""
    if milliseconds is None:
        return "—"
    value = max(float(milliseconds), 0.0)
    if value < 1_000:
        return f"{value:.0f}{_THIN}ms" if value >= 1 or value == 0 else f"<1{_THIN}ms"
    if value < 60_000:
        seconds = f"{value / 1_000:.2f}" if value < 10_000 else f"{value / 1_000:.1f}"
        return f"{seconds.rstrip('0').rstrip('.')}{_THIN}s"
    total = round(value / 1_000)
    for size, unit, smaller_size, smaller in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s")):
        if total >= size:
            rest = total % size // smaller_size
            tail = f" {rest}{_THIN}{smaller}" if rest else ""
            return f"{total // size}{_THIN}{unit}{tail}"
    return f"{total}{_THIN}s"


def bytes_text(size: float | None) -> str:
    """Say a size given in bytes, in steps of a thousand: ``412 B``, ``1.4 kB``, ``64 MB``."""
    if size is None:
        return "—"
    value = float(size)
    for unit in _UNITS:
        if abs(value) < 999.5 or unit == _UNITS[-1]:
            digits = f"{value:.1f}" if unit != "B" and abs(value) < 9.95 else f"{value:.0f}"
            return f"{digits.removesuffix('.0')}{_THIN}{unit}"
        value /= 1_000
    raise AssertionError("the last unit takes every size")


def number_text(value: float | None) -> str:
    """Say a number with its thousands apart: ``48,213``; at most two decimals."""
    if value is None:
        return "—"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def moment_text(moment: dt.datetime, now: dt.datetime) -> str:
    """Say how far a moment lies from now: ``just now``, ``38 min ago``, ``in 2 h``. Both must know their zone."""
    seconds = (now - moment).total_seconds()
    distance = abs(seconds)
    if distance < 5:
        return "just now"
    for limit, size, unit in _STEPS:
        if distance < limit:
            text = f"{int(distance // size)}{_THIN}{unit}"
            return f"{text} ago" if seconds > 0 else f"in {text}"
    text = f"{int(distance // (86_400 * 365))}{_THIN}years"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def visible_text(text: object, limit: int = 20_000) -> str:
    """Return text safe to lay out: no terminal escapes, no control or direction marks, at most ``limit`` characters."""
    raw = str(text)
    cut = raw[:limit]
    clean = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", _ANSI.sub("", cut))
    if len(raw) > limit:
        return f"{clean} … {number_text(len(raw) - limit)} more characters"
    return clean
