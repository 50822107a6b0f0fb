"""A form made from declared fields: the input of a feature, or what a signal carries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms

from products.lib.actions import Parameter
from products.lib.errors import FieldProblem
from products.lib.field_types import field_type, from_text
from products.lib.jsontypes import Json, JsonError, JsonObject, parse_json
from products.lib.limit_words import NUMBERS, limit_words
from products.lib.redaction import MASK

PREFIX = "in:"
MAX_TEXT = 1_000_000
CHOICES_MOST = 500
UNSET = [("", "—"), ("true", "true"), ("false", "false")]


class ParameterForm(forms.Form):
    """Fields are named `in:amount`. What was left empty is not given, so that defaults hold."""

    def __init__(self, declared: Sequence[Parameter], *args: Any, given: Json = None, **options: Any) -> None:
        options.setdefault("auto_id", "in_%s")
        options.setdefault("use_required_attribute", False)  # the answer of the server says it better, and in place
        super().__init__(*args, **options)
        self.declared = declared
        known: Mapping[str, Json] = given if isinstance(given, dict) else {}
        for parameter in declared:
            self.fields[PREFIX + parameter.name] = _field(parameter, known)

    def inputs(self) -> list[forms.BoundField]:
        """The declared fields, without what a subclass adds."""
        return [self[PREFIX + one.name] for one in self.declared]

    def values(self) -> JsonObject:
        """The object that was given. Call it after `is_valid`."""
        texts = [(one, self.cleaned_data.get(PREFIX + one.name, "")) for one in self.declared]
        return {one.name: value_of(one, text) for one, text in texts if text != ""}

    def add_problems(self, problems: Iterable[FieldProblem], *, below: str) -> None:
        """Puts what a service refused beside the fields it names; `below`: `/input` or `/payload`."""
        for problem in problems:
            parts = [part.replace("~1", "/").replace("~0", "~") for part in problem.pointer.split("/")[1:]]
            inside = parts[1:] if parts[:1] == [below.strip("/")] else parts
            name = PREFIX + inside[0] if inside else ""
            place = ".".join(inside[1:] if name in self.fields else inside)
            self.add_error(
                name if name in self.fields else None, f"{place}: {problem.detail}" if place else problem.detail
            )


def _field(parameter: Parameter, known: Mapping[str, Json]) -> forms.Field:
    start = known.get(parameter.name, parameter.default)
    common: dict[str, Any] = {
        "label": parameter.name,
        "required": False if parameter.default is not None else parameter.required,
        "help_text": parameter.description[:500] or limit_words(parameter),
        "initial": "" if start is None or start == MASK else _text(start),
    }
    choices = parameter.schema.get("enum")
    if isinstance(choices, list) and 0 < len(choices) <= CHOICES_MOST:
        return forms.ChoiceField(choices=[("", "—"), *((_text(c), _text(c)) for c in choices)], **common)
    if field_type(parameter.type) == "boolean":
        return forms.ChoiceField(choices=UNSET, **common)
    if _is_json(parameter):
        shown = parameter.sample if start is None and parameter.required else start
        common["initial"] = "" if shown is None else json.dumps(shown, indent=2, ensure_ascii=False)
        area = forms.Textarea(attrs={"rows": 4, "data-editor": "json", "class": "input-mono", "spellcheck": "false"})
        return forms.CharField(max_length=MAX_TEXT, strip=False, widget=area, **common)
    sample = _text(parameter.sample) if parameter.sample is not None else parameter.type
    attrs = {"placeholder": sample[:100], "class": "input-mono", "autocomplete": "off"}
    if field_type(parameter.type) in NUMBERS:
        attrs["inputmode"] = "decimal"
    return forms.CharField(max_length=MAX_TEXT, strip=False, widget=forms.TextInput(attrs=attrs), **common)


def _is_json(parameter: Parameter) -> bool:
    kind = field_type(parameter.type)
    return kind.startswith("array") or kind == "object"


def value_of(parameter: Parameter, text: str) -> Json:
    """As its type means it; what does not fit travels as text, and is refused in words where it is checked."""
    if "enum" in parameter.schema:
        return next((one for one in parameter.schema["enum"] if _text(one) == text), text)
    kind = field_type(parameter.type)
    if kind in NUMBERS or kind == "boolean":
        return from_text(text.strip())
    if not _is_json(parameter):
        return text
    try:
        return parse_json(text, max_bytes=MAX_TEXT)
    except JsonError:
        parts = [part.strip() for part in text.split(",")]
        plain = {"array-string", "array-uuid", "array"}
        return (parts if kind in plain else from_text(parts)) if kind.startswith("array") else text


def shown_text(parameter: Parameter, value: Json) -> str:
    """How a value stands in its field; nothing, and what is masked, as nothing."""
    if value is None or value == MASK:
        return ""
    return json.dumps(value, indent=2, ensure_ascii=False) if _is_json(parameter) else _text(value)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def json_field(
    label: str, *, value: Json = None, required: bool = False, rows: int = 12, **options: Any
) -> forms.Field:
    """A JSON value in the editor, shown indented."""
    attrs = {"rows": rows, "data-editor": "json", "class": "input-mono", "spellcheck": "false"}
    initial = "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
    return forms.CharField(
        label=label, initial=initial, required=required, strip=False, max_length=MAX_TEXT,
        widget=forms.Textarea(attrs=attrs), **options,
    )  # fmt: skip


def parsed(text: str) -> Json:
    """What the editor holds; nothing is null. Raises ValidationError."""
    if not text.strip():
        return None
    try:
        return parse_json(text, max_bytes=MAX_TEXT)
    except JsonError as error:
        raise forms.ValidationError(f"This is not JSON: {error}") from error


def masked_at(value: Json, pointer: str = "") -> str:
    """The place of a masked value within, "" when there is none: what is masked here is not what was given."""
    todo: list[tuple[str, Json]] = [(pointer or "/", value)]
    while todo:
        place, one = todo.pop()
        if isinstance(one, str) and MASK in one:
            return place
        inner = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        todo += [(f"{place.rstrip('/')}/{key}", item) for key, item in inner]
    return ""
