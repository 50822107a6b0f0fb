"""Forms of connections: which app under which tag, and for each environment where it leads and with which values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.utils import ErrorDict

from products.forms.fields import name_field, tag_field
from products.forms.placing import PlacedForm, typed, value_text
from products.lib import requirements
from products.lib.actions import auth_from_json
from products.lib.errors import FieldProblem, Invalid
from products.lib.redaction import MASK
from products.models import App, Colour
from products.queries.connections import EnvironmentView, ValueView

_MONO = {"class": "input-mono", "spellcheck": "false", "autocomplete": "off", "list": "secret-names"}
MAX_VALUE = 64_000


class ConnectForm(PlacedForm):
    """Under which name and access tag."""

    name = name_field(length=200)
    tag = tag_field("Access tag", help_text="How calls name this connection; fixed afterwards.")


class RenameForm(PlacedForm):
    """Another name."""

    name = name_field(length=200)


class WantedChoice(forms.ChoiceField):
    """Marked as needed, and still saved without: what is missing is said on the page."""

    def validate(self, value: Any) -> None:
        """Refuses only what is not among the choices."""
        if value:
            super().validate(value)


class WantedText(forms.CharField):
    """Marked as needed, and still saved without."""

    def validate(self, value: Any) -> None:
        """Takes an empty text too."""


class MappingForm(PlacedForm):
    """One environment of a product: app environment, auth, a field for each variable and credential.

    `view` is what is there already; `app` must have its environments, auths and variables at hand.
    """

    use_required_attribute = False  # an environment may be left for later
    app_environment = WantedChoice(label="App environment")
    auth = forms.ChoiceField(label="Authenticate with", required=False)

    def __init__(self, *args: Any, app: App, slug: str, view: EnvironmentView | None = None, **options: Any) -> None:
        mapped = view if view is not None and view.mapped is not None else None
        initial = {
            "app_environment": mapped.app_environment.slug if mapped and mapped.app_environment else "",
            "auth": mapped.auth.tag if mapped and mapped.auth else "",
        }
        suggested = options.pop("suggested", None) or {}
        if mapped is None:
            initial |= suggested
        super().__init__(*args, **{**options, "initial": initial, "prefix": slug})
        self.slug = slug
        self.mapped = mapped
        if mapped is not None and mapped.environment.colour != Colour.RED:
            self._certificate(mapped)
        self._choices(app)
        self._variables(app)
        self._credentials(app)

    @property
    def chosen_auth(self) -> str:
        """The auth as it stands in the form."""
        return str(self["auth"].value() or "")

    @property
    def leads_anywhere(self) -> bool:
        """Whether an app environment is chosen."""
        return bool(self["app_environment"].value())

    def redrawn(self) -> MappingForm:
        """The same form for another auth, before anybody asked to save it."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict, by `redrawn` only
        for name, field in self.fields.items():
            key = self.add_prefix(name)
            if data.get(key, MASK) == MASK and not isinstance(field, forms.BooleanField):
                data[key] = field.initial or ""  # the mask of one auth says nothing about another
        self.data = data
        self._errors = ErrorDict()  # not validated yet
        return self

    def variable_fields(self) -> list[forms.BoundField]:
        """As the template lists them."""
        return [self[name] for name in self.fields if name.startswith("variables:")]

    def credential_fields(self) -> list[forms.BoundField]:
        """As the template lists them."""
        return [self[name] for name in self.fields if name.startswith("credentials:")]

    def payload(self) -> dict[str, Any]:
        """As `map_environment` takes it: what was emptied is removed, the mask keeps."""
        data = self.cleaned_data
        trust = {"verify_tls": not data["any_certificate"]} if "any_certificate" in self.fields else {}
        return {
            **trust,
            "app_environment": data["app_environment"],
            "auth": data["auth"] or None,
            "variables": {name.removeprefix("variables:"): _typed(data[name], self.types[name]) for name in self.types},
            "credentials": {
                name.removeprefix("credentials:"): data[name] or None
                for name in self.fields
                if name.startswith("credentials:")
            },
        }

    def place(self, error: Invalid) -> None:
        """Pointers of a whole connection begin with `/environments/<slug>`."""
        start = f"/environments/{self.slug}"
        problems = tuple(
            FieldProblem(each.pointer.removeprefix(start), each.code, each.detail) for each in error.errors
        )
        super().place(Invalid(error.message, errors=problems))

    def _certificate(self, mapped: EnvironmentView) -> None:
        self.fields["any_certificate"] = forms.BooleanField(
            label="Accept any certificate",
            required=False,
            initial=not mapped.verifies_tls,
            help_text="Only for a server of your own whose certificate nobody signed. Every run says so in its log.",
        )

    def _field_of(self, pointer: str) -> str | None:
        parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.strip("/").split("/")]
        name = f"{parts[0]}:{parts[1]}" if len(parts) > 1 else parts[0].replace("verify_tls", "any_certificate")
        return name if name in self.fields else None

    def _choices(self, app: App) -> None:
        places = [(row.slug, f"{row.name} · {row.base_url}"[:160]) for row in app.environments.all()]
        auths = [(row.tag, f"{row.name} ({row.kind.replace('_', ' ')})") for row in app.auths.all()]
        self.fields["app_environment"].choices = [("", "Not mapped"), *places]  # type: ignore[attr-defined]
        self.fields["auth"].choices = [("", "No authentication"), *auths]  # type: ignore[attr-defined]

    def _variables(self, app: App) -> None:
        shown = {value.key: value for value in self.mapped.variables} if self.mapped else {}
        self.types: dict[str, str] = {}
        for row in app.variables.all():
            name = f"variables:{row.key}"
            self.types[name] = row.type
            default = "" if row.default is None else f"default: {value_text(row.default)}"
            self.fields[name] = _value_field(
                row.key,
                row.description,
                shown.get(row.key),
                placeholder=default or row.type,
                secret=row.secret,
                wanted=row.required,
            )

    def _credentials(self, app: App) -> None:
        auth = next((row for row in app.auths.all() if row.tag == self.chosen_auth), None)
        same = self.mapped is not None and self.mapped.auth is not None and self.mapped.auth.tag == self.chosen_auth
        shown: Mapping[str, ValueView] = {v.key: v for v in self.mapped.credentials} if same and self.mapped else {}
        for field in requirements.credential_fields(auth_from_json(auth.spec)) if auth is not None else ():
            label = field.label or field.key
            self.fields[f"credentials:{field.key}"] = _value_field(
                label, field.description, shown.get(field.key), secret=True, wanted=field.required
            )


def _value_field(
    label: str, help_text: str, value: ValueView | None, *, secret: bool, wanted: bool, placeholder: str = ""
) -> forms.CharField:
    attributes = {**_MONO, "placeholder": placeholder[:100]}
    note = "" if value is None or not value.missing else "Needed, and not given yet. "
    return WantedText(
        label=label,
        required=wanted,
        max_length=MAX_VALUE,
        strip=not secret,
        initial=value_text(value.shown) if value is not None else "",
        help_text=note + help_text[:300],
        widget=forms.TextInput(attrs=attributes),
    )


def _typed(text: str, kind: str) -> Any:
    if text == MASK or requirements.names_secrets(text):
        return text
    return typed(text, kind)
