"""The input of an action, checked: places, defaults, types, limits and the body's schema, every problem at once."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from products.lib.actions import INPUT_KEY, ActionSpec, Body, Parameter
from products.lib.body_schemas import checked_body_schema
from products.lib.field_types import FIELD_TYPES, UnknownFieldType, field_schema, field_type, from_text, takes_null
from products.lib.identity_cache import IdentityCache
from products.lib.input_places import InputError, StructuredInput, place_input
from products.lib.json_schemas import FieldError, schema_errors, type_name
from products.lib.jsontypes import Json, JsonError, JsonObject, check_json, escape_pointer
from products.lib.placeholders import fill, find

__all__ = [
    "FIELD_TYPES",
    "FieldError",
    "InputError",
    "StructuredInput",
    "UnknownFieldType",
    "check_fields",
    "field_schema",
    "field_type",
    "fill_defaults",
    "place_input",
    "validate_input",
]  # fmt: skip

MAX_ERRORS = 50
_NO_DEFS: JsonObject = {}
_BODY_KINDS: dict[str, tuple[type, ...]] = {
    "form": (dict,), "multipart": (dict,), "text": (str,), "binary": (str, dict), "xml": (str, dict),
    "graphql": (str, dict),
}  # fmt: skip
_BODY_SCHEMAS: IdentityCache[JsonObject] = IdentityCache(checked_body_schema)


def validate_input(spec: ActionSpec, data: Json) -> StructuredInput:
    """The input of this action, placed, with defaults. Raises InputError listing every problem.

    Defaults made of `{{variables}}` are left out: `fill_defaults` puts them in once the variables are known.
    """
    try:
        check_json(data)
    except JsonError as error:
        raise InputError([FieldError(error.pointer, "not_storable", error.message)]) from None
    placed = place_input(spec, data)
    errors: list[FieldError] = []
    for place, key in INPUT_KEY.items():
        declared = [param for param in spec.parameters if param.place == place]
        values = placed.group(key)
        if place == "header":
            _match_header_names(declared, values)
        errors += check_fields(declared, values, pointer=f"/{key}", defs=spec.defs, is_text=True)
        if place == "path":
            errors += _unknown_params(declared, values)
    errors += _body_errors(spec, placed)
    if errors:
        raise InputError(errors[:MAX_ERRORS])
    return placed


def fill_defaults(spec: ActionSpec, given: StructuredInput, variables: Mapping[str, str]) -> None:
    """Put in the absent defaults that are made of variables. Raises MissingPlaceholder naming the variable.

    Only the action's own defaults are filled, never what the caller gave.
    """
    for param in spec.parameters:
        values = given.group(INPUT_KEY[param.place])
        if param.enabled and param.name not in values and _has_variables(param.default):
            values[param.name] = fill(param.default, variables)


def check_fields(
    declared: Iterable[Parameter],
    values: JsonObject,
    *,
    pointer: str = "",
    defs: JsonObject | None = None,
    is_text: bool = False,
) -> list[FieldError]:
    """What is wrong with `values`; defaults of absent fields are put into it.

    `is_text`: the values travel as text, so `"10"` is accepted where a number is meant.
    """
    errors: list[FieldError] = []
    for param in declared:
        at = f"{pointer}/{escape_pointer(param.name)}"
        if param.name not in values:
            if param.enabled and param.default is not None and not _has_variables(param.default):
                values[param.name] = copy.deepcopy(param.default)
            elif param.enabled and param.required and not _has_variables(param.default):
                errors.append(FieldError(at, "required", "This field is required."))
                continue
            else:
                continue
        errors += _field_errors(param, values[param.name], at, defs if defs is not None else _NO_DEFS, is_text)
    return errors


def _has_variables(default: Json) -> bool:
    return isinstance(default, str) and "{{" in default and bool(find(default))


def _field_errors(param: Parameter, value: Json, pointer: str, defs: JsonObject, is_text: bool) -> list[FieldError]:
    if param.required and value == "" and not takes_null(param):
        return [FieldError(pointer, "required", "This field may not be empty.")]
    schema = _PARAM_SCHEMAS.get(param)
    errors = schema_errors(schema, value, pointer=pointer, defs=defs)
    if not errors or not is_text:
        return errors
    meant = from_text(value)
    if meant == value and type(meant) is type(value):
        return errors
    others = schema_errors(schema, meant, pointer=pointer, defs=defs)
    return errors if any(error.code == "type" for error in others) else others


def _match_header_names(declared: Iterable[Parameter], values: JsonObject) -> None:
    """Header names differ only by more than case."""
    for param in declared:
        for given in [name for name in values if name != param.name and name.lower() == param.name.lower()]:
            values[param.name] = values.pop(given)


def _unknown_params(declared: list[Parameter], values: JsonObject) -> list[FieldError]:
    known = {param.name for param in declared}
    return [
        FieldError(f"/params/{escape_pointer(name)}", "unknown_field", "The path has no such parameter.")
        for name in values
        if name not in known
    ]


def _body_errors(spec: ActionSpec, placed: StructuredInput) -> list[FieldError]:
    body = spec.body
    if body is None:
        if placed.body is None:
            return []
        return [FieldError("/body", "unknown_field", "This action has no body.")]
    if placed.body is None:
        return [FieldError("/body", "required", "This action needs a body.")] if body.required else []
    wrong = _body_type_error(body, placed.body)
    if wrong:
        return [FieldError("/body", "type", wrong)]
    return schema_errors(_BODY_SCHEMAS.get(body, spec.defs), placed.body, pointer="/body", defs=spec.defs)


def _body_type_error(body: Body, value: Any) -> str:
    """What the format itself demands, whatever the schema says; "" when it is content."""
    kinds = _BODY_KINDS.get(body.format, ())
    if not kinds or any(isinstance(value, kind) for kind in kinds):
        return ""
    words = " or ".join("an object" if kind is dict else "text" for kind in kinds)
    return f"The body must be {words}, not {type_name(value)}."


def _param_schema(param: Parameter) -> JsonObject:
    try:
        return field_schema(param)
    except UnknownFieldType:
        return _NO_DEFS  # stored before its type was known: checks nothing rather than blocking


_PARAM_SCHEMAS: IdentityCache[JsonObject] = IdentityCache(_param_schema, size=5_000)
