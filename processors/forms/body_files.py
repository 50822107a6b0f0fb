"""Files of a multipart body in a form: one field for each, and what was chosen as our input has it."""

from __future__ import annotations

import base64
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from products.lib.actions import Body
from products.lib.json_schemas import resolved
from products.lib.jsontypes import JsonObject

PREFIX = "file:"
MAX_NAME = 255


class _ManyInput(forms.FileInput):
    allow_multiple_selected = True


class OneFileField(forms.FileField):
    """One file, or none."""

    widget = forms.FileInput


class FilesField(forms.FileField):
    """Any number of files: a list of them, empty where nothing was chosen."""

    widget = _ManyInput(attrs={"multiple": True})

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Each on its own. Raises ValidationError."""
        return [super(FilesField, self).clean(each, initial) for each in data or []]


def file_fields(body: Body, defs: JsonObject) -> dict[str, forms.FileField]:
    """By their names in the form. None is required: a file may also stand in the JSON, and the service looks there."""
    if body.format != "multipart":
        return {}
    properties = resolved(body.schema, defs).get("properties")
    known = properties if isinstance(properties, dict) else {}
    found: dict[str, forms.FileField] = {}
    for name in body.file_fields:
        part = resolved(known.get(name), defs)
        words = str(part.get("description", ""))[:500]
        made = FilesField if part.get("type") == "array" else OneFileField
        found[PREFIX + name] = made(label=name, required=False, max_length=MAX_NAME, help_text=words)
    return found


def chosen_files(cleaned: dict[str, Any]) -> JsonObject:
    """What was chosen, by the names of the body's fields."""
    found: JsonObject = {}
    for name, value in cleaned.items():
        if not name.startswith(PREFIX) or not value:
            continue
        many = isinstance(value, list)
        found[name.removeprefix(PREFIX)] = [file_json(each) for each in value] if many else file_json(value)
    return found


def file_json(file: UploadedFile[Any]) -> JsonObject:
    """A file as an input holds it."""
    said = {"content_type": file.content_type} if file.content_type else {}
    return {"content_base64": base64.b64encode(file.read()).decode(), "filename": file.name, **said}
