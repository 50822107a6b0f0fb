"""Which columns of MariaDB hold JSON: there they are long texts with a check, and only the check tells."""

from __future__ import annotations

import time
from typing import Any, Final
from uuid import UUID

from asyncmy.constants import FIELD_TYPE

KEPT_S: Final = 60.0
_LONGEST: Final = -1  # of LONGTEXT, as the driver gives it
_CHECKED: Final = (
    "SELECT c.TABLE_NAME, c.COLUMN_NAME FROM information_schema.COLUMNS c JOIN information_schema.CHECK_CONSTRAINTS k "
    "ON k.CONSTRAINT_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME "
    "AND k.CHECK_CLAUSE = CONCAT('json_valid(`', c.COLUMN_NAME, '`)') "
    "WHERE c.TABLE_SCHEMA = DATABASE() AND c.DATA_TYPE = 'longtext' LIMIT 5000"
)
Columns = frozenset[tuple[str, str]]


class JsonColumns:
    """By place; asked for again after a minute. A column that becomes JSON is text until then."""

    def __init__(self) -> None:
        self._known: dict[tuple[UUID, str], tuple[float, Columns]] = {}

    async def of(self, connection: Any, key: tuple[UUID, str]) -> Columns:
        """Tables and columns of the connection's database."""
        known = self._known.get(key)
        if known and known[0] > time.monotonic():
            return known[1]
        await connection.query(_CHECKED)
        found = frozenset((str(row[0]), str(row[1])) for row in connection._result.rows or ())
        if len(self._known) > 1_000:
            self._known.clear()
        self._known[key] = (time.monotonic() + KEPT_S, found)
        return found


def suspects(fields: Any) -> dict[int, tuple[str, str]]:
    """The columns of a result that may hold JSON, by their place in a row."""
    return {
        number: (field.org_table, field.org_name)
        for number, field in enumerate(fields)
        if field.type_code == FIELD_TYPE.BLOB and field.org_table and field.description()[3] == _LONGEST
    }
