"""One OpenAPI operation as an action; what is broken in it costs that part, never the action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from products.importers.drafts import ActionDraft
from products.importers.openapi import extension
from products.importers.openapi.answers import read_answers
from products.importers.openapi.bodies import read_body
from products.importers.openapi.context import Context
from products.importers.openapi.parameters import read_parameters
from products.importers.openapi.paths import PathKey, read_path
from products.importers.shapes import PATH_LENGTH, SHAPE_ERRORS, as_description, as_list, as_text, clean_name, pointer
from products.lib.actions import ActionSpec, Body, Parameter


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation stands in the document."""

    key: str
    method: str  # as written
    item: dict[str, Any]
    operation: dict[str, Any]
    source_id: str

    @property
    def pointer(self) -> str:
        """The JSON pointer of the operation."""
        return pointer("paths", self.key, self.method)


def read_operation(context: Context, place: Place) -> ActionDraft:
    """The action of an operation. Never raises for what the document holds."""
    tag = context.tags.tag(_tag_source(place), f"{place.method} {place.key}", given=extension.tag(place.operation))
    try:
        return _whole(context, place, tag)
    except SHAPE_ERRORS:
        message = "The operation could not be read; only its method and path came in."
        context.report.changed("bad-operation", place.pointer, message)
        return _bare(place, tag)


def _whole(context: Context, place: Place, tag: str) -> ActionDraft:
    operation, where = place.operation, place.pointer
    path = read_path(place.key)
    if path.cut:
        context.report.changed("path-cut", where, f"The path is longer than {PATH_LENGTH} characters and was cut.")
    parameters = read_parameters(
        context, place.item.get("parameters"), operation.get("parameters"), path=path, place=where
    )
    body = _body(context, operation, where)
    requirement = context.auths.of(operation, where)
    parameters = context.auths.without_own(parameters, requirement)
    title = f"{place.method.upper()} {path.path}"
    spec = ActionSpec(
        tag=tag,
        name=context.report.name(_name_source(operation), where, title),
        method=place.method.upper(),
        path=path.path,
        folder=_folder(operation),
        description=as_description(operation.get("description")),
        parameters=parameters,
        body=body,
        auths=requirement.auths,
        anonymous=requirement.anonymous,
        base_url=context.servers.base_url(place.item, operation, where),
        deprecated=operation.get("deprecated") is True,
        source_id=place.source_id,
        defs=_definitions(context, parameters, body, where),
    )
    samples = extension.samples(operation)
    if samples is None:
        samples = read_answers(context, operation.get("responses"), where)
    return ActionDraft(extension.action(spec, operation), samples)


def _body(context: Context, operation: dict[str, Any], where: str) -> Body | None:
    try:
        return read_body(context, operation.get("requestBody"), f"{where}/requestBody")
    except SHAPE_ERRORS:
        context.report.skipped("bad-body", f"{where}/requestBody", "The request body could not be read.")
        return None


def _definitions(context: Context, parameters: tuple[Parameter, ...], body: Body | None, where: str) -> dict[str, Any]:
    schemas = [parameter.schema for parameter in parameters]
    return context.schemas.definitions_for([*schemas, body.schema] if body else schemas, where)


def _bare(place: Place, tag: str) -> ActionDraft:
    path: PathKey = read_path(place.key)
    parameters = tuple(Parameter(name=name, place="path", required=True) for name in path.placeholders)
    method = place.method.upper()
    name = clean_name(f"{method} {path.path}")
    return ActionDraft(ActionSpec(tag, name, method, path.path, parameters=parameters, source_id=place.source_id))


def _tag_source(place: Place) -> str:
    return as_text(place.operation.get("operationId")) or f"{place.method} {place.key}"


def _name_source(operation: dict[str, Any]) -> str:
    return as_text(operation.get("summary")).strip() or as_text(operation.get("operationId"))


def _folder(operation: dict[str, Any]) -> tuple[str, ...]:
    names = (clean_name(tag) for tag in as_list(operation.get("tags")))
    first = next((name for name in names if name), "")
    return (first,) if first else ()
