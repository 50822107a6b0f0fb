"""Where an app's API is: its environments, made, changed, deleted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from products.access import Actor, Permission, mine
from products.lib.errors import Conflict, Forbidden, Invalid
from products.lib.tags import slugify_tag
from products.models import AppEnvironment, ConnectionEnvironment
from products.services import audit
from products.services.apps import locked_app
from products.services.validation import assign, insert, name_text

MAX_ENVIRONMENTS = 100
_BASE_URL = re.compile(r"(https?://|\{\{)[^\s\\\x00-\x1f\x7f]*", re.IGNORECASE)


def create_environment(actor: Actor, app_tag: str, data: Mapping[str, Any]) -> AppEnvironment:
    """Adds `name`, `base_url` and if given `slug`, `request_format`. Raises NotFound, Invalid, Taken, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        if app.environments.count() >= MAX_ENVIRONMENTS:
            raise Conflict(f"An app may have at most {MAX_ENVIRONMENTS} environments.")
        last = app.environments.aggregate(last=Max("position"))["last"]
        name = name_text(str(data.get("name") or ""))
        row = AppEnvironment(
            app=app,
            slug=str(data.get("slug") or slugify_tag(name, fallback="environment")),
            name=name,
            base_url=_checked_url(data.get("base_url")),
            request_format=str(data.get("request_format") or "json"),
            position=0 if last is None else last + 1,
        )
        insert(row, unique="slug", message="The app has an environment of this name already.")
        audit.record(actor, "app_environment.created", row, changes={"base_url": [None, row.base_url]})
    return row


def update_environment(actor: Actor, app_tag: str, slug: str, data: Mapping[str, Any]) -> AppEnvironment:
    """Changes the name, base URL or request format. Raises NotFound, Invalid, Forbidden."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        row = mine(actor, locked_app(actor, app_tag).environments.all(), "environment", slug=slug)
        values = dict(data)
        if "base_url" in values:
            values["base_url"] = _checked_url(values["base_url"])
        if "name" in values:
            values["name"] = name_text(str(values["name"]))
        changes = assign(row, values, ("name", "base_url", "request_format"))
        if changes.keys() - {"name"}:
            _need_change_in_all(actor, row)
        if changes:
            row.save(update_fields=[*changes, "updated_at"])
            audit.record(actor, "app_environment.updated", row, changes=changes)
    return row


def delete_environment(actor: Actor, app_tag: str, slug: str) -> None:
    """Deletes an environment that no connection uses. Raises NotFound, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        row = mine(actor, locked_app(actor, app_tag).environments.all(), "environment", slug=slug)
        if ConnectionEnvironment.objects.filter(app_environment=row).exists():
            raise Conflict("A connection uses this environment; map it to another one first.", code="connected")
        audit.record(actor, "app_environment.deleted", row)
        row.delete()


def _need_change_in_all(actor: Actor, row: AppEnvironment) -> None:
    """Raises Forbidden where environments lead here that the actor may not change."""
    lead_here = ConnectionEnvironment.objects.filter(app_environment=row)
    if actor.environment_scope and lead_here.exclude(environment__slug__in=actor.environment_scope).exists():
        raise Forbidden("Environments in which you may not change anything lead here.")


def _checked_url(value: Any) -> str:
    text = str(value or "").strip()
    if text and not _BASE_URL.fullmatch(text):
        raise Invalid.field("base_url", "Start with http:// or https://, or with a {{variable}}; no spaces.")
    if "?" in text or "#" in text:
        raise Invalid.field("base_url", "A base URL has no ? and no #; queries belong to actions.")
    if "@" in text.split("//", 1)[-1].split("/", 1)[0]:
        raise Invalid.field("base_url", "Leave user names and passwords out; they belong into the connection.")
    return text
