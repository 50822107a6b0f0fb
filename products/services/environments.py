"""Environments of a product: added, changed, put in order, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from products import access
from products.access import Actor, Permission
from products.lib.errors import Conflict, Invalid
from products.models import Environment, Product
from products.services import audit, leaving
from products.services.validation import assign, insert, name_text

MAX_ENVIRONMENTS = 20
CHANGEABLE = ("name", "colour", "active", "processor_tag", "keep_completed_days", "keep_failed_days")


def create_environment(actor: Actor, product_tag: str, values: Mapping[str, Any]) -> Environment:
    """Adds one after the others: `slug`, `name`, and optionally what `CHANGEABLE` names.

    Raises NotFound, Invalid, Taken, Conflict, Forbidden.
    """
    actor.need(Permission.EDIT)
    with transaction.atomic():
        product = _locked(actor, product_tag)
        count = product.environments.count()
        if count >= MAX_ENVIRONMENTS:
            raise Conflict(f"A product may have at most {MAX_ENVIRONMENTS} environments.")
        known = {name: values[name] for name in ("slug", *CHANGEABLE) if name in values}
        row = Environment(product=product, position=count, **{**known, "name": name_text(known.get("name", ""))})
        actor.need_change_in(row)
        insert(row, unique="slug", message="This product has such an environment already.")
        audit.record(actor, "environment.created", row)
    return row


def update_environment(actor: Actor, product_tag: str, slug: str, values: Mapping[str, Any]) -> Environment:
    """Changes what `CHANGEABLE` names; the slug stays. Raises NotFound, Invalid, Conflict, Forbidden."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = access.environment(actor, _locked(actor, product_tag), slug)
        actor.need_change_in(row)
        if "name" in values:
            values = {**values, "name": name_text(values["name"])}
        if values.get("active") is False:
            _need_other_active(row)
        changes = assign(row, values, CHANGEABLE)
        if changes:
            row.save(update_fields=[*changes, "updated_at"])
            audit.record(actor, "environment.changed", row, changes=changes)
    return row


def delete_environment(actor: Actor, product_tag: str, slug: str) -> None:
    """Deletes it with what connections hold for it and its runs. Raises NotFound, Forbidden, Conflict for the last one.

    It is out of reach at once and its slug is free; a worker deletes the runs.
    """
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = access.environment(actor, _locked(actor, product_tag), slug)
        actor.need_change_in(row)
        _need_other_active(row)
        audit.record(actor, "environment.deleted", row, changes={"slug": [row.slug, None]})
        leaving.mark_environment(row)


def order_environments(actor: Actor, product_tag: str, slugs: Sequence[str]) -> list[Environment]:
    """Puts them in this order. Raises Invalid unless every environment is named once."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        product = _locked(actor, product_tag)
        rows = {row.slug: row for row in product.environments.all()}
        if sorted(slugs) != sorted(rows):
            raise Invalid.field("environments", f"Name each of {', '.join(rows)} once.")
        before = list(rows)
        for position, slug in enumerate(slugs):
            rows[slug].position = position
        Environment.objects.bulk_update(rows.values(), ["position"])
        audit.record(actor, "environment.ordered", product, changes={"order": [before, [*slugs]]})
    return [rows[slug] for slug in slugs]


def move_environment(actor: Actor, product_tag: str, slug: str, *, up: bool) -> None:
    """One place up or down; at the end it stays. Raises NotFound."""
    with transaction.atomic():
        product = _locked(actor, product_tag)
        access.environment(actor, product, slug)
        slugs = list(product.environments.values_list("slug", flat=True))
        here = slugs.index(slug)
        there = min(max(here + (-1 if up else 1), 0), len(slugs) - 1)
        slugs[here], slugs[there] = slugs[there], slugs[here]
        order_environments(actor, product_tag, slugs)


def _locked(actor: Actor, product_tag: str) -> Product:
    """The product, its row locked so that limits hold when two people add at once."""
    row = access.product(actor, product_tag)
    return Product.objects.select_for_update().get(pk=row.pk)


def _need_other_active(row: Environment) -> None:
    if not Environment.objects.filter(product=row.product, active=True).exclude(pk=row.pk).exists():
        raise Conflict("A product needs an active environment; add or activate another one first.")
