"""The form of one operation of a resource, made from the fields that its kind declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from processors.forms.parameters import PREFIX, ParameterForm, parsed
from products.lib.actions import Parameter
from products.lib.jsontypes import Json
from products.lib.tries import LEAST_TRY_S, MAX_TRY_S, TIMEOUT_WORDS


class OperationForm(ParameterForm):
    """The declared fields, and how it is to be run."""

    def __init__(self, declared: Sequence[Parameter], *args: Any, given: Json = None, **options: Any) -> None:
        super().__init__(declared, *args, given=given, **options)
        self.fields["retries"] = forms.IntegerField(
            label="Retries", required=False, min_value=0, max_value=10, help_text="How often to try again."
        )
        self.fields["timeout"] = forms.FloatField(
            label="Timeout", required=False, min_value=LEAST_TRY_S, max_value=MAX_TRY_S, help_text=TIMEOUT_WORDS
        )

    def clean(self) -> dict[str, Any]:
        """Where a text would do, what begins as JSON and is none was still meant as JSON."""
        data = super().clean() or {}
        for one in self.declared:
            text = str(data.get(PREFIX + one.name) or "").strip()
            if text.startswith(("{", "[", '"')) and "string" in _kinds(one) and len(_kinds(one)) > 2:
                try:
                    parsed(text)
                except forms.ValidationError as error:
                    self.add_error(PREFIX + one.name, error)
        return data

    def how(self) -> dict[str, Any]:
        """What was said of the run, as `OperationRequest` takes it. Call it after `is_valid`."""
        data = self.cleaned_data
        timeout = {} if data["timeout"] is None else {"timeout_s": data["timeout"]}
        return {"retries": data["retries"] or 0, **timeout}


def _kinds(parameter: Parameter) -> list[str]:
    kinds = parameter.schema.get("type")
    return kinds if isinstance(kinds, list) else []
