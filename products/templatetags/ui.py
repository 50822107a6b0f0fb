"""The tags pages are written with: `{% load ui %}`. Every one of them escapes what it is given."""

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms, template
from django.forms.widgets import Input
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from products.catalog import triggers
from products.lib import database_actions, descriptions
from products.ui import agents, charts, fields, formats, json_tree, navigation, states, timeline
from products.ui.graph import Graph

register = template.Library()


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """`{% icon "plus" %}` — an icon of the sprite (`static/icons.txt`); size `small` or `large`."""
    classes = f"icon icon-{size}" if size else "icon"
    sheet = static("dist/icons.svg")
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', classes, sheet, name)


@register.simple_tag
def state(value: object, label: str = "") -> SafeString:
    """`{% state run.state %}` — dot and word; `{% state "ok" "6 of 6" %}` has other words beside the dot."""
    tone = states.tone_of(value)
    return format_html('<span class="state state-{}">{}</span>', tone, label or states.label_of(value))


@register.filter
def tone(value: object) -> str:
    """`{{ run.state|tone }}` — ok, bad, busy, wait, warn or mute, for classes such as `tone-ok`."""
    return states.tone_of(value)


@register.filter
def trigger(value: object) -> str:
    """`{{ run.trigger|trigger }}` — what started a run, in words."""
    return triggers.trigger_words(str(value))


@register.filter
def statement(definition: Mapping[str, Any]) -> str:
    """`{{ row.definition|statement }}` — the first statement of a database action."""
    return database_actions.first_statement(dict(definition))


@register.simple_tag
def when(moment: dt.datetime | None, empty: str = "—") -> SafeString | str:
    """`{% when run.created_at %}` — relative; the absolute moment on hover, in the reader's zone by script."""
    if moment is None:
        return empty
    return format_html(
        '<time datetime="{}" title="{}" data-when>{}</time>',
        moment.isoformat(),
        f"{moment.astimezone(zoneinfo.ZoneInfo('UTC')):%Y-%m-%d %H:%M:%S} UTC",
        formats.moment_text(moment, timezone.now()),
    )


@register.simple_tag
def clock(moment: dt.datetime | None) -> SafeString | str:
    """`{% clock line.at %}` — the time of day to the millisecond, as in a log; the reader's zone by script."""
    if moment is None:
        return "—"
    utc = moment.astimezone(zoneinfo.ZoneInfo("UTC"))
    shown = f"{utc:%H:%M:%S}.{utc.microsecond // 1000:03d}"
    return format_html('<time datetime="{}" data-clock>{}</time>', utc.isoformat(), shown)


@register.simple_tag
def duration(milliseconds: float | dt.timedelta | None) -> str:
    """`{% duration run.took_ms %}` — milliseconds or a timedelta, in words."""
    if isinstance(milliseconds, dt.timedelta):
        milliseconds = milliseconds.total_seconds() * 1_000
    return formats.duration_text(milliseconds)


@register.simple_tag
def number(value: float | None) -> str:
    """`{% number n %}` — thousands apart, `—` for nothing."""
    return formats.number_text(value)


@register.simple_tag(name="bytes")
def bytes_(size: float | None) -> str:
    """`{% bytes n %}` — a size in B, kB, MB."""
    return formats.bytes_text(size)


@register.simple_tag
def copyable(text: object, shown: object = "") -> SafeString:
    """`{% copyable run.id %}` or `{% copyable run.id "run_01J…4QF" %}` — an id or tag, copied by a click."""
    return format_html(
        '<button type="button" class="copy" data-copy="{}" title="Copy {}"><code>{}</code>{}</button>',
        text,
        str(text)[:200],
        shown or text,
        icon("copy"),
    )


@register.simple_tag
def json(value: object) -> SafeString:
    """`{% json value %}` — a value, or a text that holds JSON, as a tree to fold; masked values are dots."""
    return json_tree.json_html(json_tree.parsed(value))


@register.simple_tag
def markdown(text: str | None) -> SafeString:
    """`{% markdown app.description %}` — Markdown as sanitised HTML."""
    return format_html('<div class="prose">{}</div>', mark_safe(descriptions.safe_html(text or "")))  # noqa: S308


@register.filter
def visible(text: object, limit: int = 20_000) -> str:
    """`{{ line.message|visible }}` — no terminal escapes, no control or direction marks, bounded; still escaped."""
    return formats.visible_text(text, limit)


@register.filter
def browser(user_agent: object) -> str:
    """`{{ session.user_agent|browser }}` — "Firefox on Linux"."""
    return agents.browser_text(str(user_agent or ""))


