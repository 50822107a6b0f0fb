"""Parameters of an OpenAPI operation: those of the path and its own, as fields with their serialisation rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from products.importers.fields import field_of
from products.importers.openapi import extension
from products.importers.openapi.context import Context
from products.importers.openapi.paths import PLACEHOLDER, PathKey
from products.importers.refs import MISSING
from products.importers.shapes import SHAPE_ERRORS, as_description, as_dict, as_list, as_text, clean_name
from products.lib.actions import Parameter

_PLACES = {"path", "query", "header", "cookie"}
_SET_BY_BODY = {"content-type", "accept"}
_MAX_PARAMETERS = 500


def read_parameters(context: Context, *lists: Any, path: PathKey, place: str) -> tuple[Parameter, ...]:
    """The parameters of these lists (a later one overrides an earlier one of the same name and place)."""
    found: dict[tuple[str, str], Parameter] = {}
    for number, raw in enumerate(each for part in lists for each in as_list(part)):
        where = f"{place}/parameters/{number}"
        try:
            parameter = _read(context, raw, where)
        except SHAPE_ERRORS:
            parameter = None
            context.report.skipped("bad-parameter", where, "A parameter could not be read and was left out.")
        if parameter is not None:
            found[parameter.place, parameter.name] = parameter
    _fix_query(found, path)
    _match_placeholders(context, found, path, place)
    if len(found) > _MAX_PARAMETERS:
        context.report.skipped("too-many", place, f"Only the first {_MAX_PARAMETERS} parameters came in.")
    return tuple(found.values())[:_MAX_PARAMETERS]


def _read(context: Context, raw: Any, place: str) -> Parameter | None:
    raw = context.refs.follow(raw, place)
    if raw is MISSING:
        return None
    where, name = as_text(raw.get("in")).lower(), clean_name(raw.get("name"))
    if where not in _PLACES or not name:
        context.report.skipped("bad-parameter", place, f"A parameter named “{name}” in “{where}” was left out.")
        return None
    kept = extension.told(raw).get("kept") is True
    if where == "header" and name.lower() in _SET_BY_BODY and not kept:
        context.report.changed("header-from-body", place, f"The header {name} is set from the body's format instead.")
        return None
    return _parameter(context, raw, name=name, where=where, place=place)


def _parameter(context: Context, raw: dict[str, Any], *, name: str, where: str, place: str) -> Parameter:
    content = as_dict(raw.get("content"))
    media = as_dict(next(iter(content.values()), None))
    schema = context.schemas.translate(_raw_schema(raw, media), place)
    field = field_of(schema, context.schemas.resolved)
    sample = _sample(context, {**media, **raw}, place)
    sample = field.sample if sample is None else sample
    found = Parameter(
        name=name,
        place=where,  # type: ignore[arg-type]
        type=field.type,
        required=where == "path" or raw.get("required") is True,
        description=as_description(raw.get("description")),
        default=field.default,
        sample=sample,
        minimum=field.minimum,
        maximum=field.maximum,
        schema=schema,
        style="json" if content else clean_name(raw.get("style"))[:40],
        explode=raw["explode"] if isinstance(raw.get("explode"), bool) else None,
    )
    return extension.parameter(found, raw)


def _raw_schema(raw: dict[str, Any], media: dict[str, Any]) -> Any:
    for holder in (raw, media):
        if "schema" in holder:
            return holder["schema"]
    return {key: raw[key] for key in ("type", "format", "enum", "items", "default") if key in raw}


def _sample(context: Context, raw: dict[str, Any], place: str) -> Any:
    if raw.get("example") is not None:
        return raw["example"]
    examples = raw.get("examples")
    first = next(iter(examples.values()), None) if isinstance(examples, dict) else None
    if first is None and isinstance(examples, list) and examples:
        return examples[0]
    return as_dict(context.refs.follow(first, place)).get("value")


def _fix_query(found: dict[tuple[str, str], Parameter], path: PathKey) -> None:
    """A query written into the path: its values become defaults, its placeholders query parameters."""
    for name, value in path.query:
        placeholder = PLACEHOLDER.fullmatch(value)
        declared = found.get(("query", name))
        moved = found.pop(("path", placeholder[1]), None) if placeholder else None
        if declared is not None:
            found["query", name] = declared if placeholder else replace(declared, default=value)
        elif moved is not None:
            found["query", name] = replace(moved, name=name, place="query", style="", explode=None)
        else:
            default = None if placeholder else value
            found["query", name] = Parameter(name=name, place="query", default=default, required=bool(placeholder))


def _match_placeholders(context: Context, found: dict[tuple[str, str], Parameter], path: PathKey, place: str) -> None:
    declared = {name for where, name in found if where == "path"}
    for name in path.placeholders:
        if name not in declared:
            found["path", name] = Parameter(name=name, place="path", required=True)
            context.report.changed("undeclared-parameter", place, f"“{name}” is in the path and was not declared.")
    for name in declared.difference(path.placeholders):
        del found["path", name]
        context.report.skipped("unused-parameter", place, f"The path parameter “{name}” is not in the path.")
