"""Forms of secrets and access keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from products.access import Actor
from products.forms.fields import choices_field, day_field, name_field
from products.forms.workspaces import set_choices
from products.models import KeyVerb
from products.models.secrets import SECRET_KEY_PATTERN
from products.services.secrets import MAX_VALUE_BYTES, PLACEHOLDER

LIVES = {"30": "30 days", "90": "90 days", "365": "One year", "": "Until it is revoked"}


class ValueField(forms.CharField):
    """A secret as it was pasted: browsers send line ends as CR LF, which no PEM file or token has."""

    def to_python(self, value: Any) -> str:
        """The text with plain line ends; the placeholder alone, whatever white space is around it."""
        text = str(super().to_python(value)).replace("\r\n", "\n")
        return PLACEHOLDER if text.strip() == PLACEHOLDER else text


def _value_field(**options: Any) -> forms.CharField:
    attributes = {"rows": 3, "class": "input-mono", "autocomplete": "off", "spellcheck": "false"}
    return ValueField(
        label="Value", max_length=MAX_VALUE_BYTES, strip=False, widget=forms.Textarea(attrs=attributes), **options
    )


class HostsField(forms.CharField):
    """One host a line."""

    def clean(self, value: Any) -> Any:
        """The entries; the service says which is none. A form that does not ask for them says nothing of them."""
        return None if value is None else str(super().clean(value)).split()


def _hosts_field() -> HostsField:
    widget = forms.Textarea(attrs={"rows": 2, "class": "input-mono", "spellcheck": "false"})
    return HostsField(
        label="Allowed hosts",
        max_length=16_000,
        required=False,
        widget=widget,
        help_text="One a line: api.example.com, *.example.com, localhost:8000. Empty: wherever it is named.",
    )


class SecretChangeForm(forms.Form):
    """Another value, description or reminder; the placeholder keeps the value."""

    value = _value_field(
        initial=PLACEHOLDER, help_text="Leave the dots to keep the value. A new one is used from the next run on."
    )
    allowed_hosts = _hosts_field()
    description = forms.CharField(label="Description", max_length=500, required=False)
    expires_on = day_field("Expires on", help_text="Marked in the list from then on; the value keeps working.")


class SecretForm(forms.Form):
    """A new secret."""

    key = forms.RegexField(
        SECRET_KEY_PATTERN.replace("$", r"\Z"),
        label="Key",
        max_length=120,
        error_messages={"invalid": "Use letters, digits and _, starting with a letter."},
        widget=forms.TextInput(attrs={"class": "input-mono", "placeholder": "STRIPE_KEY", "spellcheck": "false"}),
        help_text="Definitions name it as $Secret{KEY}.",
    )
    value = _value_field(help_text="Sealed when it is saved; nobody can read it back.")
    allowed_hosts = _hosts_field()
    description = forms.CharField(label="Description", max_length=500, required=False)
    expires_on = day_field("Expires on", help_text="Marked in the list from then on; the value keeps working.")


class KeyForm(forms.Form):
    """A new access key."""

    name = name_field(help_text="Who or what will use it.")
    verbs = forms.MultipleChoiceField(
        label="May", choices=KeyVerb.choices, widget=forms.CheckboxSelectMultiple, initial=[KeyVerb.READ, KeyVerb.RUN]
    )
    product_scope = choices_field("Products", [], help_text="None ticked: all products.")
    environment_scope = choices_field(
        "Environments to run and change in", [], help_text="None ticked: all environments."
    )
    life = forms.ChoiceField(label="Works for", choices=list(LIVES.items()), required=False, initial="90")

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        set_choices(self, actor)

    def expires_at(self) -> datetime | None:
        """When the chosen life ends."""
        days = self.cleaned_data["life"]
        return timezone.now() + timedelta(days=int(days)) if days else None
