"""What the frame of every page shows: the switchers and the numbers in the sidebar."""

from __future__ import annotations

from typing import Any

from django.utils.functional import SimpleLazyObject

from products import access
from products.access import Actor
from products.models import App, Connection, Feature, Product, Release
from products.queries.resources import counts_of as resource_counts


def frame(actor: Actor, product: Product | None = None) -> dict[str, Any]:
    """Evaluated only when the template draws the frame: a fragment for HTMX asks for none of it."""
    context: dict[str, Any] = {
        "switch_products": access.products_of(actor).only("tag", "name")[:30],
        "counts": SimpleLazyObject(lambda: _counts(actor, product)),
    }
    if actor.user is not None:
        context["workspaces"] = access.workspaces_of(actor.user).only("tag", "name")[:30]
    return context


def _counts(actor: Actor, product: Product | None) -> dict[str, int | str]:
    if product is not None:
        newest = Release.objects.filter(product=product).order_by("-number").values_list("number", flat=True).first()
        return {
            **({"releases": f"v{newest}"} if newest else {}),
            "features": Feature.objects.filter(product=product).count(),
            "connections": Connection.objects.filter(product=product).count(),
            **resource_counts(product),
        }
    return {
        "products": access.products_of(actor).count(),
        "apps": App.objects.filter(workspace=actor.workspace).count(),
    }
