"""What the palette draws: pages, what can be done, and the things found in a workspace, each with its address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from products.access import Actor, Permission
from products.catalog.resources import KINDS
from products.queries.find import Found, products_with
from products.ui.navigation import PRODUCT, WORKSPACE, Item

LIMIT = 20
RUN = "run "
LEAST_WORD = 3  # of a page's name: shorter ones are in nearly all of them
ACTS = (
    Item("New product", "plus", "product-new", Permission.EDIT),
    Item("New app", "plus", "app-new", Permission.EDIT_APPS),
    Item("Import an app", "file-import", "app-import", Permission.EDIT_APPS),
    Item("New secret", "plus", "secret-new", Permission.MANAGE_SECRETS),
    Item("New access key", "plus", "key-new", Permission.MANAGE_KEYS),
    Item("Invite somebody", "user-plus", "team", Permission.MANAGE_MEMBERS),
)
PRODUCT_ACTS = (
    Item("New feature", "plus", "feature-new", Permission.EDIT),
    Item("Connect an app", "plug-connected", "connection-new", Permission.EDIT),
)
PRODUCT_PAGES = (*(item for group in PRODUCT for item in group.items), Item("Environments", "server", "environments"))
RUNS = {"feature": "feature-run", "action": "action-run"}
# kind of thing → url name and icon
PAGES = {
    "product": ("product-overview", "package"),
    "feature": ("feature", "route"),
    "connection": ("connection", "plug-connected"),
    "app": ("app", "apps"),
    "action": ("app-action", "send"),
    "secret": ("secret", "lock"),
    "environment": ("environment", "server"),
    "database-action": ("database-action", "database"),
    "migration": ("database-migrations", "database"),
    "release": ("releases", "git-branch"),
    "member": ("member", "user"),
    "team": ("team", "user"),
    "key": ("keys", "key"),
    **{kind.name: ("resource", kind.icon) for kind in KINDS.values()},
}


def named_in(query: str) -> str:
    """What is looked for in `run list products`: its name."""
    return query[len(RUN) :].strip() if query.lower().startswith(RUN) else query


def links(actor: Actor, query: str, found: Sequence[Found]) -> list[dict[str, str]]:
    """Pages and acts whose name matches, a run by its id, then things: `title`, `hint`, `url`, `icon`, at most 20.

    A thing that can be run has a way to run it before the way to what it is; of `run …` there is only the former.
    """
    calls_only = named_in(query) != query
    groups: list[list[dict[str, str]]] = [[*_pages(actor, query), *_product_pages(actor, query), *_run(actor, query)]]
    for kind in dict.fromkeys(one.kind for one in found):
        ones = [one for one in found if one.kind == kind]
        things = [] if calls_only else [link for one in ones if (link := _thing(actor, one))]
        groups += [[link for one in ones if (link := _call(actor, one))], things]
    return _fairly(groups, LIMIT)


def _fairly(groups: Sequence[list[dict[str, str]]], most: int) -> list[dict[str, str]]:
    """In the order of the groups; of too many as many of each as there is room for."""
    shares = [0] * len(groups)
    while sum(shares) < most and any(share < len(group) for share, group in zip(shares, groups, strict=True)):
        for place, group in enumerate(groups):
            if shares[place] < len(group) and sum(shares) < most:
                shares[place] += 1
    return [link for share, group in zip(shares, groups, strict=True) for link in group[:share]]


def _pages(actor: Actor, query: str) -> Iterator[dict[str, str]]:
    pages = [(item, "Page") for group in WORKSPACE for item in group.items]
    for item, hint in (*pages, *((act, "") for act in ACTS if query)):
        url = _address(item.url_name, actor.workspace.tag)
        if _allowed(actor, item) and url and query.lower() in item.label.lower():
            yield {"title": item.label, "hint": hint, "url": url, "icon": item.icon}


def _product_pages(actor: Actor, query: str) -> Iterator[dict[str, str]]:
    """Of `storefront runs`: the page that some words name, of the products that the others name."""
    words = query.lower().split()
    for item in (*PRODUCT_PAGES, *PRODUCT_ACTS):
        rest = tuple(word for word in words if len(word) < LEAST_WORD or word not in item.label.lower())
        if len(rest) == len(words) or not _allowed(actor, item):
            continue
        if not _address(item.url_name, actor.workspace.tag, "x"):
            continue
        for product in products_with(actor, rest):
            url = _address(item.url_name, actor.workspace.tag, product.tag)
            yield {"title": item.label, "hint": product.name, "url": url, "icon": item.icon}


def _allowed(actor: Actor, item: Item) -> bool:
    return not item.permission or item.permission in actor.permissions


def _call(actor: Actor, one: Found) -> dict[str, str]:
    if one.kind not in RUNS or not actor.may(Permission.RUN):
        return {}
    url = _address(RUNS[one.kind], actor.workspace.tag, *one.args)
    return {"title": f"Run {one.title}", "hint": one.hint, "url": url, "icon": "player-play"} if url else {}


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
