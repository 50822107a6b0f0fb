"""Reads of database actions and migrations."""

from __future__ import annotations

from django.db.models import QuerySet

from products.access import Actor, Permission, mine
from products.models import DatabaseAction, Migration, Resource


def actions_of(actor: Actor, resource: Resource, *, search: str = "") -> QuerySet[DatabaseAction]:
    """Those of a database that the actor already got."""
    actor.need(Permission.VIEW)
    rows = DatabaseAction.objects.filter(resource=resource).select_related("resource__product")
    if search:
        rows = rows.filter(name__icontains=search) | rows.filter(tag__icontains=search)
    return rows.order_by("name", "tag")


def database_action(actor: Actor, resource: Resource, tag: str) -> DatabaseAction:
    """Raises NotFound."""
    return mine(actor, actions_of(actor, resource), "database action", tag=tag)


def migrations_of(actor: Actor, resource: Resource) -> QuerySet[Migration]:
    """Those of a database that the actor already got, in order."""
    actor.need(Permission.VIEW)
    return Migration.objects.filter(resource=resource).select_related("resource__product").order_by("position")


def migration(actor: Actor, resource: Resource, tag: str) -> Migration:
    """Raises NotFound."""
    return mine(actor, migrations_of(actor, resource), "migration", tag=tag)
