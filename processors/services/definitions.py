"""Forgets definitions that no run names any more, a few at a time and never one that a run is just starting with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.utils import OperationalError

log = structlog.get_logger(__name__)
LOT = 200
KEEP_DAYS = 1  # a page or a worker may still be at it
LOCK_PATIENCE = "200ms"  # starts must not stand in line behind us; there is a next time

# Whoever writes a run reads its definition in the same statement, and holds this lock shared until the commit. Who
# has it alone sees every run that names a definition, and who comes after sees the definition gone and writes it anew.
_ALONE = "LOCK TABLE processors_rundefinition IN ACCESS EXCLUSIVE MODE"
_NEXT = """
SELECT d.hash, EXISTS (SELECT FROM processors_run r WHERE r.definition_id = d.hash) FROM (
    SELECT hash FROM processors_rundefinition
    WHERE hash > %(after)s AND created_at < now() - %(days)s * interval '1 day' ORDER BY hash LIMIT %(lot)s
) AS d ORDER BY d.hash
"""
_FORGET = """
DELETE FROM processors_rundefinition d WHERE d.hash = ANY(%(hashes)s::text[])
    AND NOT EXISTS (SELECT FROM processors_run r WHERE r.definition_id = d.hash)
"""
_OF_WORKSPACE = "SELECT hash FROM processors_rundefinition WHERE workspace_id = %s ORDER BY hash LIMIT %s"
# The same definition in another workspace is the same row: it goes to whoever still runs it.
_HAND_OVER = """
UPDATE processors_rundefinition d SET workspace_id = r.workspace_id FROM processors_run r
WHERE d.hash = ANY(%(hashes)s::text[]) AND r.definition_id = d.hash AND r.workspace_id <> d.workspace_id
"""


class Round:
    """Goes through all definitions, one lot at each call, again and again."""

    def __init__(self) -> None:
        self._after = ""

    def go_on(self) -> int:
        """How many were forgotten; 0 also while somebody else holds the table."""
        with connection.cursor() as cursor:
            cursor.execute(_NEXT, {"after": self._after, "days": KEEP_DAYS, "lot": LOT})
            found = cursor.fetchall()
        self._after = found[-1][0] if len(found) == LOT else ""
        return _forget([hash_ for hash_, is_named in found if not is_named])


def forget_of(workspace_id: UUID) -> bool:
    """One lot of a workspace whose own runs are gone, inside a transaction; whether there may be more.

    Raises OperationalError while somebody else, such as a backup, holds the table.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OF_WORKSPACE, [workspace_id, LOT])
        hashes = [row[0] for row in cursor.fetchall()]
        _lock(cursor)
        cursor.execute(_HAND_OVER, {"hashes": hashes})
        cursor.execute(_FORGET, {"hashes": hashes})
    return len(hashes) == LOT


def _lock(cursor: Any) -> None:
    cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_PATIENCE}'")
    cursor.execute(_ALONE)


def _forget(hashes: Sequence[str]) -> int:
    if not hashes:
        return 0
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            _lock(cursor)
            cursor.execute(_FORGET, {"hashes": list(hashes)})
            return int(cursor.rowcount)
    except OperationalError as error:
        log.info("definitions_busy", error=type(error).__name__)
        return 0
