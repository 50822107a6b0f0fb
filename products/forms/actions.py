"""The form of an action: its call, its parameters as a table, its body, how it is tried."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from products.forms.fields import choices_field, lines_field, name_field, tag_field
from products.forms.placing import JsonField, PlacedForm, Rows, typed, value_text
from products.lib.action_checks import BODY_FORMATS
from products.lib.actions import INPUT_KEY
from products.lib.field_types import FIELD_TYPES
from products.lib.jsontypes import JsonError, parse_json
from products.lib.tries import LEAST_TRY_S, MAX_TRY_S, TIMEOUT_WORDS
from products.models import Action, App

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
COLUMNS = ("name", "place", "type", "required", "default", "description", "more")
HIDDEN = ("schema", "sample", "minimum", "maximum", "style", "explode", "enabled")  # kept, not edited in the table
BODY_LABELS = {
    "json": "JSON", "form": "Form, URL-encoded", "multipart": "Multipart", "xml": "XML", "text": "Text",
    "binary": "Binary", "graphql": "GraphQL",
}  # fmt: skip
_MONO = {"class": "input-mono", "spellcheck": "false", "autocapitalize": "off"}


class ActionSearchForm(forms.Form):
    """The bar over an app's actions."""

    q = forms.CharField(label="Name, tag or path", max_length=120, required=False)
    method = forms.ChoiceField(label="Method", choices=[("", "Any method"), *((m, m) for m in METHODS)], required=False)
    folder = forms.CharField(max_length=1000, required=False, widget=forms.HiddenInput)

    def chosen(self) -> dict[str, str]:
        """Filters as queries take them; what is wrong is left out."""
        self.is_valid()
        names = {"q": "search", "method": "method", "folder": "folder"}
        return {kept: self.cleaned_data.get(name, "") for name, kept in names.items()}


