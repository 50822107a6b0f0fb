"""Forms of apps and of their parts."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from products.forms.fields import choices_field, lines_field, name_field, tag_field
from products.forms.placing import JsonField, PlacedForm, Rows, typed, value_text
from products.lib.auth_checks import KINDS, PLACES
from products.lib.field_types import FIELD_TYPES
from products.lib.periods import PERIODS
from products.models import App, AppAuth, AppConstant, AppEnvironment, AppVariable, Category, RequestFormat

TYPES = [(name, name) for name in FIELD_TYPES]
KIND_LABELS = {
    "bearer": "Bearer token",
    "api_key": "API key",
    "basic": "User name and password",
    "token": "Values placed in headers, query or body",
    "credential": "Log in with an action, keep the token",
    "oauth2": "OAuth 2 access token",
}
_MONO = {"class": "input-mono", "spellcheck": "false", "autocapitalize": "off"}


class AppSearchForm(forms.Form):
    """The bar over lists of apps."""

    q = forms.CharField(label="Name, tag or description", max_length=120, required=False)
    category = forms.ChoiceField(label="Category", choices=[("", "All categories"), *Category.choices], required=False)

    def chosen(self) -> dict[str, str]:
        """Filters as queries take them; what is wrong is left out."""
        self.is_valid()
        return {"search": self.cleaned_data.get("q", ""), "category": self.cleaned_data.get("category", "")}


class AppForm(PlacedForm):
    """A new app."""

    name = name_field(length=200)
    tag = tag_field(help_text="Stands in addresses and calls; fixed afterwards.", required=False)
    category = forms.ChoiceField(label="Category", choices=Category.choices, initial=Category.OTHER)
    description = lines_field("Description", length=200_000, help_text="Markdown.")


class AppChangeForm(PlacedForm):
    """What may change about an app."""

    name = name_field(length=200)
    category = forms.ChoiceField(label="Category", choices=Category.choices)
    description = lines_field("Description", length=200_000, rows=8, help_text="Markdown.")
    default_auths = choices_field("Default auths", [], help_text="Of actions that name none.")

    def __init__(self, *args: Any, app: App, **options: Any) -> None:
        names = ("name", "category", "description", "default_auths")
        super().__init__(*args, **{**options, "initial": {name: getattr(app, name) for name in names}})
        tags = [(auth.tag, f"{auth.name} ({auth.tag})") for auth in app.auths.all()]
        self.fields["default_auths"].choices = tags  # type: ignore[attr-defined]
        if not tags:
            del self.fields["default_auths"]


class PublishForm(PlacedForm):
    """Where on the marketplace."""

    category = forms.ChoiceField(label="Category", choices=Category.choices)


class EnvironmentForm(PlacedForm):
    """Where an app's API is."""

    name = name_field(length=200)
    slug = tag_field("Slug", help_text="Such as sandbox or production; fixed afterwards.", required=False)
    base_url = forms.CharField(
        label="Base URL",
        max_length=2000,
        required=False,
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "https://api.example.com/v1"}),
        help_text="May contain {{variables}}.",
    )
    request_format = forms.ChoiceField(
        label="Request format", choices=RequestFormat.choices, help_text="Of actions that do not say their own."
    )

    def __init__(self, *args: Any, row: AppEnvironment | None = None, **options: Any) -> None:
        names = ("name", "base_url", "request_format")
        super().__init__(*args, **{**options, "initial": {n: getattr(row, n) for n in names} if row else {}})
        if row is not None:
            del self.fields["slug"]


class VariableForm(PlacedForm):
    """A value that whoever connects the app supplies."""

    key = forms.CharField(
        label="Key", max_length=120, widget=forms.TextInput(attrs=_MONO), help_text="Used as {{key}}."
    )
    type = forms.ChoiceField(label="Type", choices=TYPES)
    default = forms.CharField(
        label="Default", required=False, max_length=64_000, widget=forms.TextInput(attrs=_MONO), strip=False
    )
    description = lines_field("Description", length=4000, rows=2)
    required = forms.BooleanField(label="Every connection must give a value", required=False)
    secret = forms.BooleanField(label="Secret: sealed when it is saved, never shown again, no default", required=False)

    def __init__(self, *args: Any, row: AppVariable | None = None, **options: Any) -> None:
        super().__init__(*args, **{**options, "initial": _initial(row, "default") if row else {}})
        if row is not None:
            del self.fields["key"]

    def payload(self) -> dict[str, Any]:
        """With the default in its own type."""
        data = self.cleaned_data
        return {**data, "default": typed(data["default"], data["type"])}


