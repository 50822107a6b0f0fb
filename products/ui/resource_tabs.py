"""The parts of a resource's page: those of every kind, and between them those that a kind adds.

A part is drawn only where its page exists. Routes below `…/resources/<kind>/<resource>/` take both placeholders; a
route that is one kind's alone says `resources/database/<slug:resource>/` and takes only the resource.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its URL name, which is also its id, and what its tab says."""

    url_name: str
    label: str


@dataclass(frozen=True, slots=True)
class Tab:
    """One part as `ui/tabs.html` draws it."""

    id: str
    label: str
    url: str
    count: str = ""


FIRST: Final = (Part("resource", "Configuration"),)
LAST: Final = (Part("resource-runs", "Runs"),)
OF_KIND: Final[dict[str, tuple[Part, ...]]] = {
    "database": (
        Part("database-actions", "Actions"),
        Part("database-migrations", "Migrations"),
        Part("database-explorer", "Explorer"),
        Part("database-console", "Console"),
    ),
    "storage": (Part("storage-files", "Files"), Part("resource-try", "Try it")),
    "cache": (Part("cache-keys", "Keys"), Part("resource-try", "Try it")),
}


def tabs_of(kind: str, resource: str, *, workspace: str, product: str, environment: str = "") -> list[Tab]:
    """The parts of one resource's page, with the environment carried along."""
    where = {"workspace": workspace, "product": product, "resource": resource}
    drawn = []
    for part in (*FIRST, *OF_KIND.get(kind, ()), *LAST):
        address = _reversed(part.url_name, {**where, "kind": kind}) or _reversed(part.url_name, where)
        if address:
            drawn.append(Tab(part.url_name, part.label, f"{address}?env={environment}" if environment else address))
    return drawn


def _reversed(name: str, kwargs: dict[str, str]) -> str:
    try:
        return reverse(name, kwargs=kwargs)
    except NoReverseMatch:
        return ""
