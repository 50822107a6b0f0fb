"""Forms of products and environments."""

from __future__ import annotations

from django import forms

from products.forms.fields import lines_field, name_field, tag_field
from products.models import Colour


class SearchForm(forms.Form):
    """The search box over a list."""

    q = forms.CharField(label="Name or tag", max_length=120, required=False)

    @property
    def query(self) -> str:
        """What is looked for; nothing where the address holds nonsense."""
        return str(self.cleaned_data["q"]) if self.is_valid() else ""


class KeySearchForm(SearchForm):
    """The same for things that have a key."""

    q = forms.CharField(label="Key", max_length=120, required=False)


class ProductForm(forms.Form):
    """A new product."""

    name = name_field()
    tag = tag_field(help_text="Stands in addresses and calls; fixed afterwards.")
    description = lines_field("Description", length=4000, help_text="What it does, and whom to ask. Markdown.")


class ProductChangeForm(forms.Form):
    """What may change about a product."""

    name = name_field()
    description = lines_field("Description", length=4000, help_text="What it does, and whom to ask. Markdown.")


class EnvironmentChangeForm(forms.Form):
    """What may change about an environment."""

    name = name_field()
    colour = forms.ChoiceField(label="Colour", choices=Colour.choices, help_text="Of the tape over every page.")
    processor_tag = tag_field("Processor", follows="", initial="default", help_text="The processor that runs its work.")
    keep_completed_days = forms.IntegerField(label="Keep completed runs, days", min_value=1, max_value=400, initial=30)
    keep_failed_days = forms.IntegerField(
        label="Keep other ended runs, days",
        min_value=1,
        max_value=400,
        initial=90,
        help_text="Failed, cancelled and rolled back ones. Older runs are deleted with all they recorded.",
    )
    active = forms.BooleanField(label="Active", required=False, initial=True)


class EnvironmentForm(forms.Form):
    """A new environment."""

    name = name_field()
    slug = tag_field("Slug", help_text="Such as dev, stg or prd; fixed afterwards.")
    colour = forms.ChoiceField(label="Colour", choices=Colour.choices)
