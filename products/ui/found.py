"""What the palette draws: the pages of a workspace and the things found in it, each with its address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from products.access import Actor
from products.catalog.resources import KINDS
from products.queries.find import Found
from products.ui.navigation import WORKSPACE

LIMIT = 20
# kind of thing → url name and icon
PAGES = {
    "product": ("product-overview", "package"),
    "feature": ("feature", "route"),
    "connection": ("connection", "plug-connected"),
    "app": ("app", "apps"),
    "action": ("app-action", "send"),
    "secret": ("secret", "lock"),
    **{kind.name: ("resource", kind.icon) for kind in KINDS.values()},
}


def links(actor: Actor, query: str, found: Sequence[Found]) -> list[dict[str, str]]:
    """Pages whose name matches, then a run by its id, then things: `title`, `hint`, `url`, `icon`, at most 20."""
    drawn = [*_pages(actor, query), *_run(actor, query), *(link for one in found if (link := _thing(actor, one)))]
    return drawn[:LIMIT]


def _pages(actor: Actor, query: str) -> Iterator[dict[str, str]]:
    for group in WORKSPACE:
        for item in group.items:
            allowed = not item.permission or item.permission in actor.permissions
            url = _address(item.url_name, actor.workspace.tag)
            if allowed and url and query.lower() in item.label.lower():
                yield {"title": item.label, "hint": "Page", "url": url, "icon": item.icon}


def _run(actor: Actor, query: str) -> Iterator[dict[str, str]]:
    try:
        run = UUID(query.removeprefix("run_"))
    except ValueError:
        return
    url = _address("run-by-id", actor.workspace.tag, str(run))
    if url:
        yield {"title": f"Run {run}", "hint": "Run", "url": url, "icon": "player-play"}


def _thing(actor: Actor, one: Found) -> dict[str, str]:
    name, icon = PAGES[one.kind]
    url = _address(name, actor.workspace.tag, *one.args)
    return {"title": one.title, "hint": one.hint, "url": url, "icon": icon} if url else {}


def _address(name: str, *args: str) -> str:
    """Empty where there is no such page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
