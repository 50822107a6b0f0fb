"""Checks an action as people write it, and makes the definition that is stored."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs

from products.lib.actions import INPUT_KEY, ActionSpec, Body, Parameter
from products.lib.errors import FieldProblem
from products.lib.field_types import FIELD_TYPES, UnknownFieldType, field_schema, field_type
from products.lib.fields import Fields, Problems
from products.lib.json_schemas import PATTERNS, schema_errors
from products.lib.jsontypes import JsonObject
from products.lib.tags import TAG_PATTERN, slugify_tag
from products.lib.tries import LEAST_TRY_S, MAX_RETRIES, MAX_TRY_S

# RFC 9110 section 5.6.2: a method and a header name are tokens.
TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105
MAX_PATH = 2_000
MAX_PARAMETERS = 300
BODY_FORMATS = ("json", "form", "multipart", "xml", "text", "binary", "graphql")
SPEC_KEYS = tuple(ActionSpec.__slots__)
PARAMETER_KEYS = tuple(Parameter.__slots__)
BODY_KEYS = tuple(Body.__slots__)
_PATH = r"(/|\{\{)[^\s?#\\\x00-\x1f\x7f]*"
_PATH_NAME = re.compile(r"(?<!\{)\{([^{}/]{1,128})\}(?!\})")
_URL = r"(https?://|\{\{)[^\s\\\x00-\x1f\x7f]*"
_TAG_SAY = "Use lower-case letters, digits, - and _, starting with a letter or digit, at most 63."
_SAMPLE_BYTES = 512_000


def checked_action(data: JsonObject) -> tuple[ActionSpec, tuple[FieldProblem, ...]]:
    """The definition, and everything that is wrong with it; with no problem it may be stored."""
    problems = Problems()
    fields = Fields(data, problems, known=SPEC_KEYS)
    name = fields.text("name", most=200, required=True)
    path = fields.text("path", most=MAX_PATH, required=True, pattern=_PATH,
                       say="A path starts with / and has no spaces, ?, # or \\; queries are parameters.")  # fmt: skip
    defs = fields.object("defs")
    parameters = _parameters(fields, path, defs)
    spec = ActionSpec(
        tag=fields.text("tag", most=63, pattern=TAG_PATTERN.pattern, say=_TAG_SAY) or slugify_tag(name),
        name=name,
        method=_method(fields),
        path=path,
        folder=fields.texts("folder", most=20),
        description=fields.text("description", most=100_000),
        parameters=parameters,
        body=_body(fields, defs),
        auths=fields.texts("auths", most=20, longest=63),
        anonymous=fields.flag("anonymous"),
        base_url=fields.text("base_url", most=MAX_PATH, pattern=_URL, say="Start with http:// or https://."),
        deprecated=fields.flag("deprecated"),
        source_id=fields.text("source_id", most=300),
        scripts=fields.text("scripts", most=100_000),
        defs=defs,
    )
    return spec, tuple(problems.found)


def checked_policy(data: JsonObject) -> tuple[JsonObject, tuple[FieldProblem, ...]]:
    """How often and how long a call is tried: retries, delay_s, backoff (a factor), timeout_s; empty ones left out."""
    problems = Problems()
    fields = Fields(data, problems, pointer="/policy", known=("retries", "delay_s", "backoff", "timeout_s"))
    found = {
        "retries": fields.number("retries", least=0, most=MAX_RETRIES, whole=True),
        "delay_s": fields.number("delay_s", least=0, most=3_600),
        "backoff": fields.number("backoff", least=1, most=10),
        "timeout_s": fields.number("timeout_s", least=LEAST_TRY_S, most=MAX_TRY_S),
    }
    return {key: value for key, value in found.items() if value is not None}, tuple(problems.found)


def names_in_path(path: str) -> tuple[str, ...]:
    """The path parameters, `{name}`, in order; `{{variables}}` are not among them."""
    return tuple(dict.fromkeys(_PATH_NAME.findall(path)))


def schema_problem(schema: JsonObject, defs: JsonObject) -> str:
    """Why a JSON Schema cannot be used, "" when it can; nothing is ever fetched for it."""
    whole = {**schema, "$defs": {**defs, **schema.get("$defs", {})}} if defs else schema
    try:
        jsonschema_rs.Draft202012Validator(whole, offline=True, pattern_options=PATTERNS)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
        return f"This is not a usable JSON Schema: {str(error).splitlines()[0][:200]}"
    return ""


def _method(fields: Fields) -> str:
    method = fields.text("method", most=20, required=True, pattern=TOKEN, say="A method is one word, such as GET.")
    return method.upper() if method.islower() else method


def _parameters(fields: Fields, path: str, defs: JsonObject) -> tuple[Parameter, ...]:
    found: dict[tuple[str, str], Parameter] = {}
    named = names_in_path(path)
    for row in fields.rows("parameters", most=MAX_PARAMETERS, known=PARAMETER_KEYS):
        parameter = _parameter(row, defs)
        key = (parameter.place, parameter.name.lower() if parameter.place == "header" else parameter.name)
        if key in found:
            row.wrong("name", f"There are two parameters “{parameter.name[:60]}” in the same place.", "taken")
        if parameter.place == "path" and parameter.name and parameter.name not in named:
            row.wrong("name", f"The path has no {{{parameter.name[:60]}}}.")
        found[key] = parameter
    for name in named:  # a placeholder nobody described is a required text
        found.setdefault(("path", name), Parameter(name=name, place="path", required=True))
    return tuple(found.values())


def _parameter(row: Fields, defs: JsonObject) -> Parameter:
    place: Any = row.choice("place", tuple(INPUT_KEY), "query")
    pattern = TOKEN if place in {"header", "cookie"} else r"[^\x00-\x1f\x7f]+"
    low, high = (row.number(key, least=-1e15, most=1e15) for key in ("minimum", "maximum"))
    if low is not None and high is not None and low > high:
        row.wrong("maximum", "The maximum is below the minimum.")
    schema = row.object("schema")
    problem = schema_problem(schema, defs) if schema else ""
    if problem:
        row.wrong("schema", problem)
    parameter = Parameter(
        name=row.text("name", most=200, required=True, pattern=pattern, say="This cannot be the name of a parameter."),
        place=place,
        type=_type(row),
        required=row.flag("required") or place == "path",
        description=row.text("description", most=20_000),
        default=row.json("default", max_bytes=20_000),
        sample=row.json("sample", max_bytes=20_000),
        minimum=low,
        maximum=high,
        schema={} if problem else schema,
        style=row.text("style", most=40),
        explode=None if row.data.get("explode") is None else row.flag("explode"),
        enabled=row.flag("enabled", default=True),
    )
    _check_default(row, parameter, defs)
    return parameter


def _type(row: Fields) -> str:
    text = row.text("type", most=40) or "string"
    try:
        return field_type(text)
    except UnknownFieldType:
        row.wrong("type", f"This must be one of: {', '.join(FIELD_TYPES)}.", "not_allowed")
        return "string"


def _check_default(row: Fields, parameter: Parameter, defs: JsonObject) -> None:
    default = parameter.default
    if default is None or (isinstance(default, str) and "{{" in default):
        return
    for error in schema_errors(field_schema(parameter), default, pointer="", defs=defs)[:1]:
        row.wrong("default", error.detail, error.code)


def _body(fields: Fields, defs: JsonObject) -> Body | None:
    data = fields.data.get("body")
    if data is None:
        return None
    if not isinstance(data, dict):
        fields.wrong("body", "This must be an object.", "type")
        return None
    row = Fields(data, fields.problems, pointer=f"{fields.pointer}/body", known=BODY_KEYS)
    format_: Any = row.choice("format", BODY_FORMATS, "json")
    schema = row.object("schema")
    problem = schema_problem(schema, defs) if schema else ""
    if problem:
        row.wrong("schema", problem)
    return Body(
        format=format_,
        content_type=row.text("content_type", most=200, pattern=r"[\x20-\x7e]+", say="This is not a media type.")
        or _CONTENT_TYPES[format_],
        required=row.flag("required"),
        description=row.text("description", most=20_000),
        schema={} if problem else schema,
        sample=row.json("sample", max_bytes=_SAMPLE_BYTES),
        alternatives=row.texts("alternatives", most=20),
        file_fields=row.texts("file_fields", most=50),
    )


_CONTENT_TYPES = {
    "json": "application/json", "form": "application/x-www-form-urlencoded", "multipart": "multipart/form-data",
    "xml": "application/xml", "text": "text/plain", "binary": "application/octet-stream",
    "graphql": "application/json",
}  # fmt: skip
