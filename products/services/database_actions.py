"""Database actions: made, changed, deleted; each is read as it will be run before it is stored."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from products.access import Actor, Permission, mine
from products.lib.database_actions import read_action
from products.lib.errors import Conflict, FieldProblem, Invalid, NotFound
from products.lib.jsontypes import Json, JsonError, check_json
from products.lib.mongodb_operations import read_operation
from products.lib.tags import slugify_tag, unique_tag
from products.models import DatabaseAction, Feature, Product, Resource
from products.services import audit
from products.services.resources import fresh, kind_of
from products.services.validation import assign, insert, name_text

MAX_ACTIONS = 1_000
CHANGEABLE = ("name", "description", "definition")


def create_action(
    actor: Actor, resource: Resource, *, name: str, definition: Json, tag: str = "", description: str = ""
) -> DatabaseAction:
    """Adds one; without a tag it is made from the name. Raises NotFound, Invalid, Taken, Conflict."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        resource = _database(fresh(actor, resource))
        tags = set(DatabaseAction.objects.filter(resource=resource).values_list("tag", flat=True))
        if len(tags) >= MAX_ACTIONS:
            raise Conflict(f"A database may have at most {MAX_ACTIONS} actions.")
        chosen = tag or unique_tag(slugify_tag(name, fallback="action"), tags)
        row = DatabaseAction(resource=resource, tag=chosen, name=name_text(name), description=description)
        row.definition = checked_definition(definition)
        insert(row, unique="tag", message=f"The database has an action “{row.tag[:63]}” already.")
        audit.record(actor, "database_action.created", row, changes={"tag": [None, row.tag]})
    return row


def update_action(actor: Actor, row: DatabaseAction, **changes: Any) -> DatabaseAction:
    """Changes `name`, `description` or `definition`; the tag is fixed. Raises NotFound, Invalid."""
    actor.need(Permission.EDIT)
    if changes.get("tag", row.tag) != row.tag:
        raise Invalid.field("tag", "A tag is fixed: features and runs know this action by it.")
    with transaction.atomic():
        row = _fresh(actor, row)
        known = {key: value for key, value in changes.items() if key in CHANGEABLE}
        if "name" in known:
            known["name"] = name_text(known["name"])
        if "definition" in known:
            known["definition"] = checked_definition(known["definition"])
        differs = assign(row, known, CHANGEABLE)
        if differs:
            row.save(update_fields=[*differs, "updated_at"])
            audit.record(actor, "database_action.changed", row, changes=differs)
    return row


def delete_action(actor: Actor, row: DatabaseAction) -> None:
    """Deletes it; releases keep theirs. Raises NotFound, Conflict while a feature of the draft uses it."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = _fresh(actor, row)
        users = _users(row.resource.product, f"{row.resource.tag}:{row.tag}")
        if users:
            named = ", ".join(f"“{tag}”" for tag in users[:6])
            raise Conflict(f"The feature {named} uses it; take that out first.", code="in_use")
        audit.record(actor, "database_action.deleted", row, changes={"tag": [row.tag, None]})
        row.delete()


def checked_definition(definition: Json) -> Any:
    """The definition, if it can be run. Raises Invalid with pointers under /definition."""
    try:
        check_json(definition, pointer="/definition", max_depth=40)
    except JsonError as error:
        raise Invalid(errors=(FieldProblem(error.pointer, "json", error.message),)) from None
    try:
        action = read_action(definition)
        if action.mongodb is not None:
            read_operation(action.mongodb, type=action.type, pointer="/mongodb")
    except Invalid as error:
        under = (FieldProblem(f"/definition{one.pointer}", one.code, one.detail, one.caret) for one in error.errors)
        raise Invalid(errors=tuple(under)) from None
    return definition


def _users(product: Product, target: str) -> list[str]:
    call = {"type": "db_action", "event": target}
    called, undone = ([{"events": [event]}] for event in (call, {"rollback": call}))
    of_product = Feature.objects.filter(product=product)
    rows = of_product.filter(definition__sequences__contains=called) | of_product.filter(
        definition__sequences__contains=undone
    )
    return list(rows.order_by("tag").values_list("tag", flat=True))


def _database(resource: Resource) -> Resource:
    if not kind_of(resource.kind).defined:
        raise NotFound("Only databases have actions.")
    return resource


def _fresh(actor: Actor, row: DatabaseAction) -> DatabaseAction:
    resource = fresh(actor, row.resource)
    rows = DatabaseAction.objects.filter(resource=resource).select_related("resource__product")
    return mine(actor, rows, "database action", pk=row.pk)
