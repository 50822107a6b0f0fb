"""Seals the values of a column anew with a workspace's newest data key, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model
from psycopg import sql

from products.lib.sealing import Place, Sealer, SealError, split_keys
from products.models import Workspace
from products.services import vault

BATCH = 200
Change = tuple[UUID, bytes, bytes]  # row, sealed value as it was, as it is to be


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A field that holds sealed values of `model`, and the lookup that leads from a row to its workspace."""

    model: type[Model]
    workspace: str
    field: str = "sealed"
    batch: int = BATCH  # rows that are in memory together


def reseal(workspace: Workspace, column: SealedColumn) -> tuple[int, int]:
    """How many values were sealed anew, and how many open with none of the keys."""
    keys = vault.key_ring().unwrap(bytes(workspace.data_key))
    both, newest = Sealer(keys), Sealer(split_keys(keys)[0])
    done = lost = 0
    for rows in _batches(workspace, column):
        changes: list[Change] = []
        for pk, blob in rows:
            place = Place(str(workspace.pk), column.model._meta.db_table, str(pk), column.field)
            if _opens(newest, blob, place):
                continue
            if not _opens(both, blob, place):
                lost += 1
                continue
            changes.append((pk, blob, newest.seal_raw(both.open_raw(blob, place=place), place=place)))
        done += _replace(column, changes)
    return done, lost


def _opens(sealer: Sealer, blob: bytes, place: Place) -> bool:
    try:
        sealer.open_raw(blob, place=place)
    except SealError:
        return False
    return True


def _batches(workspace: Workspace, column: SealedColumn) -> Iterator[list[tuple[UUID, bytes]]]:
    rows = column.model._default_manager.filter(**{column.workspace: workspace, f"{column.field}__isnull": False})
    pairs: Any = rows.order_by("pk").values_list("pk", column.field)
    last: UUID | None = None
    while True:
        page = list((pairs.filter(pk__gt=last) if last is not None else pairs)[: column.batch])
        if not page:
            return
        last = page[-1][0]
        yield [(pk, bytes(blob)) for pk, blob in page]


def _replace(column: SealedColumn, changes: list[Change]) -> int:
    """One statement; a row that somebody has changed meanwhile stays as they made it."""
    meta: Any = column.model._meta
    names = {"table": meta.db_table, "field": meta.get_field(column.field).column, "pk": meta.pk.column}
    statement = sql.SQL(
        "UPDATE {table} t SET {field} = c.new FROM unnest(%s::uuid[], %s::bytea[], %s::bytea[]) AS c(id, old, new)"
        " WHERE t.{pk} = c.id AND t.{field} = c.old"
    ).format(**{name: sql.Identifier(text) for name, text in names.items()})
    if not changes:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(statement, [[change[at] for change in changes] for at in range(3)])
        return int(cursor.rowcount)
