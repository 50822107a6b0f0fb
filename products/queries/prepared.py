"""Runs the few statements of every request as prepared ones: planning them costs ten times what running them does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection
from django.db.models import Model

PREPARE_AT_ONCE = 0


def fetch(statement: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows, on Django's own connection and in its transaction if there is one. Raises django.db.Error."""
    connection.ensure_connection()
    link = connection.connection
    link.prepare_threshold = PREPARE_AT_ONCE  # Django binds on its side and so never prepares anything by itself
    with connection.wrap_database_errors, psycopg.Cursor(link) as cursor:
        cursor.execute(statement, values, prepare=True)
        return cursor.fetchall()


class Columns:
    """The columns of a model in a statement, and the way from their values to an object as the ORM makes it."""

    def __init__(self, model: type[Model], alias: str) -> None:
        fields = model._meta.concrete_fields
        self._model = model
        self._names = [field.attname for field in fields]
        self._converters = [getattr(field, "from_db_value", None) for field in fields]
        self.sql = ", ".join(f'{alias}."{field.column}"' for field in fields)

    def __len__(self) -> int:
        return len(self._names)

    def object_of(self, values: Sequence[Any]) -> Any:
        """The object of one row's values, in the order of `sql`."""
        made = [
            value if convert is None else convert(value, None, connection)
            for convert, value in zip(self._converters, values, strict=True)
        ]
        return self._model.from_db(connection.alias, self._names, made)
