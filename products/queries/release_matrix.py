"""Releases against environments: what runs where, how far behind that is, and what the draft has besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from products.access import Actor
from products.lib.jsontypes import JsonObject
from products.models import Environment, Product, Release
from products.queries.releases import draft_content, may_deploy, release, releases_of

SHOWN = 30
NAMED = 200


@dataclass(frozen=True, slots=True)
class Cell:
    """A release, or the draft, in an environment. ``back``: deploying it there would be rolling back."""

    environment: Environment
    runs: bool
    may: bool
    back: bool = False


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A release with its cells; None for the draft."""

    release: Release | None
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Matrix:
    """``drift`` says of each environment how far it is from the newest release; ``older`` is where the next page is."""

    rows: Sequence[MatrixRow]
    drift: Sequence[tuple[Environment, str]]
    newest: Release | None
    changes: int
    older: int | None


def matrix(actor: Actor, product: Product, environments: Sequence[Environment], before: int | None) -> Matrix:
    """The draft and the newest releases, or those numbered below `before`."""
    rows = releases_of(actor, product)
    newest = rows.defer(None).first()
    page = list(rows.filter(number__lt=before)[: SHOWN + 1] if before else rows[: SHOWN + 1])
    numbers = _numbers(environments)
    may = {one.pk: may_deploy(actor, one) for one in environments}
    found = [MatrixRow(one, [_cell(one, place, numbers, may[place.pk]) for place in environments]) for one in page]
    draft = MatrixRow(None, [Cell(place, place.release_id is None, may[place.pk]) for place in environments])
    return Matrix(
        rows=[*([] if before else [draft]), *found[:SHOWN]],
        drift=[(place, _drift(numbers.get(place.release_id), newest)) for place in environments],
        newest=newest,
        changes=_changes(newest.content if newest else {}, draft_content(product)),
        older=page[SHOWN - 1].number if len(page) > SHOWN else None,
    )


def numbers_of(actor: Actor, product: Product) -> list[int]:
    """The newest numbers, to choose from."""
    return list(releases_of(actor, product).values_list("number", flat=True)[:NAMED])


def content_at(actor: Actor, product: Product, number: int | None) -> JsonObject:
    """What a release holds; None: what the draft does. Raises NotFound."""
    if number is None:
        return draft_content(product)
    content: JsonObject = release(actor, product, number).content
    return content


def number_in(environment: Environment) -> int | None:
    """The release that it runs; None: it follows the draft."""
    return environment.release.number if environment.release else None


def _numbers(environments: Sequence[Environment]) -> dict[object, int]:
    ids = [one.release_id for one in environments if one.release_id]
    return dict(Release.objects.filter(pk__in=ids).values_list("pk", "number"))


def _cell(row: Release, place: Environment, numbers: dict[object, int], may: bool) -> Cell:
    return Cell(place, place.release_id == row.pk, may, row.number < numbers.get(place.release_id, 0))


def _drift(number: int | None, newest: Release | None) -> str:
    if number is None:
        return "follows the draft"
    behind = (newest.number if newest else number) - number
    return f"release {number}, {behind} behind" if behind else f"release {number}, the newest"


def _changes(before: JsonObject, after: JsonObject) -> int:
    """How many features and actions differ."""
    count = 0
    for what in ("features", "actions", "operations"):
        old, new = before.get(what, {}), after.get(what, {})
        count += sum(old.get(tag) != new.get(tag) for tag in {*old, *new})
    return count
