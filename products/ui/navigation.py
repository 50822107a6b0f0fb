"""What stands in the sidebar: declared once, shown only where the page exists and the person may open it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True, slots=True)
class Item:
    """One declared entry. ``permission`` empty: everybody; ``count``: its key in the counts a view may give."""

    label: str
    icon: str
    url_name: str
    permission: str = ""
    count: str = ""
    also: tuple[str, ...] = ()
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A titled run of entries; the first group of a sidebar has no title."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One entry as it is drawn."""

    label: str
    icon: str
    url: str
    current: bool
    count: str
    alarm: bool


@dataclass(frozen=True, slots=True)
class Section:
    """One group as it is drawn."""

    title: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader is: tags of workspace and product (empty: none), the environment, the name of the page."""

    workspace: str
    product: str = ""
    environment: str = ""
    page: str = ""


WORKSPACE: Final = (
    Group(
        "",
        (
            Item("Home", "home", "home"),
            Item("Products", "packages", "products", also=("product-new",), count="products"),
            Item(
                "Apps",
                "apps",
                "apps",
                count="apps",
                also=("app", "app-new", "app-import", "import", "marketplace"),
            ),
        ),
    ),
    Group(
        "Workspace",
        (
            Item("Team", "users", "team", "view_members", also=("invitations",)),
            Item("Secrets", "lock", "secrets", also=("secret",)),
            Item("Access keys", "key", "keys", "manage_keys", also=("key",)),
            Item("Audit log", "history", "audit", "view_audit"),
        ),
    ),
    Group(
        "Operate",
        (
            Item("Processors", "cpu", "processors", also=("processor",)),
            Item("Settings", "settings", "settings"),
        ),
    ),
)
PRODUCT: Final = (
    Group(
        "",
        (
            Item("Overview", "layout-dashboard", "product-overview", also=("product",)),
            Item("Features", "route", "features", also=("feature", "feature-new", "feature-run"), count="features"),
            Item(
                "Connections",
                "plug-connected",
                "connections",
                also=("connection",),
                count="connections",
            ),
        ),
    ),
    Group(
        "Resources",
        (
            Item("Databases", "database", "databases", count="databases"),
            Item("Notifications", "mail", "notifications", count="notifications"),
            Item("Jobs", "clock-play", "jobs", count="jobs"),
            Item("Functions", "code", "functions", count="functions"),
            Item("Caches", "bolt", "caches", count="caches"),
            Item("Message brokers", "messages", "brokers", count="brokers"),
            Item("Storages", "folder", "storages", count="storages"),
            Item("Webhooks", "webhook", "webhooks", count="webhooks"),
            Item("Sessions", "users", "sessions", count="sessions"),
            Item("Resilience", "shield-half", "resilience", count="resilience"),
        ),
    ),
    Group(
        "Operate",
        (
            Item("Runs", "player-play", "runs", also=("run",)),
            Item("Monitoring", "activity", "monitoring"),
            Item("Errors", "alert-triangle", "errors", count="errors", alarm=True),
            Item("Releases", "git-branch", "releases", also=("release",), count="releases"),
            Item("Product settings", "settings", "product-settings", also=("product-edit", "environments")),
        ),
    ),
)


def sections(
    place: Place, *, permissions: Collection[str] | None = None, counts: Mapping[str, object] | None = None
) -> list[Section]:
    """Return the sidebar for a place. ``permissions`` None means nothing is hidden for want of a right."""
    drawn = []
    for group in PRODUCT if place.product else WORKSPACE:
        links = tuple(
            link
            for item in group.items
            if permissions is None or not item.permission or item.permission in permissions
            if (link := _link(item, place, counts or {}))
        )
        if links:
            drawn.append(Section(group.title, links))
    return drawn


def url_for(name: str, place: Place) -> str:
    """Return the address of a named page: of the product, else the workspace, else the site; empty if there is none.

    Pages of a product carry the environment along.
    """
    inside = {"workspace": place.workspace, "product": place.product}
    for known in (inside, {"workspace": place.workspace}, {}):
        if all(known.values()) and (address := _reversed(name, known)):
            return f"{address}?env={place.environment}" if known is inside and place.environment else address
    return ""


def _reversed(name: str, kwargs: Mapping[str, str]) -> str:
    try:
        return reverse(name, kwargs=dict(kwargs))
    except NoReverseMatch:
        return ""


def _link(item: Item, place: Place, counts: Mapping[str, object]) -> Link | None:
    url = url_for(item.url_name, place)
    if not url:
        return None
    count = counts.get(item.count) if item.count else None
    shown = "" if count is None or (item.alarm and not count) else str(count)
    current = place.page == item.url_name or place.page in item.also
    return Link(item.label, item.icon, url, current, shown, item.alarm)
