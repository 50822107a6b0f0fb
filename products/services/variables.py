"""What whoever connects an app supplies (variables), and what the app fixes (constants)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from products.access import Actor, Permission, mine
from products.lib.auth_checks import KEY_PATTERN, KEY_SAY
from products.lib.errors import Conflict, Invalid
from products.lib.field_types import FIELD_TYPES, UnknownFieldType, field_type
from products.lib.json_schemas import schema_errors
from products.models import App, AppConstant, AppVariable
from products.services import audit, values
from products.services.apps import locked_app
from products.services.validation import assign, insert

MAX_KEYS = 500
MAX_TEXT = 4_000
MAX_VALUE_CHARACTERS = 64_000


def create_variable(actor: Actor, app_tag: str, data: Mapping[str, Any]) -> AppVariable:
    """Adds `key`, and if given `type`, `default`, `description`, `secret`, `required`. Raises Invalid, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        row = AppVariable(app=app, key=_key(app, data))
        _assign_variable(row, data)
        insert(row, unique="key", message=f"The app has a variable “{row.key}” already.")
        audit.record(actor, "variable.created", row)
    return row


def update_variable(actor: Actor, app_tag: str, key: str, data: Mapping[str, Any]) -> AppVariable:
    """Changes all but the key. One that becomes secret is sealed wherever it was given. Raises NotFound, Invalid."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        row = mine(actor, locked_app(actor, app_tag).variables.all(), "variable", key=key)
        was_secret = row.secret
        changes = _assign_variable(row, data)
        if changes:
            row.save()
            audit.record(actor, "variable.updated", row, changes=dict.fromkeys(changes, "changed"))
        if row.secret and not was_secret:
            values.seal_plain(row.app, [row.key])
    return row


def delete_variable(actor: Actor, app_tag: str, key: str) -> None:
    """Deletes a variable; values that connections have for it stay unused. Raises NotFound."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        row = mine(actor, locked_app(actor, app_tag).variables.all(), "variable", key=key)
        audit.record(actor, "variable.deleted", row)
        row.delete()


def create_constant(actor: Actor, app_tag: str, data: Mapping[str, Any]) -> AppConstant:
    """Adds `key`, `value`, and if given `type`, `description`. Raises Invalid, Taken, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        row = AppConstant(app=app, key=_key(app, data))
        _assign_constant(row, data)
        insert(row, unique="key", message=f"The app has a constant “{row.key}” already.")
        audit.record(actor, "constant.created", row)
    return row


def update_constant(actor: Actor, app_tag: str, key: str, data: Mapping[str, Any]) -> AppConstant:
    """Changes all but the key. Raises NotFound, Invalid."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        row = mine(actor, locked_app(actor, app_tag).constants.all(), "constant", key=key)
        changes = _assign_constant(row, data)
        if changes:
            row.save()
            audit.record(actor, "constant.updated", row, changes=changes)
    return row


def delete_constant(actor: Actor, app_tag: str, key: str) -> None:
    """Raises NotFound."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        row = mine(actor, locked_app(actor, app_tag).constants.all(), "constant", key=key)
        audit.record(actor, "constant.deleted", row)
        row.delete()


def _key(app: App, data: Mapping[str, Any]) -> str:
    key = str(data.get("key") or "").strip()
    if not re.fullmatch(KEY_PATTERN, key):
        raise Invalid.field("key", KEY_SAY if key else "This field is required.")
    if app.variables.count() + app.constants.count() >= MAX_KEYS:
        raise Conflict(f"An app may have at most {MAX_KEYS} variables and constants.")
    return key


def _assign_variable(row: AppVariable, data: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {**data, "type": _type(data.get("type", row.type))}
    changes = assign(row, wanted, ("type", "default", "description", "secret", "required"))
    _check_text(row.description)
    if row.default == "":
        row.default = None
    if row.secret and row.default is not None:
        raise Invalid.field("default", "A secret variable has no default: everyone could read it.")
    _check_value(row.type, row.default, field="default")
    return changes


def _assign_constant(row: AppConstant, data: Mapping[str, Any]) -> dict[str, Any]:
    changes = assign(row, {**data, "type": _type(data.get("type", row.type))}, ("type", "value", "description"))
    _check_text(row.description)
    if row.value is None:
        raise Invalid.field("value", "A constant needs a value.", code="required")
    _check_value(row.type, row.value, field="value")
    return changes


def _type(text: Any) -> str:
    try:
        return field_type(str(text or "string"))
    except UnknownFieldType as error:
        raise Invalid.field("type", f"Use one of {', '.join(FIELD_TYPES)}.", code="not_allowed") from error


def _check_value(kind: str, value: Any, *, field: str) -> None:
    if value is None or (isinstance(value, str) and "{{" in value):
        return
    if len(values.as_text(value)) > MAX_VALUE_CHARACTERS:
        raise Invalid.field(field, f"This may have at most {MAX_VALUE_CHARACTERS} characters.", code="too_long")
    for error in schema_errors(FIELD_TYPES[kind], value, pointer="")[:1]:
        raise Invalid.field(field, error.detail, code=error.code)


def _check_text(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise Invalid.field("description", f"This may have at most {MAX_TEXT} characters.", code="too_long")
