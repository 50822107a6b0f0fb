"""Reads of features: lists, one of them, and a stored document as the parts that engine and drawings work with."""

from __future__ import annotations

from typing import Any

from django.db.models import Func, IntegerField, Q, QuerySet

from products import features
from products.access import Actor, Permission, mine, products_of
from products.features import BESIDE, RUNNABLE, whole
from products.lib.errors import FieldProblem, Invalid
from products.lib.jsontypes import JsonObject
from products.models import Feature, Product

MAX_FEATURES = 500
_EVENTS = Func(
    Func("definition", template="jsonb_path_query_array(%(expressions)s, '$.sequences[*].events[*]')"),
    function="jsonb_array_length",
    output_field=IntegerField(),
)


def features_found(actor: Actor, product: Product, *, search: str = "") -> QuerySet[Feature]:
    """Those of a product, by name, with the number of their events (`event_count`) and without their definitions.

    A definition that is asked for all the same is fetched then.
    """
    actor.need(Permission.VIEW)
    rows = Feature.objects.filter(product=product, product__in=products_of(actor)).select_related("product")
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(tag__icontains=search))
    return rows.annotate(event_count=_EVENTS).defer("definition").order_by("name", "id")


def features_of(actor: Actor, product: Product) -> list[Feature]:
    """All of a product as `features_found`, at most 500: a product has no more."""
    return list(features_found(actor, product)[:MAX_FEATURES])


def feature(actor: Actor, product: Product, tag: str) -> Feature:
    """One, with its definition. Raises NotFound."""
    rows = Feature.objects.filter(product=product, product__in=products_of(actor)).select_related("product")
    return mine(actor, rows, "feature", tag=tag)


def as_read(given: Feature | JsonObject) -> features.Feature:
    """The parts of a row, or of a document {tag, name, description, definition}. Raises Invalid."""
    document: Any = (
        {key: getattr(given, key) for key in (*BESIDE, "definition")} if isinstance(given, Feature) else given
    )
    found, problems = features.read_feature(whole(document), available=RUNNABLE)
    if problems:
        raise Invalid(errors=tuple(placed(one) for one in problems))
    return found


def placed(problem: FieldProblem) -> FieldProblem:
    """The same problem with its place in a document whose definition stands by itself."""
    if problem.pointer.removeprefix("/") in BESIDE:
        return problem
    return FieldProblem(f"/definition{problem.pointer}", problem.code, problem.detail, problem.caret)
