"""What the template of one form field needs: the control with its accessible attributes, and its kind."""

import re
from typing import Final

from django import forms
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

_BETWEEN: Final = re.compile(r"</li>\s*<li>")


def field_context(bound: forms.BoundField, help_text: str = "", label: str = "") -> dict[str, object]:
    """Return the context of ``ui/field.html``; help and errors are tied to the control for screen readers."""
    widget = bound.field.widget
    choices = isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple))
    single = isinstance(widget, forms.CheckboxInput)
    said = _words(help_text or str(bound.help_text))
    attrs: dict[str, str | bool] = {}
    notes = [f"{bound.auto_id}_error"] * bool(bound.errors) + [f"{bound.auto_id}_help"] * bool(said)
    if notes:
        attrs["aria-describedby"] = " ".join(notes)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if str(widget.attrs.get("placeholder", "")).lower().startswith(str(bound.label).lower()):
        attrs["placeholder"] = ""  # it only says the label again
    if not (choices or single):
        attrs["class"] = f"input {widget.attrs.get('class', '')}".strip()
    return {
        "bound": bound,
        "label": label or bound.label,
        "control": bound.as_widget(attrs=attrs),
        "single": single,
        "choices": choices,
        "help": said,
    }


def _words(said: str) -> str:
    """Forms of others bring help as HTML; it is shown as the sentences it holds."""
    plain = strip_tags(_BETWEEN.sub(" ", said)) if isinstance(said, SafeString) else said
    return plain.strip()
