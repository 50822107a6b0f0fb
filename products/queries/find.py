"""Finds things of a workspace by name, tag or id: those the actor may see, a few of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from products.access import Actor, Permission, narrow_to_products, products_of
from products.catalog.resources import KINDS
from products.models import Action, App, Connection, Feature, Resource, Secret

EACH = 6


@dataclass(frozen=True, slots=True)
class Found:
    """One thing. `kind` names the sort of thing, `args` what its address is made of after the workspace."""

    kind: str
    title: str
    hint: str
    args: tuple[str, ...]


def find(actor: Actor, query: str) -> list[Found]:
    """At most `EACH` of every kind; without a query the products."""
    actor.need(Permission.VIEW)
    if not query:
        return list(_products(actor, query))
    kinds = (_products, _features, _connections, _resources, _apps, _secrets)
    return [found for kind in kinds for found in kind(actor, query)]


def _named(query: str) -> Q:
    return Q(name__icontains=query) | Q(tag__icontains=query)


def _products(actor: Actor, query: str) -> Iterator[Found]:
    for row in products_of(actor).filter(_named(query)).order_by("name")[:EACH]:
        yield Found("product", row.name, row.tag, (row.tag,))


def _features(actor: Actor, query: str) -> Iterator[Found]:
    rows = Feature.objects.filter(_named(query), product__in=products_of(actor)).select_related("product")
    for row in rows.defer("definition").order_by("name", "id")[:EACH]:
        yield Found("feature", row.name, f"{row.product.name}, {row.tag}", (row.product.tag, row.tag))


def _connections(actor: Actor, query: str) -> Iterator[Found]:
    rows = Connection.objects.filter(product__workspace=actor.workspace).select_related("product")
    for row in narrow_to_products(actor, rows).filter(_named(query)).order_by("tag")[:EACH]:
        yield Found("connection", row.name, f"{row.product.name}, {row.tag}", (row.product.tag, row.tag))


def _resources(actor: Actor, query: str) -> Iterator[Found]:
    rows = Resource.objects.filter(_named(query), product__in=products_of(actor), kind__in=KINDS)
    for row in rows.select_related("product").order_by("name", "id")[:EACH]:
        hint = f"{row.product.name}, {KINDS[row.kind].title.lower()} {row.tag}"
        yield Found(row.kind, row.name, hint, (row.product.tag, row.kind, row.tag))


def _apps(actor: Actor, query: str) -> Iterator[Found]:
    for row in App.objects.filter(_named(query), workspace=actor.workspace).order_by("name")[:EACH]:
        yield Found("app", row.name, row.tag, (str(row.pk),))
    matches = _named(query) | Q(path__icontains=query)
    rows = Action.objects.filter(matches, app__workspace=actor.workspace).select_related("app").defer("spec")
    for action in rows.order_by("name", "id")[:EACH]:
        hint = f"{action.app.name}, {action.method} {action.path}"
        yield Found("action", action.name, hint[:200], (str(action.app_id), action.tag))


def _secrets(actor: Actor, query: str) -> Iterator[Found]:
    for row in Secret.objects.filter(workspace=actor.workspace, key__icontains=query).only("key")[:EACH]:
        yield Found("secret", row.key, "Secret", (row.key,))
