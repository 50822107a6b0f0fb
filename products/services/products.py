"""Products: made with their environments, changed, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from products import access
from products.access import Actor, Permission
from products.lib.errors import Conflict, Forbidden
from products.lib.tags import slugify_tag, unique_tag
from products.models import Colour, Environment, Product, Workspace
from products.services import audit, leaving
from products.services.validation import assign, insert, name_text

MAX_PRODUCTS = 1000
DEFAULT_ENVIRONMENTS = (
    ("dev", "Development", Colour.GREY),
    ("stg", "Staging", Colour.AMBER),
    ("prd", "Production", Colour.RED),
)


def create_product(actor: Actor, *, name: str, tag: str = "", description: str = "") -> Product:
    """A product with `dev`, `stg` and `prd`; without a tag it is made from the name. Raises Invalid, Conflict."""
    actor.need(Permission.EDIT)
    _need_all_products(actor)
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=actor.workspace.pk)
        tags = set(Product.objects.filter(workspace=actor.workspace).values_list("tag", flat=True))
        if len(tags) >= MAX_PRODUCTS:
            raise Conflict(f"A workspace may have at most {MAX_PRODUCTS} products.")
        chosen = tag or unique_tag(slugify_tag(name, fallback="product"), tags)
        row = Product(workspace=actor.workspace, tag=chosen, name=name_text(name), description=description)
        insert(row, unique="tag", message="Another product has this tag.")
        Environment.objects.bulk_create([
            Environment(product=row, slug=slug, name=title, colour=colour, position=position)
            for position, (slug, title, colour) in enumerate(DEFAULT_ENVIRONMENTS)
        ])
        audit.record(actor, "product.created", row, changes={"tag": [None, row.tag]})
    return row


def update_product(actor: Actor, tag: str, values: Mapping[str, Any]) -> Product:
    """Another name or description. Raises NotFound, Invalid."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = access.product(actor, tag)
        if "name" in values:
            values = {**values, "name": name_text(values["name"])}
        changes = assign(row, values, ("name", "description"))
        if changes:
            row.save(update_fields=[*changes, "updated_at"])
            audit.record(actor, "product.changed", row, changes=changes)
    return row


def delete_product(actor: Actor, tag: str) -> None:
    """Deletes it with its environments, connections and runs. Raises NotFound, Forbidden.

    It is out of reach at once and its tag is free; a worker deletes the rows.
    """
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = access.mine(actor, access.products_of(actor).select_for_update(), "product", tag=tag)
        for environment in row.environments.all():
            actor.need_change_in(environment)
        audit.record(actor, "product.deleted", row, changes={"tag": [row.tag, None]})
        leaving.mark(row)


def _need_all_products(actor: Actor) -> None:
    if actor.product_scope:
        raise Forbidden("You may work on some products only, and not make new ones.")
