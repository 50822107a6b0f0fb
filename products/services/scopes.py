"""Narrowing a member or a key to some products and environments: only to what exists, never beyond one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from products.access import Actor, products_of
from products.lib.errors import FieldProblem, Forbidden, Invalid
from products.models import Environment

MAX_SCOPE = 100


def checked(actor: Actor, products: Sequence[str], environments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Both scopes, sorted and without doubles. Raises Invalid for what is not there, Forbidden for more than one has.

    An environment scope is a list of slugs that count in every product.
    """
    if max(len(products), len(environments)) > MAX_SCOPE:
        raise Invalid.field("product_scope", f"Name at most {MAX_SCOPE}.")
    seen = set(products_of(actor).filter(tag__in=list(products)).values_list("tag", flat=True))
    slugs = set(
        Environment.objects
        .filter(product__workspace=actor.workspace, slug__in=list(environments))
        .values_list("slug", flat=True)
    )  # fmt: skip
    problems = [
        *_missing("product_scope", "product", products, seen),
        *_missing("environment_scope", "environment", environments, slugs),
    ]
    if problems:
        raise Invalid(errors=tuple(problems))
    _within("products", actor.product_scope, seen)
    _within("environments", actor.environment_scope, slugs)
    return sorted(seen), sorted(slugs)


def reaches(actor: Actor, products: Iterable[str], environments: Iterable[str]) -> bool:
    """Whether the actor may work on all that somebody else, or a key, is narrowed to."""
    pairs = ((actor.product_scope, set(products)), (actor.environment_scope, set(environments)))
    return all(not own or (theirs and theirs <= own) for own, theirs in pairs)


def need_reach(actor: Actor, products: Iterable[str], environments: Iterable[str]) -> None:
    """Raises Forbidden unless the actor `reaches` it: whoever is narrower neither changes nor ends it."""
    if not reaches(actor, products, environments):
        own = ", ".join(sorted({*actor.product_scope, *actor.environment_scope}))
        raise Forbidden(f"This reaches beyond your own {own}; ask somebody who may do more.")


def _missing(field: str, what: str, asked: Iterable[str], found: set[str]) -> list[FieldProblem]:
    return [
        FieldProblem(f"/{field}/{index}", "unknown", f"There is no {what} “{tag[:63]}” in this workspace.")
        for index, tag in enumerate(asked)
        if tag not in found
    ]


def _within(what: str, own: frozenset[str], granted: set[str]) -> None:
    if own and (not granted or not granted <= own):
        raise Forbidden(f"You may grant no more than your own {what}: {', '.join(sorted(own))}.")
