"""What the console of an action begins with when an earlier run is edited and run again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from processors.forms.body_files import PREFIX, file_fields
from processors.forms.parameters import masked_at
from products.lib.actions import INPUT_KEY, ActionSpec, Body
from products.lib.input_places import place_input
from products.lib.jsontypes import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Earlier:
    """`initial` by field of the form; `files` that have to be chosen anew; `homeless`: what no field here is for."""

    initial: dict[str, Any]
    files: tuple[str, ...] = ()
    homeless: tuple[str, ...] = ()


def earlier_values(spec: ActionSpec, given: Json) -> Earlier:
    """The fields of an input as it is kept, structured or flat. What is masked in it stays empty, or masked in a body.

    Raises InputError where the action takes no such input any more.
    """
    placed = place_input(spec, given)
    initial: dict[str, Any] = {}
    homeless: list[str] = []
    for place, key in INPUT_KEY.items():
        left = dict(placed.group(key))
        for parameter in spec.parameters:
            if parameter.place == place:
                value = _taken(left, parameter.name, any_case=place == "header")
                initial[f"{key}:{parameter.name}"] = "" if value is None or masked_at(value) else _text(value)
        homeless += [f"{key}:{name}" for name in left]
    if spec.body is None or placed.body is None:
        return Earlier({**initial, "body": ""}, (), tuple(homeless))
    shown, files = _body(spec.body, placed.body, spec.defs)
    return Earlier({**initial, **shown}, files, tuple(homeless))


def _taken(values: JsonObject, name: str, *, any_case: bool) -> Json:
    for key in list(values):
        if key == name or (any_case and key.lower() == name.lower()):
            return values.pop(key)
    return None


def _body(body: Body, value: Json, defs: JsonObject) -> tuple[dict[str, Any], tuple[str, ...]]:
    if body.format == "binary":
        return {}, ("body",)
    names = [name.removeprefix(PREFIX) for name in file_fields(body, defs)]
    files = tuple(name for name in names if isinstance(value, dict) and name in value)
    rest = {key: one for key, one in value.items() if key not in files} if isinstance(value, dict) else value
    if body.format in {"text", "xml"}:
        return {"body": _text(rest)}, files
    return {"body": json.dumps(rest, indent=2, ensure_ascii=False)}, files


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
