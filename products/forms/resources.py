"""Forms of resources, made from what their kind declares: what is the same everywhere, and an environment's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.forms.utils import ErrorDict

from products.catalog.resources import ResourceKind, Setting
from products.forms.connections import WantedChoice, WantedText
from products.forms.fields import lines_field, name_field, tag_field
from products.forms.placing import PlacedForm, value_text
from products.lib.errors import FieldProblem, Invalid
from products.lib.jsontypes import Json
from products.lib.redaction import MASK
from products.queries.resources import ConfigView

MAX_VALUE = 64_000
PREFIX = "settings:"
SHARED = "shared:"
_MONO = {"class": "input-mono", "spellcheck": "false", "autocomplete": "off"}
_YES_OR_NO = (("true", "Yes"), ("false", "No"))
_BOOLEANS = {"true": True, "false": False}


class ResourceForm(PlacedForm):
    """What is the same in every environment: name, description and the kind's shared fields. `tag` for a new one."""

    use_required_attribute = False
    name = name_field()

    def __init__(self, *args: Any, kind: ResourceKind, is_new: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.kind = kind
        given = (options.get("initial") or {}).get("shared") or {}
        if is_new:
            self.fields["tag"] = tag_field(help_text="How events and calls name it; fixed afterwards.")
        for each in kind.shared:
            self.fields[SHARED + each.name] = setting_field(each, given.get(each.name, each.default))
        self.fields["description"] = lines_field("Description", length=4000, help_text="What it holds. Markdown.")

    def payload(self) -> dict[str, Any]:
        """As `create_resource` and `update_resource` take it."""
        data = dict(self.cleaned_data)
        shared = {each.name: setting_value(each, data.pop(SHARED + each.name)) for each in self.kind.shared}
        return {**data, "shared": shared}

    def shared_fields(self) -> list[forms.BoundField]:
        """As the template lists them."""
        return [self[name] for name in self.fields if name.startswith(SHARED)]

    def _field_of(self, pointer: str) -> str | None:
        name = pointer.strip("/").replace("shared/", SHARED)
        return name if name in self.fields else None


class ConfigForm(PlacedForm):
    """One environment of a resource: the provider, and a field for each of its settings. `view` is what is there."""

    use_required_attribute = False
    provider = WantedChoice(label="Provider")

    def __init__(self, *args: Any, kind: ResourceKind, view: ConfigView, **options: Any) -> None:
        there = view.provider.name if view.provider else ""
        super().__init__(*args, **{**options, "initial": {"provider": there}, "auto_id": "config_%s"})
        self.kind = kind
        self.view = view
        choices = [(each.name, each.title) for each in kind.providers]
        self.fields["provider"].choices = [("", "Choose a provider"), *choices] if not there else choices  # type: ignore[attr-defined]
        self.declared = kind.settings_of(self.chosen) if kind.provider(self.chosen) else ()
        is_same = self.chosen == there
        self.given: Mapping[str, Json] = {
            each.setting.name: each.shown for each in view.settings if each.is_given and is_same
        }
        for setting in self.declared:
            self.fields[PREFIX + setting.name] = setting_field(setting, self.given.get(setting.name))

    @property
    def chosen(self) -> str:
        """The provider as it stands in the form."""
        return str(self["provider"].value() or "")

    @property
    def summary(self) -> str:
        """The chosen provider in a sentence."""
        provider = self.kind.provider(self.chosen)
        return provider.summary if provider else ""

    def own_fields(self) -> list[forms.BoundField]:
        """The provider's settings, as the template lists them."""
        provider = self.kind.provider(self.chosen)
        return self._bound(provider.settings if provider else ())

    def common_fields(self) -> list[forms.BoundField]:
        """The settings that every provider has."""
        return self._bound(self.kind.settings if self.kind.provider(self.chosen) else ())

    def redrawn(self) -> ConfigForm:
        """The same form for another provider, before anybody asked to save it: a mask says nothing about that one."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict, by `redrawn` only
        for name, field in self.fields.items():
            if data.get(name, MASK) == MASK:
                data[name] = field.initial or ""
        self.data = data
        self._errors = ErrorDict()  # not validated yet
        return self

    def payload(self) -> dict[str, Any]:
        """As `configure` takes it: what was emptied is removed, the mask keeps."""
        data = self.cleaned_data
        found = {each.name: setting_value(each, data[PREFIX + each.name]) for each in self.declared}
        # A default that nobody has set stays one: it may change with a later version.
        usual = {
            each.name for each in self.declared if each.name not in self.given and each.default == found[each.name]
        }
        return {
            "provider": data["provider"] or None,
            "settings": {name: None if name in usual else value for name, value in found.items()},
        }

    def place(self, error: Invalid) -> None:
        """Problems of the settings as a whole, a secret that is not there, stand where its name does."""
        problems = [each for one in error.errors for each in self._spread(one)]
        super().place(Invalid(error.message, errors=tuple(problems)))

    def _spread(self, problem: FieldProblem) -> Iterable[FieldProblem]:
        if problem.pointer != "/settings":
            return (problem,)
        texts = {each.name: str(self.cleaned_data.get(PREFIX + each.name) or "") for each in self.declared}
        key = problem.detail.partition("“")[2].partition("”")[0]
        named = [name for name, text in texts.items() if key and f"$Secret{{{key}}}" in text]
        return [FieldProblem(f"/settings/{name}", problem.code, problem.detail) for name in named] or (problem,)

    def _bound(self, settings: Iterable[Setting]) -> list[forms.BoundField]:
        return [self[PREFIX + each.name] for each in settings]

    def _field_of(self, pointer: str) -> str | None:
        name = pointer.strip("/").replace("settings/", PREFIX)
        return name if name in self.fields else None


def setting_field(setting: Setting, shown: Json) -> forms.Field:
    """The field for one setting; `shown` is what is there, the mask for what is sealed."""
    common: dict[str, Any] = {"label": setting.title, "required": setting.required, "help_text": setting.help}
    if setting.type == "boolean":
        chosen = setting.default if shown is None else shown
        unset = () if setting.default is not None else (("", "Not set"),)
        initial = {True: "true", False: "false"}.get(chosen, "") if isinstance(chosen, bool) else ""
        return WantedChoice(choices=[*unset, *_YES_OR_NO], initial=initial, **{**common, "required": not unset})
    if setting.type == "choice":
        choices = [(each, each) for each in setting.choices]
        return WantedChoice(choices=choices, initial=shown or setting.default or "", **common)
    return WantedText(
        max_length=MAX_VALUE, strip=not setting.secret, initial=value_text(shown), widget=_widget(setting), **common
    )


def setting_value(setting: Setting, text: str) -> Json:
    """What was typed, as the service takes it; None for nothing. A number that is none stays a text, to be refused."""
    if text == "" or text == MASK:
        return text or None
    if setting.type == "boolean":
        return _BOOLEANS.get(text, text)
    if setting.type == "integer":
        return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) < 18 else text
    return text


def _widget(setting: Setting) -> forms.Widget:
    usual = "" if setting.default in {None, ""} else f"default: {value_text(setting.default)}"
    attributes = {**_MONO, "placeholder": (setting.placeholder or usual)[:100]}
    if setting.type == "text":
        return forms.Textarea(attrs={**attributes, "rows": 4})
    if setting.type == "integer":
        return forms.TextInput(attrs={**attributes, "inputmode": "numeric"})
    return forms.TextInput(attrs={**attributes, "list": "secret-names"})
