"""What an action is given: placed and checked when it is called, and as far as it is written out when it is saved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy

from products.features.literals import is_certain, is_open, value_at
from products.lib.actions import INPUT_KEY, ActionSpec
from products.lib.body_schemas import body_fields
from products.lib.errors import FieldProblem
from products.lib.inputs import InputError, StructuredInput, field_schema, place_input, validate_input
from products.lib.json_schemas import FieldError, resolved
from products.lib.jsontypes import Json, JsonObject, escape_pointer

_GROUPS = (*INPUT_KEY.values(), "body")
_CONDITIONAL = ('"if": ', '"dependent')  # keywords by which one value decides what another may be


def given_to(action: ActionSpec, data: Json) -> StructuredInput:
    """The input that expressions have made for an action. Raises InputError.

    A result may be a number where the next call has a text in its path, query or headers: it goes there as text.
    """
    placed = place_input(action, data)
    groups = {key: dict(placed.group(key)) for key in INPUT_KEY.values()}
    for param in action.parameters:
        values = groups[INPUT_KEY[param.place]]
        value = values.get(param.name)
        if isinstance(value, (int, float)) and field_schema(param).get("type") == "string":
            values[param.name] = json.dumps(value)
    whole: JsonObject = {key: values for key, values in groups.items() if values}
    return validate_input(action, whole if placed.body is None else {**whole, "body": placed.body})


def wrong_action_input(action: ActionSpec, given: Json, pointer: str) -> Iterator[FieldProblem]:
    """What would be refused whatever its expressions become. `pointer` is the place of the input."""
    data = {} if given is None else given
    if not _is_settled(action, data):
        return
    whole: JsonObject = {}
    try:
        placed = place_input(action, deepcopy(data))
        whole = {key: placed.group(key) for key in INPUT_KEY.values()} | {"body": placed.body}
        given_to(action, deepcopy(data))
    except InputError as error:
        for one in error.errors:
            if not whole:  # it names what is written
                yield FieldProblem(f"{pointer}{one.pointer}", one.code, one.detail)
            elif _is_sure(action, whole, one):
                yield FieldProblem(f"{pointer}{_written(data, one.pointer)}", one.code, one.detail)


def _is_settled(action: ActionSpec, data: Json) -> bool:
    """Whether it is known where each field goes: an expression instead of a whole group may become anything."""
    if not isinstance(data, dict):
        return not (isinstance(data, str) and is_open(data))
    unsettled = [key for key in _GROUPS if isinstance(data.get(key), str) and is_open(data[key])]
    if not unsettled:
        return True
    names = {param.name for param in action.parameters}
    names.update(body_fields(action.body, action.defs) if action.body else ())
    return unsettled == ["body"] and "body" not in names and all(key in _GROUPS for key in data)


def _is_sure(action: ActionSpec, whole: JsonObject, error: FieldError) -> bool:
    group, *inner = error.pointer.split("/")[1:]
    if error.code == "required" and (group != "body" or not inner):
        return True
    if group != "body" or not is_open(whole["body"]):
        return is_certain(value_at(whole, error.pointer), error)
    if error.code == "required" and len(inner) == 1 and action.body is not None:
        return inner[0] in (resolved(action.body.schema, action.defs).get("required") or ())
    return is_certain(value_at(whole, error.pointer), error) and not _has_conditions(action)


def _has_conditions(action: ActionSpec) -> bool:
    text = json.dumps([action.body.schema if action.body else {}, action.defs])
    return any(keyword in text for keyword in _CONDITIONAL)


def _written(data: JsonObject, pointer: str) -> str:
    """The place in the document of what stands at a place of the structured input: fields may be written flat."""
    group, *inner = pointer.split("/")[1:]
    if not inner:
        return pointer if group in data else ""
    name, *rest = (part.replace("~1", "/").replace("~0", "~") for part in inner)
    within = data.get(group)
    if not (isinstance(within, dict) and name in within):
        flat = next((key for key in data if name.lower() in {key.lower(), key.partition(":")[2].lower()}), "")
        if flat or not isinstance(within, dict):
            return "".join(f"/{escape_pointer(part)}" for part in (flat or name, *rest))
    return pointer