class ConstantForm(PlacedForm):
    """A value fixed by the app."""

    key = forms.CharField(
        label="Key", max_length=120, widget=forms.TextInput(attrs=_MONO), help_text="Used as {{key}}."
    )
    type = forms.ChoiceField(label="Type", choices=TYPES)
    value = forms.CharField(
        label="Value",
        max_length=64_000,
        widget=forms.TextInput(attrs=_MONO),
        strip=False,
        help_text="Visible to everyone who connects the app.",
    )
    description = lines_field("Description", length=4000, rows=2)

    def __init__(self, *args: Any, row: AppConstant | None = None, **options: Any) -> None:
        super().__init__(*args, **{**options, "initial": _initial(row, "value") if row else {}})
        if row is not None:
            del self.fields["key"]

    def payload(self) -> dict[str, Any]:
        """With the value in its own type."""
        data = self.cleaned_data
        return {**data, "value": typed(data["value"], data["type"])}


class AuthForm(PlacedForm):
    """One way to authenticate; its rows are placements and fields."""

    places = {
        "login/action": "login_action", "login/input": "login_input", "login/token_path": "token_path",
        "login/expires_in": "expires_in", "login/period": "period", "login": "login_action",
        "placements": "kind", "fields": "kind",
    }  # fmt: skip
    name = name_field(length=200)
    tag = tag_field(help_text="Fixed afterwards.", required=False)
    kind = forms.ChoiceField(label="Kind", choices=[(kind, KIND_LABELS[kind]) for kind in KIND_LABELS])
    description = lines_field("Description", length=20_000, rows=2)
    login_action = forms.CharField(
        label="Action that logs in", max_length=63, required=False, widget=forms.TextInput(attrs=_MONO),
        help_text="The tag of one of this app's actions.",
    )  # fmt: skip
    login_input = JsonField(
        label="Its input",
        help_text='May name credentials: {"body": {"user": "{{username}}", "password": "{{password}}"}}',
    )
    token_path = forms.CharField(
        label="Where the token is in the answer", max_length=200, required=False, initial="token",
        widget=forms.TextInput(attrs=_MONO), help_text="Such as data.access_token; it is then offered as {{token}}.",
    )  # fmt: skip
    expires_in = forms.FloatField(label="The token lives for", required=False, min_value=0.001, initial=1)
    period = forms.ChoiceField(label="Period", choices=[(p, p) for p in PERIODS], initial="hours", required=False)

    def __init__(self, *args: Any, row: AppAuth | None = None, **options: Any) -> None:
        super().__init__(*args, **{**options, "initial": _auth_initial(row.spec) if row else {}})
        self.placements = Rows("placements", ("key", "place", "value"), most=30)
        self.credential_rows = Rows("fields", ("key", "label", "secret", "required"), most=30)
        self.rows = (self.placements, self.credential_rows)
        if row is not None:
            del self.fields["tag"]
        if self.is_bound:
            for table in self.rows:
                table.read(self.data)
        elif row is not None:
            self.placements.show(row.spec["placements"])
            self.credential_rows.show(row.spec["fields"])
        self.place_choices = PLACES

    def payload(self) -> dict[str, Any]:
        """As the JSON of `AuthSpec`."""
        data = self.cleaned_data
        made: dict[str, Any] = {key: data[key] for key in ("name", "tag", "kind", "description") if key in data}
        made["placements"] = self.placements.filled
        made["fields"] = [
            {**row, **{flag: row[flag] != "no" for flag in ("secret", "required")}}
            for row in self.credential_rows.filled
        ]
        made["login"] = None
        if data["kind"] == "credential":
            expires = data["expires_in"] or 1
            made["login"] = {
                "action": data["login_action"], "input": data["login_input"] or {}, "token_path": data["token_path"],
                "expires_in": expires, "period": data["period"] or "hours",
            }  # fmt: skip
        return made


def _auth_initial(spec: dict[str, Any]) -> dict[str, Any]:
    login = spec.get("login") or {}
    found = {key: spec.get(key) for key in ("name", "kind", "description")}
    if login:
        found |= {"login_action": login["action"], "login_input": json.dumps(login["input"], indent=2)}
        found |= {key: login[key] for key in ("token_path", "expires_in", "period")}
    return found


def _initial(row: AppVariable | AppConstant, value: str) -> dict[str, Any]:
    plain = getattr(row, value)
    names = ("type", "description", "required", "secret")
    return {**{name: getattr(row, name) for name in names if hasattr(row, name)}, value: value_text(plain)}


assert set(KIND_LABELS) == set(KINDS)  # noqa: S101 - a kind without a label would be missing in the form
