"""The filters over the audit log."""

from __future__ import annotations

from typing import Any

from django import forms

from products.forms.fields import day_field, end_of, start_of
from products.queries.audit import AuditFilter


class AuditFilterForm(forms.Form):
    """All of it stands in the address."""

    thing = forms.CharField(label="Name, type or id", max_length=300, required=False)
    verb = forms.ChoiceField(label="What", required=False)
    actor = forms.CharField(
        label="Who", max_length=254, required=False, widget=forms.TextInput(attrs={"placeholder": "Who"})
    )
    since = day_field("From")
    until = day_field("To")

    def __init__(self, *args: Any, verbs: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["verb"].choices = [("", "Any change"), *((verb, verb) for verb in verbs)]  # type: ignore[attr-defined]

    def chosen(self, zone: str) -> AuditFilter:
        """What is to be shown, days read where the person is; wrong parts of an address are left out."""
        self.is_valid()
        asked = self.cleaned_data
        return AuditFilter(
            verb=asked.get("verb", ""),
            actor=asked.get("actor", ""),
            thing=asked.get("thing", ""),
            since=start_of(asked.get("since"), zone),
            until=end_of(asked.get("until"), zone),
        )
