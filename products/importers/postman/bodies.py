"""Postman's request bodies. A file a body names is never read: whoever runs the action supplies it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from products.importers.media import DEFAULT_TYPES, format_of
from products.importers.postman.rows import Row, read_rows
from products.importers.report import Report
from products.importers.samples import schema_of
from products.importers.secrets import holds_secret
from products.importers.shapes import as_dict, as_text
from products.lib.actions import Body, BodyFormat
from products.lib.documents import DocumentError
from products.lib.json_documents import read_json

_LONGEST = 500_000
_LANGUAGES: dict[str, BodyFormat] = {"json": "json", "xml": "xml", "text": "text", "html": "text", "javascript": "text"}


def read_body(raw: Any, content_type: str, *, report: Report, place: str) -> Body | None:
    """The body of a request whose headers say `content_type`; None without one."""
    if isinstance(raw, str):
        raw = {"mode": "raw", "raw": raw}
    body = as_dict(raw)
    mode = as_text(body.get("mode")).lower() or next((mode for mode in _MODES if body.get(mode)), "")
    if not mode or mode == "none":
        return None
    if body.get("disabled") is True:
        report.skipped("disabled-body", place, "The body is switched off in the collection and was left out.")
        return None
    reader = _MODES.get(mode)
    if reader is None:
        report.skipped("bad-body", place, f"The body mode “{mode[:40]}” is unknown; the body was left out.")
        return None
    return reader(body, content_type, report, place)


def _raw(body: dict[str, Any], content_type: str, report: Report, place: str) -> Body | None:
    value = body.get("raw")
    text = value if isinstance(value, str) else json.dumps(value) if value is not None else ""
    if not text.strip():
        return None
    if len(text) > _LONGEST:
        report.changed("sample-cut", place, "The sample body is very long and was cut.")
        text = text[:_LONGEST]
    kind = _raw_format(body, content_type, text)
    kept_type = content_type or DEFAULT_TYPES[kind]
    if kind == "form":
        return _rows_body(read_rows(text, separator="=", between="&"), "form", kept_type, report=report, place=place)
    if kind != "json":
        return Body(kind, kept_type, sample=text)
    sample = _json_sample(text, report, place)
    return Body(kind, kept_type, schema={} if isinstance(sample, str) else schema_of(sample), sample=sample)


def _raw_format(body: dict[str, Any], content_type: str, text: str) -> BodyFormat:
    if content_type and "{{" not in content_type:
        return format_of(content_type)
    language = as_text(as_dict(as_dict(body.get("options")).get("raw")).get("language")).lower()
    if language in _LANGUAGES and language != "text":
        return _LANGUAGES[language]
    start = text.lstrip()[:1]
    if start in {"{", "["} and not text.lstrip().startswith("{{"):
        return "json"
    return "xml" if start == "<" else "text"


def _json_sample(text: str, report: Report, place: str) -> Any:
    try:
        return _masked(read_json(text)[0], report, place)
    except DocumentError:
        message = "The JSON body has comments, templates or mistakes; it was kept as text."
        report.changed("body-as-text", place, message)
        return text


def _masked(value: Any, report: Report, place: str) -> Any:
    """The sample without literal secrets at its top level, where they are found in practice."""
    if not isinstance(value, dict):
        return value
    secrets = [key for key, each in value.items() if holds_secret(key, each)]
    for key in secrets:
        report.secret(place, f"The value of “{key[:80]}”", value[key])
    return {key: "" if key in secrets else each for key, each in value.items()}


def _urlencoded(body: dict[str, Any], content_type: str, report: Report, place: str) -> Body | None:
    rows = read_rows(body.get("urlencoded"), separator="=", between="&")
    return _rows_body(rows, "form", content_type or DEFAULT_TYPES["form"], report=report, place=place)


def _formdata(body: dict[str, Any], content_type: str, report: Report, place: str) -> Body | None:
    rows = read_rows(body.get("formdata"), separator="=", between="&")
    return _rows_body(rows, "multipart", DEFAULT_TYPES["multipart"], report=report, place=place)


def _rows_body(rows: list[Row], kind: BodyFormat, content_type: str, *, report: Report, place: str) -> Body | None:
    if not rows:
        return None
    properties: dict[str, Any] = {}
    sample: dict[str, Any] = {}
    files = tuple(dict.fromkeys(row.key for row in rows if row.type == "file"))
    for row in rows:
        if row.key in properties and row.key not in files:
            properties[row.key] = _several(properties[row.key])
            sample[row.key] = [*_as_list(sample.get(row.key, [])), row.value]
            continue
        properties[row.key] = _property(row)
        if row.enabled and row.type != "file":
            sample[row.key] = row.value
    if files:
        report.changed("file-not-read", place, "Files that the body names are not read; give them when running.")
    return Body(
        format=kind,
        content_type=content_type,
        schema={"type": "object", "properties": properties},
        sample=_masked(sample, report, place) or None,
        file_fields=files,
    )


def _property(row: Row) -> dict[str, Any]:
    words = {"description": row.description} if row.description else {}
    if row.type == "file":
        return {"type": "string", "format": "binary", **words}
    note = {} if row.enabled else {"deprecated": True}
    return {"type": "string", **words, **note, **({"contentMediaType": row.content_type} if row.content_type else {})}


def _several(schema: dict[str, Any]) -> dict[str, Any]:
    return schema if schema.get("type") == "array" else {"type": "array", "items": schema}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _file(body: dict[str, Any], content_type: str, report: Report, place: str) -> Body | None:
    report.changed("file-not-read", place, "The file that the body names is not read; give it when running.")
    return Body("binary", content_type or DEFAULT_TYPES["binary"])


def _graphql(body: dict[str, Any], content_type: str, report: Report, place: str) -> Body | None:
    raw = body.get("graphql")
    told = as_dict(raw)
    query = as_text(told.get("query")) or as_text(raw)
    variables = told.get("variables")
    if isinstance(variables, str):
        variables = _json_sample(variables, report, place) if variables.strip() else {}
    shape = schema_of(variables) if isinstance(variables, dict) else {}
    properties = {
        "query": {"type": "string", "default": query},
        "variables": shape,
        "operationName": {"type": "string"},
    }
    sample = {"query": query, "variables": variables if variables is not None else {}}
    if as_text(told.get("operationName")):
        sample["operationName"] = as_text(told.get("operationName"))
    schema = {"type": "object", "properties": properties}
    return Body("graphql", content_type or DEFAULT_TYPES["graphql"], schema=schema, sample=sample)


_MODES: dict[str, Callable[[dict[str, Any], str, Report, str], Body | None]] = {
    "raw": _raw,
    "urlencoded": _urlencoded,
    "formdata": _formdata,
    "graphql": _graphql,
    "file": _file,
    "binary": _file,
}
