"""The timeline of a run: true overlaps, attempts and waits on a scale that shortens long stretches of nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from products.ui.formats import duration_text
from products.ui.states import tone_of

_IDLE_SHARE: Final = 0.22
_IDLE_FACTOR: Final = 4
_NICE: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_UNITS: Final = ((1, 1_000), (1_000, 60), (60_000, 60), (3_600_000, 24), (86_400_000, 10_000))


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of time, in milliseconds after the start of the run; ``state`` gives the colour."""

    start: float
    end: float
    state: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a step with its attempts and waits, or a group (no icon, no bars)."""

    name: str
    bars: Sequence[Bar] = ()
    took: str = ""
    icon: str = ""
    url: str = ""
    current: bool = False
    group: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps milliseconds to percent of the width; ``knots`` are (milliseconds, percent), both rising."""

    knots: Sequence[tuple[float, float]]
    gaps: Sequence[tuple[float, float]] = field(default=())

    def at(self, moment: float) -> float:
        """Return where a moment lies, in percent, held inside 0 to 100."""
        for (t0, p0), (t1, p1) in zip(self.knots, self.knots[1:], strict=False):
            if moment <= t1:
                return p0 + (p1 - p0) * max(moment - t0, 0) / max(t1 - t0, 1e-9)
        return self.knots[-1][1]


def scale_for(rows: Iterable[Row]) -> Scale:
    """Make the scale: stretches in which nothing works and that dwarf the work are drawn short, and marked."""
    bars = [bar for row in rows for bar in row.bars]
    end = max((bar.end for bar in bars), default=1.0) or 1.0
    work = _merged((bar.start, bar.end) for bar in bars if tone_of(bar.state) != "wait")
    edges = [0.0, *(edge for stretch in work for edge in stretch), end]
    idle = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]
    working = end - sum(b - a for a, b in idle)
    gaps = [(a, b) for a, b in idle if working > 0 and b - a > max(working * _IDLE_FACTOR, 5_000)]
    if not gaps:
        return Scale(knots=((0.0, 0.0), (end, 100.0)))
    share = min(_IDLE_SHARE, 0.6 / len(gaps)) * 100
    per_ms = (100 - share * len(gaps)) / max(end - sum(b - a for a, b in gaps), 1e-9)
    knots = [(0.0, 0.0)]
    for a, b in gaps:
        before = knots[-1][1] + (a - knots[-1][0]) * per_ms
        knots += [(a, before), (b, before + share)]
    return Scale(knots=(*knots, (end, 100.0)), gaps=tuple(gaps))


def _merged(stretches: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def ticks_for(scale: Scale, wanted: int = 5) -> list[tuple[float, str]]:
    """Return (percent, words) of round moments after the start, and one for each shortened stretch."""
    end = scale.knots[-1][0] - sum(b - a for a, b in scale.gaps)
    step = _round_step(end / wanted)
    ticks: list[tuple[float, str]] = []
    moment = 0.0
    while scale.at(moment) < 97 and len(ticks) < wanted * 3:
        gap = next(((a, b) for a, b in scale.gaps if a < moment < b), None)
        if gap:
            moment = (gap[1] // step + 1) * step
            continue
        ticks.append((scale.at(moment), duration_text(moment) if moment else "0"))
        moment += step
    ticks += [((scale.at(a) + scale.at(b)) / 2, f"… {duration_text(b - a)} …") for a, b in scale.gaps]
    return sorted(ticks)


def _round_step(rough: float) -> float:
    for unit, most in _UNITS:
        for nice in _NICE:
            if nice < most and nice * unit >= rough:
                return float(nice * unit)
    return rough


def row_svg(row: Row, scale: Scale, rules: Sequence[float]) -> SafeString:
    """Draw the bars of one row between the upright rules of the ticks."""
    lines = format_html_join(
        "", '<line class="timeline-rule" x1="{0}%" x2="{0}%" y1="0" y2="100%"/>', ((f"{rule:.2f}",) for rule in rules)
    )
    bars = format_html_join("", "{}", ((_bar(bar, scale),) for bar in row.bars))
    label = ", ".join(f"{bar.state} {duration_text(bar.end - bar.start)}" for bar in row.bars)
    return format_html(
        '<svg role="img" aria-label="{}" focusable="false">{}{}</svg>', label or "not started", lines, bars
    )


def _bar(bar: Bar, scale: Scale) -> SafeString:
    left, right = scale.at(bar.start), scale.at(bar.end)
    width = max(right - left, 0.7)
    return format_html(
        '<rect class="bar bar-{}" x="{}%" width="{}%" y="10" height="14" rx="3.5"><title>{}</title></rect>',
        "undo" if bar.state in {"undo", "rolled_back"} else tone_of(bar.state),
        f"{min(left, 99.3):.2f}",
        f"{width:.2f}",
        bar.title or f"{bar.state}, {duration_text(bar.end - bar.start)}",
    )
