"""The form of an action's console, made from the action's own schema."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable
from typing import Any

from django import forms

from processors.forms.body_files import PREFIX, chosen_files, file_fields
from processors.forms.feature_run import MASKED
from processors.forms.parameters import masked_at
from products.lib.actions import INPUT_KEY, ActionSpec, Body, Parameter
from products.lib.errors import FieldProblem
from products.lib.jsontypes import JsonError, parse_json
from products.lib.tries import LEAST_TRY_S, MAX_TRY_S, TIMEOUT_WORDS

TITLES = {"params": "Path", "query": "Query", "headers": "Headers", "cookies": "Cookies"}
MAX_TEXT = 100_000
MAX_BODY = 5 * 1024 * 1024
UNSET = [("", "—"), ("true", "true"), ("false", "false")]


class ConsoleForm(forms.Form):
    """Fields are named `query:limit`, as flat input names them; the body is one field."""

    def __init__(self, spec: ActionSpec, *args: Any, **options: Any) -> None:
        options.setdefault("auto_id", "in_%s")
        options.setdefault("use_required_attribute", False)  # the answer of the server says it better, and in place
        super().__init__(*args, **options)
        self.spec = spec
        for parameter in spec.parameters:
            self.fields[_name(parameter)] = _field(parameter)
        if spec.body is not None:
            files = file_fields(spec.body, spec.defs)
            self.fields["body"] = _body_field(spec.body, beside=[name.removeprefix(PREFIX) for name in files])
            self.fields.update(files)
        self.fields["retries"] = forms.IntegerField(
            label="Retries", required=False, min_value=0, max_value=10, help_text="How often to try again."
        )
        self.fields["timeout"] = forms.FloatField(
            label="Timeout", required=False, min_value=LEAST_TRY_S, max_value=MAX_TRY_S, help_text=TIMEOUT_WORDS
        )
        self.fields["idempotency_key"] = forms.CharField(
            label="Idempotency key", required=False, max_length=200, help_text="The same key gives the first run again."
        )

    def groups(self) -> list[dict[str, Any]]:
        """The parameters by place, as the template lists them."""
        return [
            {"title": title, "fields": [self[_name(p)] for p in self.spec.parameters if INPUT_KEY[p.place] == key]}
            for key, title in TITLES.items()
            if any(INPUT_KEY[p.place] == key for p in self.spec.parameters)
        ]

    def body_files(self) -> list[forms.BoundField]:
        """Fields for the files of a multipart body."""
        return [self[name] for name in self.fields if name.startswith(PREFIX)]

    def structured(self) -> dict[str, Any]:
        """The input as `start_run` takes it; what was left empty is not given. Call it after `is_valid`."""
        given: dict[str, Any] = {}
        for parameter in self.spec.parameters:
            text = self.cleaned_data.get(_name(parameter), "")
            if text != "":
                given.setdefault(INPUT_KEY[parameter.place], {})[parameter.name] = _value(parameter, text)
        body = self.cleaned_data.get("body")
        if body not in (None, ""):
            given["body"] = body
        return given

    def clean(self) -> dict[str, Any]:
        """The files that were chosen become fields of the body."""
        data = super().clean() or {}
        for name in map(_name, self.spec.parameters):
            if masked_at(data.get(name)):
                self.add_error(name, MASKED.format(place=name.partition(":")[2]))
        files, body = chosen_files(data), data.get("body")
        if files and body is not None and not isinstance(body, dict):
            self.add_error("body", "This must be an object where files are sent beside it.")
        elif files and "body" not in self.errors:
            data["body"] = {**(body or {}), **files}
        return data

    def clean_body(self) -> Any:
        """The body as its format means it."""
        body = self.spec.body
        raw = self.cleaned_data.get("body")
        if body is None or raw in (None, ""):
            return None
        if body.format == "binary":
            return {"content_base64": base64.b64encode(raw.read()).decode(), "filename": raw.name}
        if body.format in {"text", "xml"}:
            return raw
        try:
            value = parse_json(str(raw), max_bytes=MAX_BODY)
        except JsonError as error:
            raise forms.ValidationError(f"This is not JSON: {error}") from error
        if place := masked_at(value):
            raise forms.ValidationError(MASKED.format(place=place))
        return value

    def add_problems(self, problems: Iterable[FieldProblem]) -> None:
        """Puts what the service refused beside the fields it names."""
        for problem in problems:
            self.add_error(self._field_of(problem.pointer), _worded(problem, self._field_of(problem.pointer)))

    def _field_of(self, pointer: str) -> str | None:
        parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        if parts[:1] == ["input"]:
            parts = parts[1:]
        for place in (parts[:1], ["file"] if parts[:1] == ["body"] else []):
            if place and len(parts) > 1 and f"{place[0]}:{parts[1]}" in self.fields:
                return f"{place[0]}:{parts[1]}"
        return parts[0] if parts and parts[0] in self.fields else None


def _worded(problem: FieldProblem, field: str | None) -> str:
    inner = problem.pointer.removeprefix("/input").removeprefix("/body")
    return f"{inner.lstrip('/').replace('/', '.')}: {problem.detail}" if field == "body" and inner else problem.detail


def _name(parameter: Parameter) -> str:
    return f"{INPUT_KEY[parameter.place]}:{parameter.name}"


def _field(parameter: Parameter) -> forms.Field:
    common: dict[str, Any] = {
        "label": parameter.name,
        "required": parameter.required and parameter.enabled,
        "help_text": parameter.description[:500],
        "initial": _text(parameter.default) if parameter.default is not None else "",
    }
    choices = parameter.schema.get("enum")
    if isinstance(choices, list) and 0 < len(choices) <= 500:
        return forms.ChoiceField(choices=[("", "—"), *((_text(c), _text(c)) for c in choices)], **common)
    if parameter.type == "boolean":
        return forms.ChoiceField(choices=UNSET, **common)
    placeholder = _text(parameter.sample) if parameter.sample is not None else parameter.type
    widget = forms.TextInput(attrs={"placeholder": placeholder[:100], "class": "input-mono", "autocomplete": "off"})
    return forms.CharField(max_length=MAX_TEXT, strip=False, widget=widget, **common)


def _body_field(body: Body, *, beside: Collection[str] = ()) -> forms.Field:
    """`beside`: names of the body's fields that have fields of their own."""
    if body.format == "binary":
        return forms.FileField(label="Body", required=body.required, help_text=body.content_type)
    sample = body.sample
    if beside and isinstance(sample, dict):
        sample = {name: value for name, value in sample.items() if name not in beside}
    common: dict[str, Any] = {
        "label": "Body",
        "required": body.required and not beside,
        "help_text": body.content_type,
        "max_length": MAX_BODY,
    }
    if body.format in {"text", "xml"}:
        widget = forms.Textarea(attrs={"rows": 10, "class": "input-mono", "spellcheck": "false"})
        return forms.CharField(
            widget=widget, initial=_text(sample) if sample is not None else "", strip=False, **common
        )
    shown = (
        sample
        if isinstance(sample, str)
        else json.dumps({} if sample is None else sample, indent=2, ensure_ascii=False)
    )
    widget = forms.Textarea(attrs={"rows": 12, "data-editor": "json", "class": "input-mono", "spellcheck": "false"})
    return forms.CharField(widget=widget, initial=shown, strip=False, **common)


def _value(parameter: Parameter, text: str) -> Any:
    """Lists and objects are written as JSON, a list also as `a, b`; everything else travels as text."""
    if not (parameter.type.startswith("array") or parameter.type == "object"):
        return text
    try:
        return parse_json(text, max_bytes=MAX_TEXT)
    except JsonError:
        return [part.strip() for part in text.split(",")] if parameter.type.startswith("array") else text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
