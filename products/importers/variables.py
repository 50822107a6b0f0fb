"""The app variables a document needs: each key once, secrets without their value."""

from __future__ import annotations

from typing import Any

from products.importers.drafts import VariableDraft
from products.importers.report import Report
from products.importers.secrets import holds_secret, looks_secret
from products.importers.shapes import as_description
from products.lib import placeholders
from products.lib.field_types import FIELD_TYPES

_KEY_LENGTH = 120
_TYPES = {"string": "string", "number": "float", "boolean": "boolean", "any": "string", "default": "string"}


class VariableBook:
    """Variables by key, in the order they were found; the first word about one counts."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._drafts: dict[str, VariableDraft] = {}

    def declare(self, key: str, default: Any, place: str, *, kind: str = "string", description: Any = "") -> None:
        """A variable the document declares. A literal secret is not kept, which the report says."""
        key = key[:_KEY_LENGTH]
        if not key or key in self._drafts:
            return
        secret = kind == "secret" or looks_secret(key)
        if secret or holds_secret(key, default):
            secret = True
            if default not in (None, ""):
                self._report.secret(place, f"The value of “{key}”", default)
            default = None
        self._drafts[key] = VariableDraft(
            key=key,
            type=_TYPES.get(kind) or (kind if kind in FIELD_TYPES else "string"),
            default=default,
            description=as_description(description),
            secret=secret,
        )

    def use(self, *texts: Any) -> None:
        """Declare what texts mention in double braces and nobody declared; `{{$guid}}` and its like need no value."""
        for text in texts:
            for name in placeholders.find(text) if isinstance(text, str) and "{{" in text else ():
                if len(name) <= _KEY_LENGTH and name not in self._drafts and not name.startswith("$"):
                    self._drafts[name] = VariableDraft(key=name, secret=looks_secret(name))

    def drafts(self) -> tuple[VariableDraft, ...]:
        """All of them."""
        return tuple(self._drafts.values())
