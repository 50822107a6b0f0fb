"""Declared fields of an object: `{"amount": {"type": "float", "required": true}}`, as parameters."""

from __future__ import annotations

import re

from products.lib.actions import Parameter
from products.lib.field_types import FIELD_TYPES, UnknownFieldType, field_schema, field_type
from products.lib.fields import Fields
from products.lib.json_schemas import schema_errors
from products.lib.jsontypes import JsonObject, escape_pointer

MAX_FIELDS = 300
_NAME = re.compile(r"[^{}\x00-\x1f\x7f]{1,128}")
_KEYS = ("type", "required", "description", "default", "sample", "minimum", "maximum", "schema", "enum")
_LIMIT = 1e15


def read_fields(fields: Fields, key: str, defs: JsonObject) -> tuple[Parameter, ...]:
    """The fields declared under `key`; a field that is not `required` may be left out and is null then."""
    declared = fields.object(key)
    if len(declared) > MAX_FIELDS:
        fields.wrong(key, f"At most {MAX_FIELDS} fields can be declared.", "too_long")
        return ()
    found = []
    for name, given in declared.items():
        pointer = f"{fields.pointer}/{key}/{escape_pointer(name)}"
        if not _NAME.fullmatch(name):
            fields.problems.add(pointer, "A name has 1 to 128 characters, none of them { or }.")
        elif isinstance(given, str):
            found.append(_field(Fields({"type": given}, fields.problems, pointer=pointer), name, defs))
        elif isinstance(given, dict):
            found.append(_field(Fields(given, fields.problems, pointer=pointer, known=_KEYS), name, defs))
        else:
            fields.problems.add(pointer, "This must be a type or an object with one.", "type")
    return tuple(found)


def _field(row: Fields, name: str, defs: JsonObject) -> Parameter:
    schema = row.object("schema")
    if isinstance(row.data.get("enum"), list):
        schema = {**(schema or FIELD_TYPES[_type(row)]), "enum": row.json("enum")}
    made = Parameter(
        name=name,
        place="query",
        type=_type(row),
        required=row.flag("required"),
        description=row.text("description", most=2_000),
        default=row.json("default"),
        sample=row.json("sample"),
        minimum=row.number("minimum", least=-_LIMIT, most=_LIMIT),
        maximum=row.number("maximum", least=-_LIMIT, most=_LIMIT),
        schema=schema,
    )
    if made.minimum is not None and made.maximum is not None and made.minimum > made.maximum:
        row.wrong("maximum", "This is below the minimum.", "range")
    elif made.default is not None:
        for error in schema_errors(field_schema(made), made.default, pointer="", defs=defs)[:1]:
            row.wrong("default", f"This is no value for the field itself: {error.detail}", "default")
    return made


def _type(row: Fields) -> str:
    try:
        return field_type(row.text("type", most=40) or "string")
    except UnknownFieldType as error:
        row.wrong("type", str(error), "not_allowed")
        return "string"
