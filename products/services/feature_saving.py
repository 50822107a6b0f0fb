"""Saves a feature from its editor: not over what somebody else saved in the meantime."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from products.access import Actor, Permission, mine, products_of
from products.lib.errors import Conflict
from products.models import Feature
from products.services.features import Saved, update_feature


def save_if_unchanged(actor: Actor, row: Feature, *, stamp: str, **changes: Any) -> Saved:
    """As `update_feature`, if the row is still the one that was opened at `stamp` (its `updated_at`, ISO).

    Raises Conflict (code "changed_meanwhile"), and what `update_feature` raises.
    """
    actor.need(Permission.EDIT)
    with transaction.atomic():
        product = mine(actor, products_of(actor).select_for_update(no_key=True), "product", pk=row.product_id)
        now = mine(actor, Feature.objects.filter(product=product), "feature", pk=row.pk)
        if now.updated_at.isoformat() != stamp:
            raise Conflict("Somebody else saved this feature after you opened it.", code="changed_meanwhile")
        return update_feature(actor, now, **changes)
