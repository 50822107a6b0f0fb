"""Puts apps on the marketplace and takes them off it.

Other workspaces see a published app's definitions, never its publisher's connections, values, secrets or drafts.
Taking an app off refuses new connections; those that exist go on working.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from products.access import Actor, Permission
from products.lib.errors import Conflict, Invalid
from products.models import App, Category, Visibility
from products.services import audit
from products.services.apps import locked_app


def publish_app(actor: Actor, tag: str, *, category: str) -> App:
    """Lets every workspace connect the app. Raises NotFound, Invalid, Conflict for an app without an action."""
    actor.need(Permission.PUBLISH_APPS)
    if category not in Category.values:
        raise Invalid.field("category", f"Use one of {', '.join(Category.values)}.", code="not_allowed")
    with transaction.atomic():
        row = locked_app(actor, tag)
        if not row.actions.exists() or not row.environments.exists():
            raise Conflict("An app needs an action and an environment before it can be published.", code="empty")
        before = row.category if row.visibility == Visibility.PUBLIC else None
        row.category, row.visibility = category, Visibility.PUBLIC
        row.published_at = row.published_at or timezone.now()
        row.save(update_fields=["category", "visibility", "published_at", "updated_at"])
        audit.record(actor, "app.published", row, changes={"category": [before, category]})
    return row


def unpublish_app(actor: Actor, tag: str) -> App:
    """Takes the app off the marketplace; existing connections go on, new ones are refused. Raises NotFound."""
    actor.need(Permission.PUBLISH_APPS)
    with transaction.atomic():
        row = locked_app(actor, tag)
        if row.visibility == Visibility.PUBLIC:
            row.visibility, row.published_at = Visibility.PRIVATE, None
            row.save(update_fields=["visibility", "published_at", "updated_at"])
            audit.record(actor, "app.unpublished", row)
    return row
