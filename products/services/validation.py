"""Checks a row against its model before it is written, and turns every refusal into an error that names the field."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import CharField, Model

from products.lib.errors import FieldProblem, Invalid
from products.lib.jsontypes import JsonError, check_json
from products.lib.names import name_form


class Taken(Invalid):
    """The input is well-formed and its name belongs to something else already; forms show it beside the field."""

    status = 409
    code = "conflict"
    message = "That name is taken."


def name_text(text: str) -> str:
    """A name as it is stored: see `products.lib.names`."""
    return name_form(text)


def named(data: Mapping[str, Any]) -> dict[str, Any]:
    """The input with its `name`, if there is one, as it is stored; what is no text is left to who checks it."""
    name = data.get("name")
    return {**data, "name": name_form(name)} if isinstance(name, str) else dict(data)


def check(row: Model) -> None:
    """Raises Invalid for every field that the model's own rules refuse; asks the database nothing."""
    problems = [*_storable(row)]
    if not problems:
        relations = {field.name for field in row._meta.fields if field.is_relation}
        try:
            row.full_clean(exclude=relations, validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            problems = [
                FieldProblem(f"/{name}", "invalid", text)
                for name, texts in error.message_dict.items()
                for text in texts
            ]
    if problems:
        raise Invalid(errors=tuple(problems))


def insert(row: Model, *, unique: str, message: str) -> None:
    """Checks and adds a row. Raises Taken, naming the field `unique`, when the database knows such a row."""
    check(row)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Taken(errors=(FieldProblem(f"/{unique}", "taken", message),)) from error


def assign(row: Model, values: Mapping[str, Any], allowed: Iterable[str]) -> dict[str, Any]:
    """Sets those of `values` that are `allowed` and returns what differs, as {field: [old, new]}; checks the row."""
    known = {name: value for name, value in values.items() if name in set(allowed)}
    differs = {name: [getattr(row, name), value] for name, value in known.items() if getattr(row, name) != value}
    for name, value in known.items():
        setattr(row, name, value)
    check(row)
    return differs


def _storable(row: Model) -> Iterable[FieldProblem]:
    for field in row._meta.fields:
        value = getattr(row, field.attname)
        if not isinstance(value, str | list | dict):
            continue
        try:
            check_json(value)
        except JsonError as error:
            yield FieldProblem(f"/{field.name}{error.pointer}", "invalid", str(error))
            continue
        if isinstance(field, CharField) and isinstance(value, str) and not value.isprintable():
            yield from _one_line(field.name, value)


def _one_line(name: str, value: str) -> Iterable[FieldProblem]:
    """A `$` in a pattern lets one line break through; controls have no place in a name anyway."""
    if any(unicodedata.category(character) == "Cc" for character in value):
        yield FieldProblem(f"/{name}", "invalid", "This must be on one line, without control characters.")
