"""Forms whose data a service takes as nested JSON: every refusal finds its field, or its row, again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from django import forms

from products.lib.errors import Conflict, FieldProblem, Forbidden, Invalid
from products.lib.jsontypes import JsonError, parse_json

Result = TypeVar("Result")
MAX_JSON_BYTES = 600_000


class PlacedForm(forms.Form):
    """`places` says which field shows the problems of which pointer, without the leading slash."""

    places: ClassVar[Mapping[str, str]] = {}
    rows: tuple[Rows, ...] = ()

    def payload(self) -> dict[str, Any]:
        """What the service gets; call it after `is_valid`."""
        return dict(self.cleaned_data)

    def submit(self, act: Callable[[dict[str, Any]], Result]) -> Result | None:
        """What `act` returned for the payload; None, with errors in the form, when the form or the service refuses."""
        if not self.is_valid():
            return None
        try:
            return act(self.payload())
        except Invalid as error:
            self.place(error)
        except (Conflict, Forbidden) as error:
            self.add_error(None, error.message)
        return None

    def place(self, error: Invalid) -> None:
        """Puts each problem beside what it is about."""
        for problem in error.errors:
            if not any(table.take(problem) for table in self.rows):
                self.add_error(self._field_of(problem.pointer), problem.detail)
        if not error.errors:
            self.add_error(None, error.message)
        elif any(table.errors for table in self.rows):
            self.add_error(None, "Nothing was saved yet: a row needs a correction.")

    def _field_of(self, pointer: str) -> str | None:
        parts = pointer.strip("/").split("/")
        for length in range(len(parts), 0, -1):
            name = self.places.get("/".join(parts[:length]), parts[0] if length == 1 else "")
            if name in self.fields:
                return name
        return None


class Rows:
    """A table of inputs, each column sent once a row as `<prefix>-<column>`. Rows that are empty are left out."""

    def __init__(self, prefix: str, columns: tuple[str, ...], *, most: int = 300) -> None:
        self.prefix = prefix
        self.columns = columns
        self.most = most
        self.filled: list[dict[str, Any]] = []
        self.errors: dict[int, list[str]] = {}

    def read(self, data: Any) -> list[dict[str, Any]]:
        """The rows of a submitted form; a row counts as filled when its first column is."""
        given = {column: data.getlist(f"{self.prefix}-{column}") for column in self.columns}
        count = min(len(given[self.columns[0]]), self.most)
        rows = [
            {column: values[index] if index < len(values) else "" for column, values in given.items()}
            for index in range(count)
        ]
        self.filled = [row for row in rows if row[self.columns[0]].strip()]
        return self.filled

    def show(self, rows: list[dict[str, Any]]) -> None:
        """The rows of an unsubmitted form."""
        self.filled = rows

    def take(self, problem: FieldProblem) -> bool:
        """Whether the problem is about one of these rows; then it is shown there."""
        parts = problem.pointer.strip("/").split("/")
        if len(parts) < 2 or parts[0] != self.prefix or not parts[1].isdigit():
            return False
        field = parts[2].replace("_", " ") if len(parts) > 2 else ""
        self.errors.setdefault(int(parts[1]), []).append(f"{field}: {problem.detail}" if field else problem.detail)
        return True

    def drawn(self) -> list[dict[str, Any]]:
        """Each row with its errors, as the template shows it."""
        return [{"values": row, "errors": self.errors.get(index, [])} for index, row in enumerate(self.filled)]


class JsonField(forms.CharField):
    """A JSON value in an editor; empty is None."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        options.setdefault("widget", forms.Textarea(attrs={"data-editor": "json", "rows": 8, "spellcheck": "false"}))
        super().__init__(max_length=MAX_JSON_BYTES, strip=True, **options)

    def to_python(self, value: Any) -> Any:
        """Raises ValidationError with line and column."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            return parse_json(text, max_bytes=MAX_JSON_BYTES)
        except JsonError as error:
            place = f" (line {error.line}, column {error.column})" if error.line else ""
            raise forms.ValidationError(f"{error.message}{place}") from error

    def run_validators(self, value: Any) -> None:
        """The value is no text any more, so that rules for texts do not hold for it."""

    def validate(self, value: Any) -> None:
        """As above; only that there is one is asked."""
        if self.required and value is None:
            raise forms.ValidationError(self.error_messages["required"], code="required")


def value_text(value: Any) -> str:
    """How a value stands in a field: texts as they are, anything else as JSON, nothing as ""."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def typed(text: str, kind: str) -> Any:
    """What a text stands for in a field of this type; the text itself where it is none, for the service to say so."""
    if text == "":
        return None
    if "string" in kind and not kind.startswith("array"):
        return text
    if kind in {"uuid", "date"}:
        return text
    try:
        return parse_json(text, max_bytes=MAX_JSON_BYTES)
    except JsonError:
        return text
