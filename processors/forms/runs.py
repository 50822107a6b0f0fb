"""The bar over the list of runs."""

from __future__ import annotations

from django import forms

from processors.models import RunState
from processors.queries.run_pages import FOR_A_PERSON, RunFilters
from products.catalog.triggers import TRIGGER_WORDS

SINCE = [
    ("", "Any time"),
    ("1h", "Last hour"),
    ("24h", "Last 24 hours"),
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
]
STATES = [("", "Any state"), (FOR_A_PERSON, "Waits for a person"), *RunState.choices]
TRIGGERS = [("", "Any trigger"), *TRIGGER_WORDS.items()]


class RunFilterForm(forms.Form):
    """Everything optional; what is not understood narrows nothing."""

    q = forms.CharField(label="Target, run id or key", required=False, max_length=200)
    state = forms.ChoiceField(label="State", required=False, choices=STATES)
    target = forms.CharField(label="Exact target", required=False, max_length=130, widget=forms.Select)
    trigger = forms.ChoiceField(label="Trigger", required=False, choices=TRIGGERS)
    since = forms.ChoiceField(label="Since", required=False, choices=SINCE)

    def __init__(self, *args: object, targets: list[str], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        widget = self.fields["target"].widget
        widget.choices = [("", "Any target"), *((target, target) for target in targets)]

    def filters(self) -> RunFilters:
        """What was asked for, as far as it can be understood."""
        self.is_valid()
        return RunFilters(**{
            name: self.cleaned_data.get(name) or "" for name in ("q", "state", "target", "trigger", "since")
        })
