"""A kind's resources, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from products.access import Actor
from products.queries.resources import ResourceView, resources_of, views

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class ResourcePage:
    """Some of a kind's resources; `after` continues them, "" at the end."""

    rows: list[ResourceView]
    after: str = ""


def resource_page(actor: Actor, product_tag: str, kind: str, *, search: str = "", after: str = "") -> ResourcePage:
    """Resources by name after the one that `after` (`<id>:<name>`) names; one that is not understood is ignored.

    Raises NotFound.
    """
    rows = resources_of(actor, product_tag, kind, search=search).order_by("name", "id")
    last, _, name = after.partition(":")
    if _is_id(last):
        rows = rows.filter(Q(name__gt=name) | Q(name=name, id__gt=last))
    found = list(rows[: PAGE_SIZE + 1])
    more = found[PAGE_SIZE - 1] if len(found) > PAGE_SIZE else None
    return ResourcePage(views(found[:PAGE_SIZE]), f"{more.pk}:{more.name}" if more else "")


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
