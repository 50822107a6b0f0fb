"""The marketplace: published apps of all workspaces, by definition only."""

from __future__ import annotations

from django.db.models import QuerySet

from products.access import Actor, Permission, mine
from products.models import App, Visibility
from products.queries.apps import counted, narrowed


def published_apps(actor: Actor, *, search: str = "", category: str = "") -> QuerySet[App]:
    """Published apps of any workspace, with `action_count`, by name."""
    actor.need(Permission.VIEW)
    rows = App.objects.filter(visibility=Visibility.PUBLIC).select_related("workspace")
    return counted(narrowed(rows, search=search, category=category)).order_by("name", "id")


def published_app(actor: Actor, app_id: object) -> App:
    """One with the definitions of its parts: environments, auths, variables, constants. Raises NotFound."""
    rows = published_apps(actor).prefetch_related("environments", "auths", "variables", "constants")
    return mine(actor, rows, "app", id=app_id)
