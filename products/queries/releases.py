"""Reads of releases: lists, one of them, and what differs between two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.db.models import Prefetch, QuerySet

from products.access import Actor, Permission, mine, products_of
from products.lib.json_lines import difference_lines
from products.lib.jsontypes import Json, JsonObject
from products.models import Environment, Product, Release
from products.queries.release_content import draft_content, missing_in

__all__ = ["Change", "difference", "draft_content", "may_deploy", "missing_in", "release", "releases_of"]

What = Literal["feature", "action", "operation"]
MAX_CHANGES = 500
MAX_SHOWN = 5_000  # lines of all changes together
_KINDS: tuple[What, ...] = ("feature", "action", "operation")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. `lines` are those of `diff -u`; `more`: how many were left out."""

    kind: Literal["added", "changed", "removed"]
    what: What
    tag: str
    lines: tuple[str, ...] = ()
    more: int = 0


def releases_of(actor: Actor, product: Product) -> QuerySet[Release]:
    """The newest first, without their content, with the environments that run them."""
    actor.need(Permission.VIEW)
    places = Prefetch("environments", Environment.objects.order_by("position", "slug"))
    rows = Release.objects.filter(product=product, product__in=products_of(actor)).defer("content")
    return rows.select_related("product").prefetch_related(places).order_by("-number")


def release(actor: Actor, product: Product, number: int | str) -> Release:
    """One, with its content. Raises NotFound, for what is no number too."""
    rows = releases_of(actor, product).defer(None)
    return mine(actor, rows, "release", number=number)


def may_deploy(actor: Actor, environment: Environment) -> bool:
    """Whether the actor may choose what this environment runs: who may edit, where their scope reaches."""
    return actor.may_change_in(environment)


def difference(before: JsonObject, after: JsonObject) -> list[Change]:
    """What has to be done to the content `before` to make it `after`: features first, then actions, each by tag."""
    found: list[Change] = []
    room = MAX_SHOWN
    for what in _KINDS:
        old, new = before.get(f"{what}s", {}), after.get(f"{what}s", {})
        for tag in sorted({*old, *new}):
            if old.get(tag) != new.get(tag) and len(found) < MAX_CHANGES:
                found.append(_change(what, tag, old.get(tag), new.get(tag), room))
                room -= len(found[-1].lines)
    return found


def _change(what: What, tag: str, old: Json, new: Json, room: int) -> Change:
    kind: Literal["added", "changed", "removed"] = "added" if old is None else "removed" if new is None else "changed"
    if room <= 0:
        return Change(kind, what, tag, more=1)
    lines = difference_lines(old, new)
    shown = lines.shown[:room]
    return Change(kind, what, tag, shown, lines.more + len(lines.shown) - len(shown))
