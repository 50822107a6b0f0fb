"""A Swagger 2.0 document, converted to OpenAPI 3.0 so that one reader serves both.

`definitions`, `parameters` and `responses` stay where they are: references to them keep their meaning.
"""

from __future__ import annotations

from typing import Any

from products.importers.openapi.document import METHODS
from products.importers.refs import Refs
from products.importers.report import Report
from products.importers.shapes import SHAPE_ERRORS, as_dict, as_list, as_text, pointer

_FLOWS = {"accessCode": "authorizationCode", "application": "clientCredentials"}
_STYLES: dict[str, tuple[str, bool]] = {
    "multi": ("form", True),
    "ssv": ("spaceDelimited", False),
    "tsv": ("spaceDelimited", False),
    "pipes": ("pipeDelimited", False),
}
_NOT_SCHEMA = {"name", "in", "required", "description", "collectionFormat", "allowEmptyValue", "schema", "examples"}
_FORM = "application/x-www-form-urlencoded"


def to_openapi(document: dict[str, Any], report: Report) -> dict[str, Any]:
    """The same API as OpenAPI 3.0.3. What cannot be converted is left out and reported."""
    work = _Converter(document, report)
    kept = ("info", "security", "tags", "definitions", "parameters", "responses")
    return {
        **{key: document[key] for key in kept if key in document},
        "openapi": "3.0.3",
        "servers": work.servers(),
        "paths": work.paths(),
        "components": {"securitySchemes": work.schemes()},
    }


class _Converter:
    def __init__(self, document: dict[str, Any], report: Report) -> None:
        self._document = document
        self._report = report
        self._refs = Refs(document, report)
        self._consumes = _types(document.get("consumes")) or ["application/json"]
        self._produces = _types(document.get("produces")) or ["application/json"]

    def servers(self) -> list[dict[str, Any]]:
        host = as_text(self._document.get("host")).strip().strip("/")
        base = "/" + as_text(self._document.get("basePath")).strip().strip("/")
        if not host:
            return [{"url": base}] if base != "/" else []
        schemes = [scheme for scheme in _types(self._document.get("schemes")) if scheme in {"http", "https"}]
        chosen = ["https"] if "https" in schemes or not schemes else schemes[:1]
        return [{"url": f"{scheme}://{host}{base.rstrip('/')}"} for scheme in chosen]

    def paths(self) -> dict[str, Any]:
        items = as_dict(self._document.get("paths")).items()
        return {key: self._item(raw, pointer("paths", key)) for key, raw in items}

    def schemes(self) -> dict[str, Any]:
        definitions = as_dict(self._document.get("securityDefinitions"))
        return {name: _scheme(as_dict(raw)) for name, raw in definitions.items()}

    def _item(self, raw: Any, place: str) -> Any:
        raw = self._beneath(raw, place)
        if not isinstance(raw, dict):
            return raw
        shared = as_list(raw.get("parameters"))
        return {
            key: self._operation(value, shared, f"{place}/{key}") if key.lower() in METHODS else value
            for key, value in raw.items()
            if key != "parameters"
        }

    def _beneath(self, raw: Any, place: str) -> Any:
        """What a path item or operation refers to beneath its own words."""
        if not isinstance(raw, dict) or not isinstance(raw.get("$ref"), str):
            return raw
        return {**as_dict(self._refs.follow(raw, place)), **{key: raw[key] for key in raw if key != "$ref"}}

    def _operation(self, raw: Any, shared: list[Any], place: str) -> Any:
        raw = self._beneath(raw, place)
        if not isinstance(raw, dict):
            return raw
        result = {key: value for key, value in raw.items() if key not in {"parameters", "responses"}}
        try:
            result.update(self._inputs(raw, shared, place))
            result["responses"] = self._responses(raw, place)
        except SHAPE_ERRORS:
            self._report.changed("bad-operation", place, "Parts of the operation could not be read.")
        return result

    def _inputs(self, raw: dict[str, Any], shared: list[Any], place: str) -> dict[str, Any]:
        consumes = _types(raw.get("consumes")) or self._consumes
        own = [self._refs.follow(each, place) for each in [*shared, *as_list(raw.get("parameters"))]]
        merged = {(as_text(each.get("name")), as_text(each.get("in"))): each for each in own if isinstance(each, dict)}
        bodies = [each for each in merged.values() if each.get("in") == "body"]
        fields = [each for each in merged.values() if each.get("in") == "formData"]
        others = [each for each in merged.values() if each.get("in") not in {"body", "formData"}]
        result: dict[str, Any] = {"parameters": [_parameter(each) for each in others]}
        if bodies:
            result["requestBody"] = _body(bodies[-1], consumes)
        elif fields:
            result["requestBody"] = _form(fields, consumes)
        return result

    def _responses(self, raw: dict[str, Any], place: str) -> dict[str, Any]:
        produces = _types(raw.get("produces")) or self._produces
        responses = as_dict(raw.get("responses")).items()
        return {
            code: _response(as_dict(self._refs.follow(response, f"{place}/responses/{code}")), produces)
            for code, response in responses
            if not code.startswith("x-")
        }


