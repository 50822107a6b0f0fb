"""Forms of database actions and migrations: statements as a list of editors, every refusal at its statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms

from products.forms.fields import lines_field, name_field, tag_field
from products.forms.placing import MAX_JSON_BYTES, JsonField, PlacedForm
from products.lib.actions import Parameter
from products.lib.database_actions import MAX_ROWS, MAX_STATEMENTS, TYPES, as_read, parameters, read_action
from products.lib.errors import FieldProblem, Invalid
from products.lib.jsontypes import Json, JsonError, JsonObject, parse_json
from products.lib.sql_texts import DIALECTS

MAX_TEXT = 200_000
DIALECT_NAMES = {"postgresql": "PostgreSQL", "mysql": "MySQL and MariaDB", "sqlite": "SQLite"}


@dataclass(slots=True)
class Statements:
    """Statements that are sent one field each, all under the same name; those that are empty are left out."""

    name: str
    title: str
    pointer: str
    help: str = ""
    texts: list[str] = field(default_factory=list)
    errors: dict[int, list[str]] = field(default_factory=dict)

    def read(self, data: Any) -> None:
        """Of a submitted form."""
        sent = [text.replace("\r\n", "\n") for text in data.getlist(self.name)[: MAX_STATEMENTS * 4]]
        self.texts = [text for text in sent if text.strip()]

    def take(self, problem: FieldProblem) -> bool:
        """Whether the problem is about one of these; then it is shown there."""
        rest = problem.pointer.removeprefix(self.pointer)
        if rest == problem.pointer or (rest and not rest.startswith("/")):
            return False
        number = rest.strip("/").split("/")[0]
        self.errors.setdefault(int(number) if number.isdigit() else 0, []).append(problem.detail)
        return True

    def drawn(self) -> list[dict[str, Any]]:
        """Each editor; at least one."""
        texts = self.texts or [""]
        return [
            {"id": f"{self.name}_{number}", "label": f"{self.title}: statement {number + 1}", "text": text,
             "rows": min(max(text.count("\n") + 1, 3), 16), "errors": self.errors.get(number, [])}
            for number, text in enumerate(texts)
        ]  # fmt: skip

    def value(self) -> Any:
        """One statement as a text, several as a list."""
        return self.texts[0] if len(self.texts) == 1 else self.texts


class StatementsForm(PlacedForm):
    """A form with groups of statements; `add` in what was sent names a group that gets one more."""

    groups: tuple[Statements, ...]
    use_required_attribute = False

    def read_groups(self, kept: Mapping[str, Sequence[str]]) -> None:
        """From what was sent, or from what is there."""
        for group in self.groups:
            if self.is_bound:
                group.read(self.data)
            else:
                group.texts = list(kept.get(group.name, ()))

    def with_one_more(self) -> StatementsForm:
        """The same form, with an empty statement in the group that `add` names."""
        for group in self.groups:
            if group.name == self.data.get("add"):
                group.texts.append("")
        return self

    def place(self, error: Invalid) -> None:
        """Puts each problem at its statement or field."""
        for problem in error.errors:
            if any(group.take(problem) for group in self.groups):
                self.add_error(None, "Nothing was saved yet: a statement needs a correction.")
            else:
                self.add_error(self._field_of(problem.pointer), problem.detail)
        if not error.errors:
            self.add_error(None, error.message)

    def add_error(self, field: Any, error: Any) -> None:
        """Says the same thing once."""
        if field is None and str(error) in self.non_field_errors():
            return
        super().add_error(field, error)


class DatabaseActionForm(StatementsForm):
    """A database action. `row` is the one that is changed."""

    places = {
        "definition/type": "type", "definition/max_rows": "max_rows", "definition/timeout": "timeout",
        "definition/mongodb": "mongodb",
    }  # fmt: skip
    name = name_field()
    description = lines_field("Description", length=4000, rows=2, help_text="What it does. Markdown.")
    type = forms.ChoiceField(
        label="Type", choices=[(name, name.capitalize()) for name in TYPES],
        help_text="Read, aggregate and count can change nothing.",
    )  # fmt: skip
    max_rows = forms.IntegerField(
        label="Rows at most", required=False, min_value=1, max_value=MAX_ROWS, help_text="1,000 without it."
    )
    timeout = forms.CharField(
        label="Time limit", required=False, max_length=20, help_text="As 10s or 2m; the database's own without it."
    )
    mongodb = JsonField(label="Operation of MongoDB", help_text='A placeholder is a whole value: "{{id:UUID}}".')

    def __init__(self, *args: Any, row: Any = None, **options: Any) -> None:
        kept: JsonObject = row.definition if row is not None else {}
        if row is not None:
            options["initial"] = {
                "name": row.name, "description": row.description, "type": kept.get("type"),
                "max_rows": kept.get("max_rows"), "timeout": kept.get("timeout"), "mongodb": _pretty(kept),
            }  # fmt: skip
        super().__init__(*args, **options)
        if row is None:
            self.fields["tag"] = tag_field(help_text="How events and calls name it; fixed afterwards.")
        self.groups = (
            Statements("sql", "Statements", "/definition/sql"),
            *(Statements(dialect, DIALECT_NAMES[dialect], f"/definition/variants/{dialect}") for dialect in DIALECTS),
        )
        variants = kept.get("variants") or {}
        listed = {"sql": kept.get("sql"), **variants}
        self.read_groups({name: [given] if isinstance(given, str) else given or () for name, given in listed.items()})

    @property
    def shared(self) -> Statements:
        """The statements for every dialect."""
        return self.groups[0]

    @property
    def variants(self) -> tuple[Statements, ...]:
        """Those of single dialects."""
        return self.groups[1:]

    @property
    def has_variants(self) -> bool:
        """Whether there are any."""
        return any(group.texts for group in self.variants)

    def payload(self) -> dict[str, Any]:
        """As `create_action` and `update_action` take it."""
        data = self.cleaned_data
        names = [name for name in ("name", "tag", "description") if name in data]
        return {**{name: data[name] for name in names}, "definition": self.definition()}

    def definition(self) -> JsonObject:
        """What was written so far, whether it is right or not."""
        variants = {group.name: group.value() for group in self.variants if group.texts}
        written = {
            "type": self.data.get("type", ""),
            "sql": self.shared.value() if self.shared.texts else None,
            "variants": variants or None,
            "mongodb": self._operation(),
            "max_rows": _whole(self.data.get("max_rows", "")),
            "timeout": self.data.get("timeout", "").strip() or None,
        }
        return {name: value for name, value in written.items() if value is not None}

    def examined(self) -> tuple[tuple[Parameter, ...], list[dict[str, str]]]:
        """The placeholders found, and what is wrong, in words with the place before them."""
        try:
            return parameters(read_action(self.definition())), []
        except Invalid as error:
            return (), [{"place": self._place(one.pointer), "detail": one.detail} for one in error.errors]

    def _operation(self) -> Json:
        text = self.data.get("mongodb", "").strip()
        try:
            return parse_json(text, max_bytes=MAX_JSON_BYTES) if text else None
        except JsonError:
            return None

    def _place(self, pointer: str) -> str:
        for group in self.groups:
            below = group.pointer.removeprefix("/definition")
            if pointer == below or pointer.startswith(f"{below}/"):
                number = pointer.removeprefix(below).strip("/")
                return f"{group.title} {int(number) + 1}" if number.isdigit() else group.title
        name = pointer.strip("/").split("/")[0]
        return str(self.fields[name].label) if name in self.fields else ""


class MigrationForm(StatementsForm):
    """A migration: statements up, statements down."""

    places = {"up": "description", "down": "description"}
    description = lines_field("Description", length=4000, rows=2)

    def __init__(self, *args: Any, row: Any = None, proposed: str = "", **options: Any) -> None:
        initial = {"tag": proposed} if row is None else {"description": row.description}
        super().__init__(*args, **{**options, "initial": initial})
        if row is None:
            follows = tag_field(follows="", help_text="As 0003-add-prices: it says what it does, and is fixed then.")
            self.fields = {"tag": follows, **self.fields}
        self.groups = (
            Statements("up", "Up", "/up", "What it does, one statement after the other."),
            Statements("down", "Down", "/down", "What takes it back. Without it, it cannot be rolled back."),
        )
        kept = {"up": row.up, "down": row.down} if row is not None else {}
        self.read_groups({name: [_text(one) for one in texts] for name, texts in kept.items()})

    def payload(self) -> dict[str, Any]:
        """As `create_migration` and `update_migration` take it."""
        return {
            **self.cleaned_data,
            **{group.name: [_statement(text) for text in group.texts] for group in self.groups},
        }


def _pretty(definition: JsonObject) -> str:
    given = definition.get("mongodb")
    return _text(as_read(given) if isinstance(given, dict) else given) if given else ""


def _text(statement: Json) -> str:
    return statement if isinstance(statement, str) else json.dumps(statement, indent=2, ensure_ascii=False)


def _statement(text: str) -> Json:
    """An operation of MongoDB is an object; any other text is SQL."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        return parse_json(text, max_bytes=MAX_JSON_BYTES)
    except JsonError:
        return text


def _whole(text: str) -> Json:
    text = text.strip()
    return int(text) if text.isdigit() and len(text) < 12 else (text or None)
