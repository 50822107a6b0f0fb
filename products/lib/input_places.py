"""Where each field of an action's input goes: structured input as it stands, flat fields by the action's schema."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from products.lib.actions import INPUT_KEY, ActionSpec
from products.lib.body_schemas import body_fields, takes_any_field
from products.lib.identity_cache import IdentityCache
from products.lib.json_schemas import FieldError, type_name
from products.lib.jsontypes import Json, JsonObject, escape_pointer

_GROUPS = ("params", "query", "headers", "cookies")
_PREFIXES = {
    "params": "params", "path": "params", "query": "query", "headers": "headers", "header": "headers",
    "cookies": "cookies", "cookie": "cookies", "body": "body",
}  # fmt: skip


class InputError(Exception):
    """The input does not fit; `errors` lists every problem found."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0]
        more = f" (and {len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
        super().__init__(f"{first.pointer or 'input'}: {first.detail}{more}")


@dataclass(slots=True)
class StructuredInput:
    """The input of an action, every field in its place. `body` is None when there is none."""

    params: JsonObject = field(default_factory=dict)
    query: JsonObject = field(default_factory=dict)
    headers: JsonObject = field(default_factory=dict)
    cookies: JsonObject = field(default_factory=dict)
    body: Json = None

    def group(self, name: str) -> JsonObject:
        """One of the four groups outside the body, by its key."""
        return {"params": self.params, "query": self.query, "headers": self.headers, "cookies": self.cookies}[name]


@dataclass(frozen=True, slots=True)
class _Fields:
    """The names an action knows, with their groups; header names are kept in lower case too."""

    groups: dict[str, tuple[tuple[str, str], ...]]  # name -> ((group, name as declared), …)
    open_body: bool


def place_input(spec: ActionSpec, data: Json) -> StructuredInput:
    """The input with every field in its place. Raises InputError naming each field that has none, or several.

    Nothing is checked yet but the places; `validate_input` does the rest.
    """
    if not isinstance(data, dict):
        raise InputError([FieldError("", "type", f"The input must be an object, not {type_name(data)}.")])
    fields = _FIELDS.get(spec)
    placed = StructuredInput()
    errors: list[FieldError] = []
    for key, value in data.items():
        if _is_group(key, value, fields):
            _take_group(placed, key, value)
        else:
            errors += _take_field(placed, key, value, fields)
    if errors:
        raise InputError(errors)
    return placed


def _is_group(key: str, value: Json, fields: _Fields) -> bool:
    """Whether `key` is a part of structured input; a declared field of that name wins unless the value is an object."""
    if key in _GROUPS:
        return isinstance(value, dict) or key not in fields.groups
    return key == "body" and (key not in fields.groups or isinstance(value, dict))


def _take_group(placed: StructuredInput, key: str, value: Json) -> None:
    if key == "body":
        placed.body = {**placed.body, **value} if isinstance(placed.body, dict) and isinstance(value, dict) else value
        return
    if not isinstance(value, dict):
        raise InputError([FieldError(f"/{key}", "type", f"This must be an object, not {type_name(value)}.")])
    placed.group(key).update(value)


def _take_field(placed: StructuredInput, key: str, value: Json, fields: _Fields) -> list[FieldError]:
    pointer = "/" + escape_pointer(key)
    homes = fields.groups.get(key) or fields.groups.get(key.lower(), ())
    prefix, colon, rest = key.partition(":")
    if not homes and colon and prefix in _PREFIXES and rest:
        homes = ((_PREFIXES[prefix], _declared(rest, _PREFIXES[prefix], fields)),)
    if len(homes) > 1:
        choices = " or ".join(f"{group}:{name}" for group, name in homes)
        return [FieldError(pointer, "ambiguous", f"“{key[:80]}” exists in several places: write {choices}.")]
    if homes:
        group, name = homes[0]
    elif fields.open_body:
        group, name = "body", key
    else:
        return [FieldError(pointer, "unknown_field", f"Unknown field “{key[:80]}”.{_hint(key, fields)}")]
    if group != "body":
        placed.group(group)[name] = value
        return []
    if placed.body is None:
        placed.body = {}
    if not isinstance(placed.body, dict):
        return [FieldError(pointer, "ambiguous", "The body is already given as a whole.")]
    placed.body[name] = value
    return []


def _declared(name: str, group: str, fields: _Fields) -> str:
    for home_group, home_name in fields.groups.get(name) or fields.groups.get(name.lower(), ()):
        if home_group == group:
            return home_name
    return name


def _hint(key: str, fields: _Fields) -> str:
    close = difflib.get_close_matches(key[:80], fields.groups, n=1)
    return f" Did you mean “{close[0]}”?" if close else ""


def _fields_of(spec: ActionSpec) -> _Fields:
    groups: dict[str, list[tuple[str, str]]] = {}

    def know(name: str, home: tuple[str, str]) -> None:
        homes = groups.setdefault(name, [])
        if home not in homes:
            homes.append(home)

    for param in spec.parameters:
        home = (INPUT_KEY[param.place], param.name)
        know(param.name, home)
        if param.place == "header":
            know(param.name.lower(), home)
    if spec.body:
        for name in body_fields(spec.body, spec.defs):
            know(name, ("body", name))
    open_body = spec.body is not None and takes_any_field(spec.body, spec.defs)
    return _Fields({name: tuple(homes) for name, homes in groups.items()}, open_body)


_FIELDS: IdentityCache[_Fields] = IdentityCache(_fields_of)
