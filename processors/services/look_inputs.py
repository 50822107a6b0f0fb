"""What looks are given besides what a caller says: the statements of a database action, the product's migrations."""

from __future__ import annotations

from collections.abc import Sequence

from processors.services.starting import refused
from products.catalog.resources.operations import checked_input
from products.lib.actions import Parameter
from products.lib.database_actions import parameters, read_action
from products.lib.errors import Invalid
from products.lib.inputs import InputError
from products.lib.jsontypes import Json, JsonObject
from products.models import DatabaseAction, Resource
from products.queries.callable_resources import Wanted
from products.services.migrations import known_migrations


def filled_in(
    composition: JsonObject, wanted: Wanted, fields: Sequence[Parameter], given: Json
) -> tuple[JsonObject, JsonObject]:
    """The composition and the checked input, as a worker is to have them. Raises Invalid with pointers under /input.

    `explain` names a saved action, and gives values for its placeholders or, without any input, null for each.
    `migrations` are those that the product has.
    """
    if (wanted.kind, wanted.event) == ("database", "migrations"):
        given = _with_migrations(composition, given)
    checked = _checked(fields, given, "/input")
    if (wanted.kind, wanted.event) != ("database", "explain"):
        return composition, checked
    row = DatabaseAction.objects.filter(resource_id=composition["resource"]["id"], tag=checked["action"]).first()
    if row is None:
        raise Invalid.field("input/action", f"The database has no action “{checked['action'][:63]}”.", code="unknown")
    values = checked.get("input") or {}
    if values:
        values = _checked(parameters(read_action(row.definition)), values, "/input/input")
    return {**composition, "definition": row.definition}, values


def _checked(fields: Sequence[Parameter], given: Json, pointer: str) -> JsonObject:
    try:
        return checked_input(tuple(fields), given)
    except InputError as error:
        raise refused(error, pointer) from None


def _with_migrations(composition: JsonObject, given: Json) -> Json:
    if given is not None and (not isinstance(given, dict) or "known" in given):
        return given
    row = Resource.objects.get(pk=composition["resource"]["id"])
    return {**(given or {}), "known": known_migrations(row)}