@register.simple_tag(takes_context=True)
def query_with(context: RequestContext, **changes: object) -> str:
    """`<a href="{% query_with state='failed' cursor=None %}">` — the present query, changed; None takes one away."""
    query = context["request"].GET.copy()
    for key, value in changes.items():
        if value is None or value == "":
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}" if query else "?"


@register.simple_tag
def bars(points: Sequence[Mapping[str, Any]], label: str = "Runs over time") -> SafeString:
    """`{% bars points label %}` — points with `label`, `total`, `failed`; wrap it with `ui/chart.html` for its axis."""
    return charts.bars_svg(points, label=label)


@register.simple_tag
def uptime(checks: Sequence[tuple[str, str]]) -> SafeString:
    """`{% uptime checks %}` — pairs of state and tooltip, oldest first."""
    return charts.uptime_svg([(states.tone_of(name), title) for name, title in checks])


@register.inclusion_tag("ui/timeline.html", name="timeline")
def timeline_(rows: Sequence[timeline.Row]) -> dict[str, object]:
    """`{% timeline rows %}` — rows of `products.ui.timeline.Row`, drawn on one scale."""
    scale = timeline.scale_for(rows)
    ticks = timeline.ticks_for(scale)
    rules = [at for at, _ in ticks]
    lines = [(row, timeline.row_svg(row, scale, rules)) for row in rows]
    return {"lines": lines, "ticks": [(f"{at:.2f}", words) for at, words in ticks], "rules": rules}


@register.inclusion_tag("ui/graph.html", name="graph")
def graph_(drawing: Graph) -> dict[str, object]:
    """`{% graph drawing %}` — a feature drawn by `products.ui.graph.graph_of`, with the states of a run or without."""
    stateful = any(card.state for group in drawing.groups for card in group.cards)
    return {"graph": drawing, "sheet": static("dist/icons.svg"), "stateful": stateful}


@register.inclusion_tag("ui/field.html")
def field(bound: forms.BoundField, help_text: str = "", label: str = "") -> dict[str, object]:
    """`{% field form.name %}` — label, control, help and errors of a field; `help_text=" "` takes the help away."""
    return fields.field_context(bound, help_text, label)


@register.simple_tag
def control(bound: forms.BoundField, **attrs: str) -> SafeString:
    """`{% control form.q type="search" placeholder="Name or tag" %}` — the bare control of a field, labelled unseen."""
    given = {"class": "input", "aria-label": str(bound.label)} | attrs
    kind = given.pop("type", "")
    if kind and isinstance(bound.field.widget, Input):
        bound.field.widget.input_type = kind  # as an attribute it would come second, and browsers take the first
    return bound.as_widget(attrs={name.replace("_", "-"): str(value) for name, value in given.items()})


@register.simple_tag
def icon_sheet() -> str:
    """`{% icon_sheet %}` — the address of the icon sprite, for scripts that draw icons."""
    return static("dist/icons.svg")


@register.inclusion_tag("ui/sidebar.html", takes_context=True)
def sidebar(context: RequestContext) -> dict[str, object]:
    """`{% sidebar %}` — brand, switcher and navigation for the place the page is at."""
    place = _place(context)
    above = navigation.Place(place.workspace)
    actor = context.get("actor")
    return {
        "workspace": context.get("workspace"),
        "product": context.get("product"),
        "sections": navigation.sections(
            place, permissions=getattr(actor, "permissions", None), counts=context.get("counts")
        ),
        "back": navigation.url_for("products", above),
        "home": navigation.url_for("home", above) or "/",
        "workspaces": [
            (row, navigation.url_for("home", navigation.Place(row.tag))) for row in context.get("workspaces") or ()
        ],
        "products": [
            (row, navigation.url_for("product-overview", navigation.Place(place.workspace, row.tag)))
            for row in context.get("switch_products") or ()
        ],
    }


@register.simple_tag(takes_context=True)
def page_url(context: RequestContext, name: str) -> str:
    """`{% page_url "runs" as runs_url %}` — a page of the present product or workspace; empty if there is none."""
    return navigation.url_for(name, _place(context))


def _place(context: RequestContext) -> navigation.Place:
    match = getattr(context.get("request"), "resolver_match", None)
    return navigation.Place(
        workspace=str(getattr(context.get("workspace"), "tag", "") or ""),
        product=str(getattr(context.get("product"), "tag", "") or ""),
        environment=str(getattr(context.get("environment"), "slug", "") or ""),
        page=str(context.get("section") or (match.url_name if match else "") or ""),
    )
