"""The fields of an operation's input, and an input checked against them."""

from __future__ import annotations

from copy import deepcopy
from difflib import get_close_matches

from products.catalog.resources import KINDS
from products.lib.actions import Parameter
from products.lib.database_actions import parameters, read_action
from products.lib.field_types import takes_null
from products.lib.inputs import MAX_ERRORS, FieldError, InputError, check_fields
from products.lib.jsontypes import Json, JsonError, JsonObject, check_json, escape_pointer


def input_fields(kind: str, operation: str, definition: JsonObject) -> tuple[Parameter, ...]:
    """What a call is given: the placeholders of a database action, or what the kind declares."""
    if definition:
        return parameters(read_action(definition))
    found = KINDS[kind].operation(operation)
    return found.input if found is not None else ()


def checked_input(fields: tuple[Parameter, ...], data: Json) -> JsonObject:
    """A copy with the defaults of absent fields; null is as absent where a field does not take it as a value.

    Raises InputError listing every problem.
    """
    try:
        check_json(data)
    except JsonError as error:
        raise InputError([FieldError(error.pointer, "not_storable", error.message)]) from None
    if data is not None and not isinstance(data, dict):
        raise InputError([FieldError("", "type", "The input of an operation is an object.")])
    nullable = {field.name for field in fields if takes_null(field)}
    values = {key: deepcopy(value) for key, value in (data or {}).items() if value is not None or key in nullable}
    errors = [*_unknown(fields, values), *check_fields(fields, values)]
    if errors:
        raise InputError(errors[:MAX_ERRORS])
    return values


def _unknown(fields: tuple[Parameter, ...], values: JsonObject) -> list[FieldError]:
    names = [field.name for field in fields]
    found = []
    for name in values:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f" Did you mean “{near[0]}”?" if near else ""
            pointer = f"/{escape_pointer(name)}"
            found.append(FieldError(pointer, "unknown_field", f"This operation has no such field.{hint}"))
    return found
