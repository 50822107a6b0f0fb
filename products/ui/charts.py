"""Small drawings in SVG that need neither script nor style attributes: bars over time, and uptime."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from products.ui.formats import number_text

_FILL: Final = 0.84


def bars_svg(points: Sequence[Mapping[str, Any]], *, label: str) -> SafeString:
    """Draw one bar a point: keys ``label``, ``total`` and ``failed`` (part of the total, drawn in red at the foot)."""
    top = max((int(point["total"]) for point in points), default=0) or 1
    slot = 100 / max(len(points), 1)
    slots = format_html_join("", "{}", ((_slot(point, i * slot, slot, top),) for i, point in enumerate(points)))
    return format_html(
        '<svg role="img" aria-label="{}" focusable="false">'
        '<line class="chart-line" x1="0" x2="100%" y1="0" y2="0"/>'
        '<line class="chart-line" x1="0" x2="100%" y1="50%" y2="50%"/>{}'
        '<line class="chart-line" x1="0" x2="100%" y1="100%" y2="100%"/></svg>',
        label,
        slots,
    )


def _slot(point: Mapping[str, Any], left: float, width: float, top: int) -> SafeString:
    total, failed = int(point["total"]), min(int(point.get("failed") or 0), int(point["total"]))
    title = f"{point.get('label', '')}: {number_text(total)} runs" + (
        f", {number_text(failed)} failed" if failed else ""
    )
    full, red = 100 * total / top, 100 * failed / top
    inner_left, inner_width = left + width * (1 - _FILL) / 2, width * _FILL
    return format_html(
        '<g class="chart-slot"><title>{}</title>'
        '<rect class="chart-hit" x="{}%" width="{}%" y="0" height="100%"/>{}{}</g>',
        title,
        _short(left),
        _short(width),
        _bar("chart-bar", (inner_left, inner_width), 100 - full, full - red),
        _bar("chart-bar-failed", (inner_left, inner_width), 100 - red, red),
    )


def _bar(name: str, place: tuple[float, float], y: float, height: float) -> SafeString | str:
    if height <= 0:
        return ""
    return format_html(
        '<rect class="{}" x="{}%" width="{}%" y="{}%" height="{}%" rx="1.5"/>',
        name,
        _short(place[0]),
        _short(place[1]),
        _short(y),
        _short(max(height, 0.8)),
    )


def uptime_svg(checks: Sequence[tuple[str, str]]) -> SafeString:
    """Draw one upright bar a check, oldest first: pairs of tone (``ok``, ``bad``, ``warn``, ``mute``) and tooltip."""
    slot = 100 / max(len(checks), 1)
    bars = format_html_join(
        "",
        '<rect class="is-{}" x="{}%" width="{}%" y="0" height="100%" rx="1.5"><title>{}</title></rect>',
        ((tone, _short(i * slot + slot * 0.1), _short(slot * 0.8), title) for i, (tone, title) in enumerate(checks)),
    )
    good = sum(tone == "ok" for tone, _ in checks)
    label = f"{good} of {len(checks)} checks were good"
    return format_html('<svg class="uptime" role="img" aria-label="{}" focusable="false">{}</svg>', label, bars)


def _short(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
