"""Forms around features: a new one, and the note of a release."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from products.features.starting_points import StartingPoint
from products.forms.fields import lines_field, name_field, tag_field


class FeatureForm(forms.Form):
    """A new feature."""

    name = name_field()
    tag = tag_field(help_text="How runs, releases and calls name it; fixed afterwards.")
    description = lines_field("Description", length=4000, rows=2, help_text="What it does. Markdown.")
    start = forms.ChoiceField(label="Begin with", widget=forms.RadioSelect)

    def __init__(self, *args: Any, points: Sequence[StartingPoint], **options: Any) -> None:
        super().__init__(*args, **options)
        self.points = {point.key: point for point in points}
        choices = [(point.key, f"{point.name}. {point.says}") for point in points]
        self.fields["start"].choices = choices  # type: ignore[attr-defined]
        self.fields["start"].initial = choices[0][0]

    def payload(self) -> dict[str, Any]:
        """What the service takes; call it after `is_valid`."""
        names = ("name", "tag", "description")
        point = self.points[self.cleaned_data["start"]]
        return {**{name: self.cleaned_data[name] for name in names}, "definition": point.definition}
