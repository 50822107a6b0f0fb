"""One action as an OpenAPI operation, in the words that every reader of OpenAPI knows."""

from __future__ import annotations

from typing import Any

from products.importers.drafts import ActionDraft, SampleDraft
from products.importers.export.schemas import Definitions
from products.importers.media import DEFAULT_TYPES
from products.importers.openapi.extension import BARE, KEY
from products.importers.openapi.servers import server_url
from products.lib.actions import ActionSpec, Body, Parameter
from products.lib.field_types import field_schema

_UNNAMED = "Answer"
_SET_BY_BODY = {"content-type", "accept"}


def operation(draft: ActionDraft, definitions: Definitions) -> dict[str, Any]:
    """The operation; the extension says only what was kept although OpenAPI would not have it."""
    spec = draft.spec
    names = definitions.names_of(spec.defs)
    found: dict[str, Any] = {
        "operationId": spec.tag,
        "summary": spec.name,
        "description": spec.description,
        "tags": list(spec.folder[:1]),
        "deprecated": spec.deprecated,
        "parameters": [_parameter(each, definitions, names) for each in spec.parameters],
        "requestBody": _body(spec.body, definitions, names) if spec.body is not None else None,
        "responses": _responses(draft.samples),
        "servers": [{"url": server_url(spec.base_url)}] if spec.base_url else None,
    }
    kept = {key: value for key, value in found.items() if value}
    return kept if (security := _security(spec)) is None else {**kept, "security": security}


def _security(spec: ActionSpec) -> list[dict[str, list[str]]] | None:
    if spec.anonymous:
        return []
    return [{tag: []} for tag in spec.auths] if spec.auths else None


def _parameter(each: Parameter, definitions: Definitions, names: dict[str, str]) -> dict[str, Any]:
    schema = definitions.schema(each.schema, names)
    said: dict[str, Any] = {}
    if not each.schema:
        schema = {**field_schema(each), **({"default": each.default} if each.default is not None else {})}
        said[BARE] = True
    if each.place == "header" and each.name.lower() in _SET_BY_BODY:
        said["kept"] = True
    found: dict[str, Any] = {"name": each.name, "in": each.place, "description": each.description}
    if each.required or each.place == "path":
        found["required"] = True
    if each.style == "json":
        found["content"] = {"application/json": {"schema": schema}}
    else:
        found |= {"schema": schema, "style": each.style, "explode": each.explode}
    found |= {"example": each.sample, KEY: said}
    return {key: value for key, value in found.items() if key == "schema" or value not in (None, "", {})}


def _body(body: Body, definitions: Definitions, names: dict[str, str]) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": definitions.schema(body.schema, names), "example": body.sample}
    if body.sample is None and not body.schema:
        media = {}
    content = {body.content_type or DEFAULT_TYPES[body.format]: media}
    content |= {each: {} for each in body.alternatives if each not in content}
    found: dict[str, Any] = {"description": body.description, "content": content, "required": body.required}
    return {key: value for key, value in found.items() if value}


def _responses(samples: tuple[SampleDraft, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for sample in samples:
        answer = found.setdefault(str(sample.status), {"description": sample.name or _UNNAMED})
        if sample.content_type or sample.body is not None:
            media = answer.setdefault("content", {}).setdefault(sample.content_type or "application/json", {})
            examples = media.setdefault("examples", {})
            examples[f"{len(examples) + 1}"] = {"summary": sample.name, "value": sample.body}
    return found
