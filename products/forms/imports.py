"""The form that takes a document: a file, a text, or an address."""

from __future__ import annotations

from typing import Any

from django import forms

from products.forms.fields import tag_field
from products.forms.placing import PlacedForm
from products.lib.document_errors import MAX_BYTES
from products.services.imports import NewImport


class ImportForm(PlacedForm):
    """Exactly one of file, text and URL."""

    places = {"document": "file", "app": "app", "entry": "entry"}
    file = forms.FileField(
        label="File", required=False, widget=forms.FileInput(attrs={"accept": ".json,.yaml,.yml,.zip"})
    )
    text = forms.CharField(
        label="The document",
        required=False,
        max_length=MAX_BYTES,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 12, "class": "input-mono", "spellcheck": "false", "placeholder": '{"openapi": "3.1.0", …}'}
        ),
    )
    url = forms.CharField(
        label="Address",
        required=False,
        max_length=1700,
        widget=forms.URLInput(attrs={"placeholder": "https://example.com/openapi.yaml"}),
        help_text="Fetched once by a worker; private addresses are refused unless the operator opened them.",
    )
    entry = forms.CharField(
        label="Document in the archive",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": "collection/orders.json", "spellcheck": "false"}),
        help_text="Only for a zip archive that holds several: which one is meant.",
    )
    app = tag_field(
        "App tag",
        follows="",
        required=False,
        help_text="Empty: made from the title. For an app that is there already you see first what would change.",
    )

    def clean(self) -> dict[str, Any]:
        """One source, not none and not two."""
        data = super().clean() or {}
        given = [name for name in ("file", "text", "url") if data.get(name)]
        if not given and not self.errors:
            raise forms.ValidationError("Choose a file, paste a document or give an address.")
        if len(given) > 1:
            raise forms.ValidationError("Give one document: a file, a text or an address.")
        return data

    def request(self) -> NewImport:
        """What the service takes; call it after `is_valid`."""
        data = self.cleaned_data
        more = {"app": data["app"], "entry": data["entry"].strip()}
        if data["file"]:
            return NewImport(document=data["file"].read(), filename=data["file"].name or "", **more)
        if data["url"]:
            return NewImport(url=data["url"].strip(), **more)
        return NewImport(document=data["text"].encode(), pasted=True, app=data["app"])
