"""Request bodies of an OpenAPI operation."""

from __future__ import annotations

from typing import Any

from products.importers.media import best, concrete, essence, format_of
from products.importers.openapi import extension
from products.importers.openapi.context import Context
from products.importers.openapi.examples import examples_of
from products.importers.samples import NOTHING, sample_of
from products.importers.shapes import as_description, as_dict, as_list, clean_name
from products.lib.actions import Body, BodyFormat

_BINARY = {"binary", "byte"}


def read_body(context: Context, raw: Any, place: str) -> Body | None:
    """The body of the best media type, the others named as alternatives; None without a body."""
    if raw is None:
        return None
    body = as_dict(context.refs.follow(raw, place))
    content = {clean_name(kind): as_dict(media) for kind, media in as_dict(body.get("content")).items()}
    if not content:
        return None
    chosen = best(content)
    media = content[chosen]
    schema = context.schemas.translate(media.get("schema"), f"{place}/content/{chosen}")
    kind = _format(context, chosen, schema)
    found = Body(
        format=kind,
        content_type="application/octet-stream" if kind == "binary" and "*" in chosen else concrete(chosen),
        required=body.get("required") is True,
        description=as_description(body.get("description")),
        schema=schema,
        sample=_sample(context, media, schema, place),
        alternatives=tuple(other for other in content if other != chosen),
        file_fields=_file_fields(context, schema, as_dict(media.get("encoding"))) if kind == "multipart" else (),
    )
    return extension.body(found, body)


def _format(context: Context, media_type: str, schema: dict[str, Any]) -> BodyFormat:
    if "*" in media_type and _is_file(context, schema):
        return "binary"
    return format_of(media_type)


def _sample(context: Context, media: dict[str, Any], schema: dict[str, Any], place: str) -> Any:
    for _, value in examples_of(context, media, place):
        return value
    value = sample_of(schema, context.schemas.resolved)
    return None if value is NOTHING else value


def _file_fields(context: Context, schema: dict[str, Any], encoding: dict[str, Any]) -> tuple[str, ...]:
    files = []
    for part in _parts(context, schema):
        for name, field in as_dict(part.get("properties")).items():
            kind = essence(clean_name(as_dict(encoding.get(name)).get("contentType")))
            if _is_file(context, as_dict(field)) or (kind and format_of(kind) == "binary"):
                files.append(name)
    return tuple(dict.fromkeys(files))


def _parts(context: Context, schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The schema and what it is combined of, one level deep."""
    whole = context.schemas.resolved(schema)
    combined = [part for key in ("allOf", "anyOf", "oneOf") for part in as_list(whole.get(key))]
    return [whole, *(context.schemas.resolved(as_dict(part)) for part in combined)]


def _is_file(context: Context, schema: dict[str, Any]) -> bool:
    found = context.schemas.resolved(schema)
    if found.get("type") == "array":
        found = context.schemas.resolved(as_dict(found.get("items")))
    media_type = found.get("contentMediaType")
    if isinstance(media_type, str) and "contentEncoding" not in found:
        return format_of(media_type) == "binary"
    return found.get("format") in _BINARY