def _types(value: Any) -> list[str]:
    return [each for each in as_list(value) if isinstance(each, str)]


def _parameter(raw: dict[str, Any]) -> dict[str, Any]:
    kept = ("name", "in", "required", "description", "deprecated", "example", "x-example")
    result = {key.removeprefix("x-"): raw[key] for key in kept if key in raw}
    schema = raw.get("schema")
    result["schema"] = schema if isinstance(schema, dict) else _schema(raw)
    if raw.get("type") == "array":
        default = ("form", False) if raw.get("in") == "query" else ("simple", False)
        result["style"], result["explode"] = _STYLES.get(as_text(raw.get("collectionFormat")), default)
    return result


def _schema(raw: dict[str, Any]) -> dict[str, Any]:
    """What a parameter says about its value, as a schema."""
    return {key: value for key, value in raw.items() if key not in _NOT_SCHEMA}


def _body(raw: dict[str, Any], consumes: list[str]) -> dict[str, Any]:
    media = {"schema": raw.get("schema", {})}
    examples = as_dict(raw.get("x-examples"))
    content = {kind: {**media, "example": examples[kind]} if kind in examples else media for kind in consumes}
    return {"content": content, "required": raw.get("required") is True, "description": raw.get("description", "")}


def _form(fields: list[dict[str, Any]], consumes: list[str]) -> dict[str, Any]:
    files = any(field.get("type") == "file" for field in fields)
    kinds = [kind for kind in consumes if kind == _FORM or kind.startswith("multipart/")]
    if files:
        kinds = [kind for kind in kinds if kind.startswith("multipart/")] or ["multipart/form-data"]
    properties = {
        as_text(each.get("name")): {**_schema(each), "description": each.get("description")} for each in fields
    }
    required = [as_text(field.get("name")) for field in fields if field.get("required") is True]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    return {"content": {kind: {"schema": schema} for kind in kinds or [_FORM]}, "required": bool(required)}


def _response(raw: dict[str, Any], produces: list[str]) -> dict[str, Any]:
    examples = as_dict(raw.get("examples"))
    result = {"description": raw.get("description", "")}
    if "schema" not in raw and not examples:
        return result
    media = {"schema": raw.get("schema", {})}
    kinds = dict.fromkeys([*(kind for kind in examples if "/" in kind), *produces])
    content = {kind: {**media, "example": examples[kind]} if kind in examples else media for kind in kinds}
    return {**result, "content": content}


def _scheme(raw: dict[str, Any]) -> dict[str, Any]:
    if raw.get("type") == "basic":
        return {**raw, "type": "http", "scheme": "basic"}
    if raw.get("type") != "oauth2":
        return raw
    flow = as_text(raw.get("flow"))
    kept = {key: raw[key] for key in ("authorizationUrl", "tokenUrl", "scopes") if key in raw}
    return {**raw, "flows": {_FLOWS.get(flow, flow or "implicit"): kept}}
