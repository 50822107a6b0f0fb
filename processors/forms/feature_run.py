"""The forms by which a feature is run, and run again with other input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms

from processors.forms.parameters import ParameterForm, json_field, masked_at, parsed
from products.lib.actions import Parameter
from products.lib.errors import FieldProblem
from products.lib.jsontypes import Json, JsonObject

MASKED = "“{place}” is masked: what stands here is not what was given. Write it anew."


class FeatureRunForm(ParameterForm):
    """Input by fields or, in the mode `json`, as one object; and a key that makes a second press harmless."""

    def __init__(self, declared: Sequence[Parameter], *args: Any, given: Json = None, **options: Any) -> None:
        super().__init__(declared, *args, given=given, **options)
        shown = given if isinstance(given, dict) else example_of(declared)
        self.fields["mode"] = forms.ChoiceField(
            choices=[("fields", "Fields"), ("json", "JSON")], required=False, widget=forms.HiddenInput
        )
        self.fields["until"] = forms.CharField(required=False, max_length=130, widget=forms.HiddenInput)
        self.fields["json"] = json_field("Input as JSON", value=shown, rows=14, required=True)
        self.fields["idempotency_key"] = forms.CharField(
            label="Idempotency key", required=False, max_length=200, help_text="The same key gives the first run again."
        )

    @property
    def is_json(self) -> bool:
        """Whether the JSON tab was sent."""
        return bool(self.is_bound and self.data.get("mode") == "json")

    def full_clean(self) -> None:
        """Of the tab that was not sent nothing is asked."""
        for name in [field.name for field in self.inputs()] if self.is_json else ["json"]:
            self.fields[name].required = False
        super().full_clean()

    def clean_json(self) -> Json:
        """The object, where the JSON tab was sent."""
        value = parsed(self.cleaned_data.get("json", "")) if self.is_json else None
        if place := masked_at(value):
            raise forms.ValidationError(MASKED.format(place=place))
        return value

    def input(self) -> Json:
        """What the run is started with. Call it after `is_valid`."""
        return self.cleaned_data["json"] if self.is_json else self.values()

    def place_problems(self, problems: Iterable[FieldProblem]) -> None:
        """Beside the fields; of the JSON tab all beside the editor, with their places."""
        if not self.is_json:
            self.add_problems(problems, below="/input")
            return
        for problem in problems:
            place = problem.pointer.removeprefix("/input").strip("/").replace("/", ".")
            self.add_error("json", f"{place}: {problem.detail}" if place else problem.detail)


class RestartForm(forms.Form):
    """The input of a run, to be edited. Merged: only what was changed goes over the first input, secrets and all."""

    merge = forms.ChoiceField(
        label="What happens with the rest",
        choices=[
            ("yes", "Change what I changed here, keep the rest of the first input, secrets too"),
            ("no", "This is the whole input"),
        ],
        initial="yes",
        widget=forms.RadioSelect,
    )

    def __init__(self, before: Json, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.before: JsonObject = before if isinstance(before, dict) else {}
        self.fields["input"] = json_field("Input", value=self.before, rows=16, required=True)

    def clean_input(self) -> Json:
        """The object; merged, only its top-level fields that differ."""
        value = parsed(self.cleaned_data.get("input", ""))
        if not isinstance(value, dict):
            raise forms.ValidationError("The input is an object: { … }.")
        if self.data.get("merge") == "no":
            chosen = value
        else:
            chosen = {key: one for key, one in value.items() if key not in self.before or self.before[key] != one}
            gone = [key for key in self.before if key not in value]
            if gone:
                detail = (
                    f"To leave out {', '.join(f'“{key}”' for key in gone[:6])}, choose that this is the whole input."
                )
                raise forms.ValidationError(detail)
        if place := masked_at(chosen):
            raise forms.ValidationError(MASKED.format(place=place))
        return chosen


class ResumeForm(forms.Form):
    """Where to go on, and results of steps before it that were wrong."""

    def __init__(self, steps: list[tuple[str, str]], results: JsonObject, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["from_step"] = forms.ChoiceField(
            label="Go on from", choices=steps, help_text="This step and all that come after it are done anew."
        )
        self.before = results
        self.fields["results"] = json_field("Results of the steps before", value=results, rows=16)

    def clean_results(self) -> JsonObject:
        """Those that were changed; the others stay as they are, with what is masked here."""
        value = parsed(self.cleaned_data.get("results", "")) or {}
        if not isinstance(value, dict):
            raise forms.ValidationError("This has to be an object of results by step: { … }.")
        changed = {key: one for key, one in value.items() if key not in self.before or self.before[key] != one}
        if place := masked_at(changed):
            raise forms.ValidationError(MASKED.format(place=place))
        return changed


def example_of(declared: Sequence[Parameter]) -> JsonObject:
    """What an input may look like: defaults, samples, and an empty value of the type for what is required."""
    empty: dict[str, Json] = {"boolean": False, "number": 0, "float": 0, "double": 0, "object": {}}
    found: JsonObject = {}
    for one in declared:
        start = one.default if one.default is not None else one.sample
        if start is not None or one.required:
            blank = [] if one.type.startswith("array") else empty.get(one.type, "")
            found[one.name] = blank if start is None else start
    return found
