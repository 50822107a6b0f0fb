"""What a person answers a run that waits: a signal, an approval, what came of a call."""

from __future__ import annotations

from typing import Any

from django import forms

from processors.forms.parameters import ParameterForm, json_field, parsed
from products.features.definition import Wait
from products.lib.jsontypes import Json


class AnswerForm(ParameterForm):
    """The fields of a signal; of an approval also yes or no, and a comment. Without declared fields any JSON may go."""

    def __init__(self, wait: Wait, *args: Any, **options: Any) -> None:
        super().__init__(wait.fields, *args, **options)
        self.wait = wait
        if wait.approval:
            self.fields["approved"] = forms.ChoiceField(
                choices=[("yes", "Approve"), ("no", "Reject")],
                error_messages={"required": "Approve or reject: press one of the two buttons."},
            )
        elif not wait.fields:
            self.fields["payload"] = json_field("What it carries, as JSON", rows=8)
        self.fields["comment"] = forms.CharField(
            label="Comment", required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}),
            help_text="Shown in the log and kept with the run.",
        )  # fmt: skip

    def clean_payload(self) -> Json:
        """Any JSON."""
        return parsed(self.cleaned_data.get("payload", ""))

    def carried(self) -> Json:
        """What the signal carries. Call it after `is_valid`."""
        if self.wait.approval:
            return {**self.values(), "approved": self.cleaned_data["approved"] == "yes"}
        return self.values() if self.wait.fields else self.cleaned_data.get("payload")


class ResolveForm(forms.Form):
    """What a person found out about a call whose outcome nobody knows."""

    outcome = forms.ChoiceField(
        label="What happened",
        choices=[
            ("done", "It is done: go on with the result below"),
            ("retry", "It had no effect: try it again"),
            ("failed", "Give it up: the step fails"),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["output"] = json_field(
            "Result", rows=8, help_text="What later steps see of this one. Only when it is done."
        )

    def clean_output(self) -> Json:
        """Any JSON; only looked at when it is done."""
        return parsed(self.cleaned_data.get("output", "")) if self.data.get("outcome") == "done" else None