class ActionForm(PlacedForm):
    """An action; what the form does not show of an imported one is kept."""

    places = {
        "body/schema": "body_schema", "body/sample": "body_sample", "body/content_type": "content_type",
        "body/format": "body_format", "policy/retries": "retries", "policy/delay_s": "delay_s",
        "policy/backoff": "backoff", "policy/timeout_s": "timeout_s", "folder": "folder", "path": "path",
    }  # fmt: skip
    name = name_field(length=200)
    tag = tag_field(help_text="How calls name it; fixed afterwards.", required=False)
    method = forms.CharField(
        label="Method", max_length=20, initial="GET", widget=forms.TextInput(attrs={**_MONO, "list": "methods"})
    )
    path = forms.CharField(
        label="Path", max_length=2000, widget=forms.TextInput(attrs={**_MONO, "placeholder": "/orders/{id}"}),
        help_text="{name} marks a path parameter, {{name}} a variable of the connection.",
    )  # fmt: skip
    folder = forms.CharField(
        label="Folder", max_length=1000, required=False, widget=forms.TextInput(attrs={"list": "folders"}),
        help_text="Payments / Refunds; made if it is new.",
    )  # fmt: skip
    description = lines_field("Description", length=100_000, help_text="Markdown.")
    deprecated = forms.BooleanField(label="Deprecated", required=False)
    auths = choices_field("Auths", [], help_text="Any one of which will do. None ticked: the app's default.")
    anonymous = forms.BooleanField(label="Calls carry no authentication", required=False)
    has_body = forms.BooleanField(label="Has a body", required=False)
    body_format = forms.ChoiceField(
        label="Format", choices=[(f, BODY_LABELS[f]) for f in BODY_FORMATS], required=False, initial="json"
    )
    content_type = forms.CharField(
        label="Media type", max_length=200, required=False, widget=forms.TextInput(attrs=_MONO)
    )
    body_required = forms.BooleanField(label="A body is required", required=False)
    body_schema = JsonField(label="JSON Schema", help_text="Checks every input before it is sent.")
    body_sample = JsonField(label="Sample", help_text="What the console offers to begin with.")
    retries = forms.IntegerField(label="Retries", required=False, min_value=0, max_value=10)
    delay_s = forms.FloatField(label="First delay, seconds", required=False, min_value=0, max_value=3600)
    backoff = forms.FloatField(label="Backoff factor", required=False, min_value=1, max_value=10)
    timeout_s = forms.FloatField(
        label="Timeout", required=False, min_value=LEAST_TRY_S, max_value=MAX_TRY_S, help_text=TIMEOUT_WORDS
    )

    def __init__(self, *args: Any, app: App, row: Action | None = None, **options: Any) -> None:
        super().__init__(*args, **{**options, "initial": _initial(row) if row else {"folder": ""}})
        self.before: dict[str, Any] = row.spec if row else {}
        self.parameters = Rows("parameters", COLUMNS)
        self.rows = (self.parameters,)
        self.place_choices = tuple(INPUT_KEY)
        self.type_choices = tuple(FIELD_TYPES)
        auths = [(auth.tag, f"{auth.name} ({auth.tag})") for auth in app.auths.all()]
        self.fields["auths"].choices = auths  # type: ignore[attr-defined]
        if not auths:
            del self.fields["auths"]
        if row is not None:
            del self.fields["tag"]
        if self.is_bound:
            self.parameters.read(self.data)
        elif row is not None:
            self.parameters.show([_row(each) for each in row.spec["parameters"]])

    def payload(self) -> dict[str, Any]:
        """As the JSON of `ActionSpec` with its policy."""
        data = self.cleaned_data
        names = ("name", "tag", "method", "path", "folder", "description", "deprecated", "auths", "anonymous")
        made: dict[str, Any] = {name: data[name] for name in names if name in data}
        made["parameters"] = [_parameter(row) for row in self.parameters.filled]
        made["body"] = self._body() if data["has_body"] else None
        policy = ("retries", "delay_s", "backoff", "timeout_s")
        made["policy"] = {name: data[name] for name in policy if data[name] is not None}
        return made

    def _body(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            **(self.before.get("body") or {}),
            "format": data["body_format"] or "json",
            "content_type": data["content_type"],
            "required": data["body_required"],
            "schema": data["body_schema"] or {},
            "sample": data["body_sample"],
        }


def _parameter(row: dict[str, str]) -> dict[str, Any]:
    kept: Any = {}
    try:
        kept = parse_json(row["more"], max_bytes=200_000) if row["more"] else {}
    except JsonError:
        kept = {}
    return {
        **{key: value for key, value in (kept if isinstance(kept, dict) else {}).items() if key in HIDDEN},
        "name": row["name"],
        "place": row["place"],
        "type": row["type"],
        "required": row["required"] == "yes",
        "default": typed(row["default"], row["type"]),
        "description": row["description"],
    }


def _row(parameter: dict[str, Any]) -> dict[str, Any]:
    shown = {name: parameter.get(name, "") for name in ("name", "place", "type", "description")}
    return {
        **shown,
        "required": "yes" if parameter.get("required") else "no",
        "default": value_text(parameter.get("default")),
        "more": json.dumps({key: parameter[key] for key in HIDDEN if key in parameter}, ensure_ascii=False),
    }


def _initial(row: Action) -> dict[str, Any]:
    spec = row.spec
    body = spec.get("body") or {}
    return {
        **{
            name: spec.get(name)
            for name in ("name", "method", "path", "description", "deprecated", "auths", "anonymous")
        },
        **row.policy,
        "folder": row.folder.path if row.folder else "",
        "has_body": bool(body),
        "body_format": body.get("format", "json"),
        "content_type": body.get("content_type", ""),
        "body_required": body.get("required", False),
        "body_schema": json.dumps(body["schema"], indent=2, ensure_ascii=False) if body.get("schema") else "",
        "body_sample": _pretty(body.get("sample")),
    }


def _pretty(value: Any) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
