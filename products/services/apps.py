"""Apps: made, changed, deleted; and the lock under which everything inside an app is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from products import access
from products.access import Actor, Permission
from products.lib.errors import Conflict, Forbidden, Invalid
from products.lib.tags import slugify_tag, unique_tag
from products.models import App, AppAuth, Workspace
from products.queries.apps import is_within_reach
from products.services import audit
from products.services.validation import assign, insert, name_text

MAX_APPS = 1_000
MAX_DESCRIPTION = 200_000
_FIELDS = ("name", "description", "category", "default_auths")


def create_app(actor: Actor, data: Mapping[str, Any]) -> App:
    """A private app: `name`, and if given `tag`, `description`, `category`. Raises Invalid, Taken, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        row = new_app(actor, data)
        audit.record(actor, "app.created", row, changes={"tag": [None, row.tag]})
    return row


def new_app(actor: Actor, data: Mapping[str, Any]) -> App:
    """Stores a new app inside the caller's transaction; a tag that was not asked for is made free."""
    Workspace.objects.select_for_update().get(pk=actor.workspace.pk)
    tags = set(access.apps_of(actor).values_list("tag", flat=True))
    if len(tags) >= MAX_APPS:
        raise Conflict(f"A workspace may have at most {MAX_APPS} apps.")
    name = name_text(str(data.get("name") or ""))
    tag = str(data.get("tag") or unique_tag(slugify_tag(name, fallback="app"), tags))
    row = App(workspace=actor.workspace, tag=tag, name=name, description=str(data.get("description") or ""))
    row.category = str(data.get("category") or row.category)
    _check_description(row.description)
    insert(row, unique="tag", message=f"The workspace has an app “{tag[:63]}” already.")
    return row


def update_app(actor: Actor, tag: str, data: Mapping[str, Any]) -> App:
    """Changes `name`, `description`, `category` or `default_auths`; the tag is fixed. Raises NotFound, Invalid."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        row = locked_app(actor, tag)
        values = dict(data)
        if "name" in values:
            values["name"] = name_text(str(values["name"]))
        _check_description(str(values.get("description") or ""))
        if "default_auths" in values:
            values["default_auths"] = check_auth_tags(row, values["default_auths"], field="default_auths")
        changes = assign(row, values, _FIELDS)
        if changes:
            row.save(update_fields=[*changes, "updated_at"])
            changes.pop("description", None)
            audit.record(actor, "app.updated", row, changes=changes)
    return row


def delete_app(actor: Actor, tag: str) -> None:
    """Deletes an app that nothing is connected to. Raises NotFound, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        row = locked_app(actor, tag)
        refuse_connected(row)
        audit.record(actor, "app.deleted", row, changes={"tag": [row.tag, None]})
        row.delete()


def locked_app(actor: Actor, tag: str) -> App:
    """An own app, locked until the transaction ends: changes of its parts happen one after the other.

    Raises NotFound, Forbidden.
    """
    row = access.mine(actor, access.apps_of(actor).select_for_update(), "app", tag=tag)
    need_reach(actor, row)
    return row


def need_reach(actor: Actor, row: App) -> None:
    """Raises Forbidden where a change of the app would reach products outside the actor's scope."""
    if not is_within_reach(actor, row):
        raise Forbidden("Products that are not yours to change are connected to this app, and would change with it.")


def refuse_connected(row: App) -> None:
    """Raises Conflict that says by whom the app is connected, and for other workspaces only by how many."""
    connected = list(row.connections.select_related("product")[:200])
    stay = [each.product for each in connected if each.product.deleting_at is None]
    own = [f"“{product.tag}”" for product in stay if product.workspace_id == row.workspace_id]
    others = len(stay) - len(own)
    where = ", ".join(sorted(set(own))[:5])
    if own:
        raise Conflict(f"The app is connected to the product {where}; remove the connection first.", code="connected")
    if others:
        raise Conflict("The app is connected in other workspaces; unpublish it instead.", code="connected")
    if connected:
        raise Conflict("A product that is being deleted is still connected to it; try again later.", code="connected")


def check_auth_tags(row: App, tags: Any, *, field: str) -> list[str]:
    """The tags, if the app has these auths. Raises Invalid."""
    wanted = list(dict.fromkeys(tags or []))
    known = set(AppAuth.objects.filter(app=row).values_list("tag", flat=True))
    strange = [str(tag) for tag in wanted if tag not in known]
    if strange:
        raise Invalid.field(field, f"The app has no auth “{strange[0][:63]}”.", code="unknown")
    return wanted


def _check_description(text: str) -> None:
    if len(text) > MAX_DESCRIPTION:
        raise Invalid.field("description", f"This may have at most {MAX_DESCRIPTION} characters.", code="too_long")
