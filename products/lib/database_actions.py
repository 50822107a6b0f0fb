"""What a database action is: its statements for each dialect or its operation of MongoDB, its placeholders, its limits.

    {"type": "read", "sql": "SELECT … WHERE id = {{id:UUID}}", "max_rows": 100, "timeout": "10s"}

`sql` is one statement or a list of them, `variants` has others for single dialects, `mongodb` the operation there.
The types read, aggregate and count run in a transaction that can only read. Everything here is checked when an action
is saved; `statements` (products.lib.sql_statements) makes what is run.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from products.lib.actions import Parameter
from products.lib.errors import FieldProblem, Invalid
from products.lib.fields import Fields, Problems
from products.lib.jsontypes import Json, JsonObject, escape_pointer
from products.lib.periods import PeriodError, duration_seconds
from products.lib.placeholder_fields import MARK, Placeholder, PlaceholderProblem, joined, parameter, read_placeholder
from products.lib.sql_texts import DIALECTS, SqlProblem, SqlText, read_sql

TYPES: Final = ("read", "create", "update", "delete", "aggregate", "count")
READING: Final = frozenset({"read", "aggregate", "count"})
MAX_STATEMENTS: Final = 50
MAX_ROWS: Final = 100_000
DEFAULT_ROWS: Final = 1_000
MAX_TIMEOUT_S: Final = 3_600.0
MAX_PLACEHOLDERS: Final = 200
_KNOWN: Final = ("type", "sql", "variants", "mongodb", "max_rows", "timeout")


@dataclass(frozen=True, slots=True)
class DatabaseAction:
    """A checked definition. `texts` are the statements by dialect; `mongodb` the operation as it was written, or None.

    `placeholders` are those of everything together, by key. `timeout_s` is None where the resource's own limit holds.
    """

    type: str
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mongodb: JsonObject | None = None
    placeholders: Mapping[str, Placeholder] = field(default_factory=dict)
    max_rows: int = DEFAULT_ROWS
    timeout_s: float | None = None

    @property
    def reads(self) -> bool:
        """Whether it can change nothing."""
        return self.type in READING

    def runs_on(self, provider: str) -> bool:
        """Whether it says what is to be done there."""
        return self.mongodb is not None if provider == "mongodb" else provider in self.texts


def read_action(document: Json, *, providers: Collection[str] = ()) -> DatabaseAction:
    """The action. Raises Invalid, whose errors point at what is wrong.

    A statement for all dialects has to be right in one of them at least, and in each of `providers` that uses it.
    """
    if not isinstance(document, dict):
        raise Invalid(errors=(FieldProblem("", "type", "A database action is an object."),))
    problems = Problems()
    fields = Fields(document, problems, known=_KNOWN)
    kind = fields.choice("type", TYPES, "")
    marks: list[Placeholder] = []
    texts = _texts(document, problems, marks, providers)
    mongodb = fields.object("mongodb") if document.get("mongodb") is not None else None
    if mongodb is not None:
        marks += _document_marks(mongodb, problems)
    if not problems.found and not texts and not mongodb:
        fields.wrong("sql", "An action needs a statement, or an operation of MongoDB.", "required")
    max_rows = fields.number("max_rows", least=1, most=MAX_ROWS, whole=True)
    timeout_s = _timeout(fields)
    placeholders = _joined(marks, problems)
    if problems.found:
        raise Invalid(errors=tuple(problems.found))
    return DatabaseAction(kind, texts, mongodb, placeholders, int(max_rows or DEFAULT_ROWS), timeout_s)


def parameters(action: DatabaseAction) -> tuple[Parameter, ...]:
    """The fields of its input, for forms, schemas and checks."""
    return tuple(parameter(each) for each in action.placeholders.values())


def sql_of(action: DatabaseAction, dialect: str) -> tuple[SqlText, ...]:
    """Its statements, read. Raises Invalid where it has none for this dialect or they are not right in it."""
    problems: list[FieldProblem] = []
    read: list[SqlText] = []
    for number, text in enumerate(action.texts.get(dialect, ())):
        try:
            read.append(read_sql(text, dialect))
        except SqlProblem as error:
            problems.append(FieldProblem(f"/sql/{number}", "invalid", str(error)))
    if not read and not problems:
        problems.append(FieldProblem("/sql", "required", f"The action has no statement for {dialect}."))
    if problems:
        raise Invalid(errors=tuple(problems))
    return tuple(read)


def as_read(operation: JsonObject) -> JsonObject:
    """An operation of MongoDB in the order in which one reads it: what is done where, then with what."""
    first: JsonObject = {key: operation[key] for key in ("collection", "operation") if key in operation}
    return {**first, **operation}


def first_statement(definition: JsonObject) -> str:
    """What stands for an action in a list: its first statement, as text."""
    texts = [definition.get("sql"), *(definition.get("variants") or {}).values()]
    found = next((given for given in texts if given), None)
    if found is None:
        return json.dumps(as_read(definition.get("mongodb") or {}), ensure_ascii=False)
    return str(found[0] if isinstance(found, list) else found)


def _texts(
    document: JsonObject, problems: Problems, marks: list[Placeholder], providers: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """The statements by dialect; what is wrong with them is noted, their placeholders are added to `marks`."""
    variants = document.get("variants")
    if variants is not None and not isinstance(variants, dict):
        problems.add("/variants", "This must be an object with a statement for each dialect.", "type")
        variants = None
    found: dict[str, tuple[str, ...]] = {}
    for dialect, given in (variants or {}).items():
        if dialect not in DIALECTS:
            problems.add(f"/variants/{escape_pointer(dialect)}", f"Variants are for {', '.join(DIALECTS)}.", "unknown")
            continue
        pointer = f"/variants/{dialect}"
        found[dialect] = _listed(given, pointer, problems)
        _check(found[dialect], (dialect,), (dialect,), _pointers(given, pointer), problems, marks)
    shared = _listed(document.get("sql"), "/sql", problems) if document.get("sql") is not None else ()
    others = tuple(dialect for dialect in DIALECTS if dialect not in found)
    if shared:
        needed = tuple(dialect for dialect in others if dialect in providers)
        _check(shared, others, needed, _pointers(document["sql"], "/sql"), problems, marks)
        found.update((dialect, shared) for dialect in others)
    return found


def _listed(given: Json, pointer: str, problems: Problems) -> tuple[str, ...]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        problems.add(pointer, "This must be a statement, or a list of statements.", "type")
        return ()
    if len(texts) > MAX_STATEMENTS:
        problems.add(pointer, f"An action may have at most {MAX_STATEMENTS} statements.", "too_long")
        return ()
    return tuple(texts)


def _pointers(given: Json, pointer: str) -> tuple[str, ...]:
    if isinstance(given, list):
        return tuple(f"{pointer}/{number}" for number in range(len(given)))
    return (pointer,)


def _check(
    texts: tuple[str, ...],
    dialects: tuple[str, ...],
    needed: tuple[str, ...],
    pointers: tuple[str, ...],
    problems: Problems,
    marks: list[Placeholder],
) -> None:
    """Each text must be right in all of `needed`; where none is, in one of `dialects`."""
    for text, pointer in zip(texts, pointers, strict=False):
        read: dict[str, SqlText] = {}
        wrong: dict[str, str] = {}
        for dialect in dialects:
            try:
                read[dialect] = read_sql(text, dialect)
            except SqlProblem as error:
                wrong[dialect] = str(error)
        bad = next((dialect for dialect in needed if dialect in wrong), "")
        if bad or not read:
            problems.add(pointer, wrong[bad or dialects[0]])
        elif read:
            marks += next(iter(read.values())).placeholders


def _document_marks(document: Json, problems: Problems, pointer: str = "/mongodb") -> Iterator[Placeholder]:
    """Placeholders of an operation of MongoDB: each is a whole value, never part of a text or of a key."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        at = f"{pointer}/{escape_pointer(key)}"
        if isinstance(key, str) and MARK.search(key):
            problems.add(at, "Only values can be placeholders, no names of fields and operators.")
        if isinstance(value, (dict, list)):
            yield from _document_marks(value, problems, at)
        elif isinstance(value, str) and MARK.search(value):
            try:
                yield document_placeholder(value)
            except PlaceholderProblem as error:
                problems.add(at, str(error))


def document_placeholder(text: str) -> Placeholder:
    """Of a text that is a placeholder as a whole. Raises PlaceholderProblem."""
    found = MARK.fullmatch(text.strip())
    if found is None:
        raise PlaceholderProblem("A placeholder is a whole value: it cannot be part of a text.")
    return read_placeholder(found[1])


def _joined(marks: list[Placeholder], problems: Problems) -> dict[str, Placeholder]:
    try:
        found = joined(marks)
    except PlaceholderProblem as error:
        problems.add("", str(error), "placeholder")
        return {}
    if len(found) > MAX_PLACEHOLDERS:
        problems.add("", f"An action may have at most {MAX_PLACEHOLDERS} placeholders.", "too_long")
    return found


def _timeout(fields: Fields) -> float | None:
    given: Any = fields.data.get("timeout")
    if given is None or given == "":
        return None
    try:
        seconds = duration_seconds(given)
    except PeriodError as error:
        fields.wrong("timeout", str(error))
        return None
    if seconds > MAX_TIMEOUT_S:
        fields.wrong("timeout", "At most an hour.", "out_of_range")
    return seconds
