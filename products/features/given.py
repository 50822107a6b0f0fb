"""The input that a run of a feature is given: checked against the fields that the feature declares."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from difflib import get_close_matches

from products.lib.actions import Parameter
from products.lib.inputs import MAX_ERRORS, FieldError, InputError, check_fields
from products.lib.jsontypes import Json, JsonError, JsonObject, check_json, escape_pointer


def checked_input(declared: tuple[Parameter, ...], data: Json, *, defs: JsonObject | None = None) -> JsonObject:
    """A copy of the input with the defaults of absent fields. Raises InputError listing every problem."""
    try:
        check_json(data)
    except JsonError as error:
        raise InputError([FieldError(error.pointer, "not_storable", error.message)]) from None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise InputError([FieldError("", "type", "The input of a feature is an object.")])
    values = deepcopy(data)
    for param in declared:  # null is what a field is that was not given
        if values.get(param.name, "") is None:
            del values[param.name]
    errors = [*_unknown(declared, values), *check_fields(declared, values, defs=defs)]
    if errors:
        raise InputError(errors[:MAX_ERRORS])
    return values


def seen_input(declared: Iterable[Parameter], given: JsonObject) -> JsonObject:
    """What `$Input{…}` sees: a declared field that was not given is null."""
    return {**{param.name: None for param in declared}, **given}


def _unknown(declared: tuple[Parameter, ...], values: JsonObject) -> list[FieldError]:
    names = [param.name for param in declared]
    found = []
    for name in values:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f" Did you mean “{near[0]}”?" if near else ""
            found.append(
                FieldError(f"/{escape_pointer(name)}", "unknown_field", f"The feature has no such field.{hint}")
            )
    return found
