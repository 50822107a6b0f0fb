"""Reads of products and their environments."""

from __future__ import annotations

from django.db.models import Count, Prefetch, Q, QuerySet

from products import access
from products.access import Actor, Permission, products_of
from products.models import Environment, Product


def products_list(actor: Actor, *, search: str = "") -> QuerySet[Product]:
    """Those the actor may see, with environments and the number of connections (`connection_count`)."""
    actor.need(Permission.VIEW)
    rows = products_of(actor)
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(tag__icontains=search))
    environments = Prefetch("environments", queryset=_with_release().order_by("position", "slug"))
    return rows.prefetch_related(environments).annotate(connection_count=Count("connections")).order_by("name", "id")


def product_detail(actor: Actor, tag: str) -> Product:
    """One product as in the list. Raises NotFound."""
    return access.mine(actor, products_list(actor), "product", tag=tag.replace("\x00", ""))


def environments_of(actor: Actor, product_tag: str) -> QuerySet[Environment]:
    """All of a product, inactive ones too, with the number of connections (`connection_count`). Raises NotFound."""
    product = access.product(actor, product_tag)
    rows = _with_release().filter(product=product).select_related("product")
    return rows.annotate(connection_count=Count("connections")).order_by("position", "slug", "id")


def _with_release() -> QuerySet[Environment]:
    """The release that each runs is at hand, without the megabytes that it holds."""
    return Environment.objects.select_related("release").defer("release__content")


def environment_detail(actor: Actor, product_tag: str, slug: str) -> Environment:
    """One environment as in the list. Raises NotFound."""
    rows = environments_of(actor, product_tag)
    return access.mine(actor, rows, "environment", slug=slug.replace("\x00", ""))


def environment_slugs(actor: Actor) -> list[str]:
    """Every slug in use in the workspace, for choosing scopes."""
    rows = Environment.objects.filter(product__in=products_of(actor)).order_by("slug")
    return list(rows.values_list("slug", flat=True).distinct()[:200])


def product_tags(actor: Actor) -> list[tuple[str, str]]:
    """(tag, name) of every product the actor may see, for choosing scopes and for the switcher."""
    return list(products_of(actor).values_list("tag", "name")[:200])
