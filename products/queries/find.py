"""Finds things of a workspace by name, tag or id: those the actor may see, a few of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from products.access import Actor, Permission, narrow_to_products, products_of
from products.catalog.resources import KINDS
from products.models import (
    Action,
    App,
    Connection,
    DatabaseAction,
    Environment,
    Feature,
    Migration,
    Product,
    Release,
    Resource,
    Secret,
)
from products.queries.keys import keys_of
from products.queries.members import members_of

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
    kinds = (
        _products, _features, _connections, _resources, _apps, _environments, _database_actions, _migrations, _releases,
        _secrets, _members, _keys,
    )  # fmt: skip
    return [found for kind in kinds for found in kind(actor, query)]


def products_with(actor: Actor, words: tuple[str, ...]) -> list[Product]:
    """At most `EACH` products with every word in their name or tag; without a word the first by name."""
    rows = products_of(actor)
    for word in words:
        rows = rows.filter(_named(word))
    return list(rows.order_by("name")[:EACH])


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


def _environments(actor: Actor, query: str) -> Iterator[Found]:
    matches = Q(name__icontains=query) | Q(slug__icontains=query) | Q(processor_tag__iexact=query)
    rows = Environment.objects.filter(matches, product__in=products_of(actor)).select_related("product")
    for row in rows.order_by("product__name", "position")[:EACH]:
        yield Found("environment", row.name, f"{row.product.name}, environment {row.slug}", (row.product.tag, row.slug))


def _database_actions(actor: Actor, query: str) -> Iterator[Found]:
    rows = DatabaseAction.objects.filter(_named(query), resource__product__in=products_of(actor)).defer("definition")
    for row in rows.select_related("resource__product").order_by("name", "id")[:EACH]:
        home = row.resource
        hint = f"{home.product.name}, action of {home.tag}"
        yield Found("database-action", row.name, hint, (home.product.tag, home.tag, row.tag))


def _migrations(actor: Actor, query: str) -> Iterator[Found]:
    matches = Q(tag__icontains=query) | Q(description__icontains=query)
    rows = Migration.objects.filter(matches, resource__product__in=products_of(actor)).defer("up", "down")
    for row in rows.select_related("resource__product").order_by("tag", "id")[:EACH]:
        home = row.resource
        yield Found("migration", row.tag, f"{home.product.name}, migration of {home.tag}", (home.product.tag, home.tag))


def _releases(actor: Actor, query: str) -> Iterator[Found]:
    number = query.lower().removeprefix("release").strip()
    by_number = Q(number=int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else Q()
    rows = Release.objects.filter(Q(note__icontains=query) | by_number, product__in=products_of(actor))
    for row in rows.select_related("product").defer("content").order_by("-id")[:EACH]:
        yield Found("release", f"Release {row.number}", f"{row.product.name}, {row.note}"[:200], (row.product.tag,))


def _members(actor: Actor, query: str) -> Iterator[Found]:
    if not actor.may(Permission.VIEW_MEMBERS):
        return
    args = actor.may(Permission.MANAGE_MEMBERS)
    for row in members_of(actor).filter(Q(user__name__icontains=query) | Q(user__email__icontains=query))[:EACH]:
        hint = f"{row.user.email}, {row.role}"
        yield Found("member" if args else "team", row.user.name or row.user.email, hint, (str(row.pk),) if args else ())


def _keys(actor: Actor, query: str) -> Iterator[Found]:
    if not actor.may(Permission.MANAGE_KEYS):
        return
    matches = Q(name__icontains=query) | Q(prefix__iexact=query)
    for row in keys_of(actor).filter(matches, revoked_at=None)[:EACH]:
        yield Found("key", row.name, f"Access key {row.prefix}", ())
