"""Forms of releases: the note of a new one, and which two are compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from products.forms.fields import lines_field
from products.lib.errors import NotFound

DRAFT = "draft"
MAX_NUMBER = 2**31 - 1


class ReleaseForm(forms.Form):
    """A new release."""

    note = lines_field("What is new", length=4000, rows=3, help_text="For whoever deploys it. Markdown.")


class CompareForm(forms.Form):
    """Two of the draft and the releases."""

    a = forms.ChoiceField(label="From", required=False)
    b = forms.ChoiceField(label="To", required=False)

    def __init__(self, *args: Any, numbers: Iterable[int], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(DRAFT, "The draft"), *((str(number), f"Release {number}") for number in numbers)]
        for name in ("a", "b"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]


def number_from(text: str) -> int | None:
    """The number in an address or a field; None for the draft. Raises NotFound."""
    if text == DRAFT:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 10 or not 0 < int(text) <= MAX_NUMBER:
        raise NotFound("There is no such release in this product.")
    return int(text)
