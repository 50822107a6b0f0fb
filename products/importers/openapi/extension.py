"""`x-ductape`: what an export of ours says beyond OpenAPI. It comes from strangers like everything else in a document.

Every word is read by what it may be, and left out where it is something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from products.importers.drafts import SampleDraft
from products.importers.shapes import PATH_LENGTH, as_description, as_dict, as_list, as_number, as_text, clean_name
from products.lib.action_checks import BODY_FORMATS
from products.lib.actions import ActionSpec, AuthSpec, Body, Parameter, to_json
from products.lib.auth_checks import checked_auth
from products.lib.field_types import FIELD_TYPES
from products.lib.tags import TAG_PATTERN

KEY = "x-ductape"
BARE = "bare"  # the schema is there for others: in the app the field has a type and no schema
_BASE = re.compile(r"(?:https?://|\{\{)[^\s\\\x00-\x1f\x7f]*")
_LEFT_OUT: Any = object()
_MAX_SAMPLES = 20
_MAX_FOLDERS = 12
_SCRIPTS = 50_000
Read = Callable[[Any], Any]
Spec = TypeVar("Spec", ActionSpec, Body, Parameter)


def told(raw: Any) -> dict[str, Any]:
    """The extension of an object of the document; {} without one."""
    return as_dict(as_dict(raw).get(KEY))


def parameter(found: Parameter, raw: Any) -> Parameter:
    """The parameter with what the extension says of it."""
    return _with(found, told(raw), _PARAMETER)


def body(found: Body, raw: Any) -> Body:
    """The body with what the extension says of it."""
    return _with(found, told(raw), _BODY)


def action(found: ActionSpec, raw: Any) -> ActionSpec:
    """The action with what the extension says of it."""
    return _with(found, told(raw), _ACTION)


def auth(found: AuthSpec, raw: Any) -> AuthSpec:
    """The auth with what the extension says of it, if that makes one that could be stored."""
    said = {key: value for key, value in told(raw).items() if key in AuthSpec.__slots__ and key != "tag"}
    if not said:
        return found
    spec, problems = checked_auth({**_plain(to_json(found)), **said})
    return found if problems else replace(spec, tag=found.tag)


def samples(raw: Any) -> tuple[SampleDraft, ...] | None:
    """The sample answers the extension lists; None where it does not."""
    listed = told(raw).get("samples")
    if not isinstance(listed, list):
        return None
    return tuple(_sample(as_dict(each), number) for number, each in enumerate(listed[:_MAX_SAMPLES], start=1))


def base_url(raw: Any) -> str:
    """The base URL the extension gives, for one that is no plain template; "" where it gives none."""
    given = told(raw).get("base_url")
    return given if isinstance(given, str) and len(given) <= PATH_LENGTH and _BASE.fullmatch(given) else ""


def tag(raw: Any) -> str:
    """The tag the extension gives; "" where it gives none that is one."""
    given = told(raw).get("tag")
    return given if isinstance(given, str) and TAG_PATTERN.fullmatch(given) else ""


def _with(found: Spec, said: Mapping[str, Any], readers: Mapping[str, Read]) -> Spec:
    changes = {key: readers[key](value) for key, value in said.items() if key in readers}
    changes = {key: value for key, value in changes.items() if value is not _LEFT_OUT}
    if said.get(BARE) is True and not isinstance(found, ActionSpec):
        changes["schema"] = {}
    return replace(found, **changes) if changes else found


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in (None, [], {}, "")}


def _sample(raw: dict[str, Any], number: int) -> SampleDraft:
    status = as_number(raw.get("status"))
    return SampleDraft(
        name=clean_name(raw.get("name")) or f"Answer {number}",
        status=int(status) if status is not None and 100 <= status <= 599 else 200,
        content_type=clean_name(raw.get("content_type")),
        headers={
            clean_name(key): as_text(value)[:2000] for key, value in list(as_dict(raw.get("headers")).items())[:100]
        },
        body=raw.get("body"),
    )


def _one_of(*kinds: type) -> Read:
    return lambda value: value if type(value) in kinds else _LEFT_OUT


def _choice(allowed: Any) -> Read:
    return lambda value: value if isinstance(value, str) and value in allowed else _LEFT_OUT


def _names(most: int) -> Read:
    return lambda value: tuple(name for name in map(clean_name, as_list(value)[:most]) if name)


def _line(longest: int) -> Read:
    return lambda value: clean_name(value)[:longest] if len(as_text(value)) <= longest else _LEFT_OUT


def _text(longest: int) -> Read:
    return lambda value: as_text(value)[:longest]


_flag = _one_of(bool)
_ANY: Read = lambda value: value  # noqa: E731 - as a value in these tables
_PARAMETER: dict[str, Read] = {
    "type": _choice(FIELD_TYPES),
    "required": _flag,
    "description": as_description,
    "default": _ANY,
    "sample": _ANY,
    "minimum": lambda value: as_number(value),
    "maximum": lambda value: as_number(value),
    "style": _line(40),
    "explode": _one_of(bool, type(None)),
    "enabled": _flag,
}
_BODY: dict[str, Read] = {
    "format": _choice(BODY_FORMATS),
    "content_type": _line(200),
    "required": _flag,
    "description": as_description,
    "sample": _ANY,
    "alternatives": _names(50),
    "file_fields": _names(200),
}
_ACTION: dict[str, Read] = {
    "base_url": lambda value: base_url({KEY: {"base_url": value}}) or _LEFT_OUT,
    "folder": _names(_MAX_FOLDERS),
    "description": as_description,
    "source_id": lambda value: as_text(value)[:500],
    "scripts": _text(_SCRIPTS),
    "deprecated": _flag,
    "anonymous": _flag,
}
WORDS = {
    Parameter: tuple(each.name for each in fields(Parameter) if each.name in _PARAMETER),
    Body: tuple(each.name for each in fields(Body) if each.name in _BODY),
    ActionSpec: tuple(each.name for each in fields(ActionSpec) if each.name in _ACTION),
}
