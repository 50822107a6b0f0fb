"""In which releases a feature is, and where it changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Cast

from products.access import Actor
from products.models import Feature, Product, Release
from products.queries.releases import releases_of

SHOWN = 30
Step = Literal["new", "changed", "same", "gone"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A release, or the draft (None), and how the feature in it is beside that in the release before."""

    release: Release | None
    step: Step
    before: int | None = None


def kept_of(actor: Actor, product: Product, row: Feature) -> tuple[list[Kept], bool]:
    """The draft and the newest thirty releases that have the feature or took it away; whether there are older ones."""
    found = Func(F("content"), Value("features"), Value(row.tag), function="jsonb_extract_path")
    digest = Func(Cast(found, TextField()), function="md5", output_field=TextField())
    releases = list(releases_of(actor, product).annotate(digest=digest)[: SHOWN + 1])
    shown = [_kept(one, before) for one, before in zip_longest(releases, releases[1:])]
    kept = [one for one in shown[:SHOWN] if one is not None]
    return [*_draft(row, releases), *kept], len(releases) > SHOWN


def _kept(release: Release, before: Release | None) -> Kept | None:
    now, then = _digest(release), _digest(before)
    if now is None and then is None:
        return None
    number = before.number if before else None
    step: Step = "gone" if now is None else "new" if then is None else "same" if now == then else "changed"
    return Kept(release, step, number)


def _digest(release: Release | None) -> str | None:
    return release.digest if release else None  # type: ignore[attr-defined]


def _draft(row: Feature, releases: Sequence[Release]) -> list[Kept]:
    """The draft where it is not what the newest release has."""
    if not releases:
        return []
    newest = Release.objects.only("content").get(pk=releases[0].pk).content.get("features", {}).get(row.tag)
    if newest == {"name": row.name, "description": row.description, "definition": row.definition}:
        return []
    return [Kept(None, "changed" if newest else "new", releases[0].number)]
