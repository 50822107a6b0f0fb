"""The input fields that a feature declares, as rows of a table; what a row does not show of a field is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from products.forms.panels import Sent
from products.lib.field_types import FIELD_TYPES
from products.lib.jsontypes import Json, JsonObject

MOST = 300
COLUMNS = ("was", "name", "type", "required", "description")


@dataclass(frozen=True, slots=True)
class InputRow:
    """One declared field; an empty name takes it away."""

    name: str = ""
    type: str = "string"
    required: bool = False
    description: str = ""
    errors: tuple[str, ...] = ()


def input_rows(document: JsonObject, errors: Mapping[str, tuple[str, ...]]) -> list[InputRow]:
    """Those of a document, and an empty one for the next."""
    declared = document.get("input")
    pairs = list(declared.items())[:MOST] if isinstance(declared, dict) else []
    return [*(_row(name, given, errors.get(name, ())) for name, given in pairs), InputRow()]


def read_rows(document: JsonObject, sent: Sent) -> JsonObject | None:
    """The declared fields as submitted; None when the form did not show them, or shows them as they are."""
    if "r:name" not in sent:
        return None
    before = document.get("input")
    known = before if isinstance(before, dict) else {}
    columns = [list(sent.getlist(f"r:{column}"))[: MOST + 1] for column in COLUMNS]
    found: JsonObject = {}
    for was, name, kind, required, description in zip(*columns, strict=False):
        if name.strip():
            found[name.strip()] = _changed(known.get(was), kind, required == "yes", description.strip())
    return None if list(found.items()) == list(known.items()) else found


def type_choices() -> tuple[str, ...]:
    """The types a field may have."""
    return tuple(FIELD_TYPES)


def _row(name: str, given: Json, errors: tuple[str, ...]) -> InputRow:
    field = given if isinstance(given, dict) else {"type": given}
    kind, says = str(field.get("type") or "string"), str(field.get("description") or "")
    return InputRow(name, kind, field.get("required") is True, says, errors)


def _changed(given: Json, kind: str, required: bool, description: str) -> Json:
    """As it was, where the row says the same."""
    row = _row("", given, ())
    if given is not None and (row.type, row.required, row.description) == (kind, required, description):
        return given
    field = dict(given) if isinstance(given, dict) else {}
    field["type"] = kind
    for key, value in (("required", required), ("description", description)):
        field.pop(key, None)
        if value:
            field[key] = value
    return field
