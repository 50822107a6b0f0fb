"""An app's ways to authenticate: made, changed, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from products.access import Actor, Permission, mine
from products.lib.actions import AuthSpec, to_json
from products.lib.auth_checks import checked_auth
from products.lib.errors import Conflict, Invalid
from products.models import App, AppAuth, ConnectionEnvironment
from products.services import audit
from products.services.apps import locked_app
from products.services.validation import insert, named

MAX_AUTHS = 100


def create_auth(actor: Actor, app_tag: str, data: Mapping[str, Any]) -> AppAuth:
    """Adds an auth, given as the JSON of `AuthSpec`. Raises NotFound, Invalid, Taken, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        if app.auths.count() >= MAX_AUTHS:
            raise Conflict(f"An app may have at most {MAX_AUTHS} auths.")
        spec = _checked(app, data)
        row = AppAuth(app=app, tag=spec.tag, name=spec.name, kind=spec.kind, spec=to_json(spec))
        insert(row, unique="tag", message=f"The app has an auth “{spec.tag}” already.")
        audit.record(actor, "auth.created", row, changes={"kind": [None, spec.kind]})
    return row


def update_auth(actor: Actor, app_tag: str, tag: str, data: Mapping[str, Any]) -> AppAuth:
    """Changes what `data` names; the tag is fixed. Raises NotFound, Invalid."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        row = mine(actor, app.auths.all(), "auth", tag=tag)
        merged = {**row.spec, **data, "tag": row.tag}
        if "kind" in data and data["kind"] != row.kind:  # the old kind's own fields and places mean nothing to it
            merged = {"name": row.name, "description": row.spec.get("description", ""), **data, "tag": row.tag}
        spec = _checked(app, merged)
        changed = sorted(key for key, value in to_json(spec).items() if row.spec.get(key) != value)
        row.name, row.kind, row.spec = spec.name, spec.kind, to_json(spec)
        if changed:
            row.save()
            audit.record(actor, "auth.updated", row, changes={"fields": changed})
    return row


def delete_auth(actor: Actor, app_tag: str, tag: str) -> None:
    """Deletes an auth that no connection and no action uses. Raises NotFound, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        row = mine(actor, app.auths.all(), "auth", tag=tag)
        if ConnectionEnvironment.objects.filter(auth=row).exists():
            raise Conflict("A connection uses this auth; choose another one there first.", code="connected")
        if app.actions.filter(spec__auths__contains=[tag]).exists():
            raise Conflict("An action names this auth; change the action first.", code="in_use")
        if tag in app.default_auths:
            app.default_auths = [each for each in app.default_auths if each != tag]
            app.save(update_fields=["default_auths", "updated_at"])
        audit.record(actor, "auth.deleted", row)
        row.delete()


def _checked(app: App, data: Mapping[str, Any]) -> AuthSpec:
    spec, problems = checked_auth(named(data))
    if problems:
        raise Invalid(errors=problems)
    if spec.login is not None and not app.actions.filter(tag=spec.login.action).exists():
        raise Invalid.field("login/action", f"The app has no action “{spec.login.action}”.", code="unknown")
    return spec
