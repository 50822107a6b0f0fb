"""An app's actions: made, changed, deleted, each checked before it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from products.access import Actor, Permission, mine
from products.lib.action_checks import checked_action, checked_policy
from products.lib.actions import ActionSpec, to_json
from products.lib.errors import Conflict, Invalid
from products.lib.jsontypes import JsonObject
from products.models import Action, App
from products.services import audit
from products.services.apps import check_auth_tags, locked_app
from products.services.folders import folder_for
from products.services.validation import insert, named

MAX_ACTIONS = 20_000


def create_action(actor: Actor, app_tag: str, data: Mapping[str, Any]) -> Action:
    """Adds an action, given as the JSON of `ActionSpec` and its `policy`. Raises NotFound, Invalid, Taken, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        if app.actions.count() >= MAX_ACTIONS:
            raise Conflict(f"An app may have at most {MAX_ACTIONS} actions.")
        last = app.actions.aggregate(last=Max("position"))["last"]
        row = Action(app=app, position=0 if last is None else last + 1)
        spec, policy = _checked(app, data)
        _fill(row, spec, policy)
        insert(row, unique="tag", message=f"The app has an action “{spec.tag}” already.")
        audit.record(actor, "action.created", row, changes={"call": [None, f"{row.method} {row.path}"]})
    return row


def update_action(actor: Actor, app_tag: str, tag: str, data: Mapping[str, Any]) -> Action:
    """Changes what `data` names; the tag is fixed. Raises NotFound, Invalid."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        row = mine(actor, app.actions.select_related("folder"), "action", tag=tag)
        before = {**row.spec, "policy": row.policy}
        spec, policy = _checked(app, {**before, **data, "tag": row.tag})
        after = {**to_json(spec), "policy": policy}
        changed = sorted(key for key, value in after.items() if before.get(key) != value)
        _fill(row, spec, policy)
        if changed:
            row.save()
            audit.record(actor, "action.updated", row, changes={"fields": changed})
    return row


def delete_action(actor: Actor, app_tag: str, tag: str) -> None:
    """Deletes an action by which no auth logs in. Raises NotFound, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        row = mine(actor, app.actions.all(), "action", tag=tag)
        login = app.auths.filter(spec__login__action=tag).first()
        if login is not None:
            raise Conflict(f"The auth “{login.tag}” logs in by this action.", code="in_use")
        audit.record(actor, "action.deleted", row, changes={"call": [f"{row.method} {row.path}", None]})
        row.delete()


def _checked(app: App, data: Mapping[str, Any]) -> tuple[ActionSpec, JsonObject]:
    given = named(data)
    policy, wrong = checked_policy(given.pop("policy", None) or {})
    if isinstance(given.get("folder"), str):
        given["folder"] = [name.strip() for name in given["folder"].split("/")]
    spec, problems = checked_action(given)
    if problems or wrong:
        raise Invalid(errors=(*problems, *wrong))
    check_auth_tags(app, spec.auths, field="auths")
    return spec, policy


def _fill(row: Action, spec: ActionSpec, policy: JsonObject) -> None:
    row.folder = folder_for(row.app, spec.folder)
    row.tag, row.name, row.method, row.path = spec.tag, spec.name, spec.method, spec.path
    row.source_id, row.deprecated = spec.source_id, spec.deprecated
    row.spec, row.policy = to_json(spec), policy
