"""Columns of many rows as PostgreSQL's binary arrays.

psycopg's own lists change their type with what is in them (nothing, only NULLs), and so does the statement that they
are for: it would be planned anew for each mixture. As text they are escaped sign by sign as well, which for JSON takes
longer than all else.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD, _EMPTY, _LENGTH, _NUMBER, _MOMENT = (struct.Struct(f"!{kinds}") for kinds in ("5I", "3I", "i", "i", "q"))
_NULL = _LENGTH.pack(-1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Texts(list[str | None]):
    """text[]; also for JSON, which is cast on the other side."""


class Uuids(list[UUID | None]):
    """uuid[]."""


class Ints(list[int | None]):
    """int[]."""


class Moments(list[datetime | None]):
    """timestamptz[], of aware times."""


class _ArrayDumper(Dumper):
    """One dimension, counted from 1, NULLs allowed (array_recv in PostgreSQL's arrayfuncs.c)."""

    format = Format.BINARY
    element_oid: ClassVar[int]

    def dump(self, obj: Any) -> Buffer:
        """The wire format."""
        if not obj:
            return _EMPTY.pack(0, 0, self.element_oid)
        parts = [_HEAD.pack(1, 1, self.element_oid, len(obj), 1)]
        for item in obj:
            if item is None:
                parts.append(_NULL)
            else:
                raw = self.element(item)
                parts += (_LENGTH.pack(len(raw)), raw)
        return b"".join(parts)

    def element(self, item: Any) -> bytes:
        """One of them."""
        raise NotImplementedError


class _TextsDumper(_ArrayDumper):
    oid, element_oid = 1009, 25

    def element(self, item: str) -> bytes:
        return item.encode()


class _UuidsDumper(_ArrayDumper):
    oid, element_oid = 2951, 2950

    def element(self, item: UUID) -> bytes:
        return item.bytes


class _IntsDumper(_ArrayDumper):
    oid, element_oid = 1007, 23

    def element(self, item: int) -> bytes:
        return _NUMBER.pack(item)


class _MomentsDumper(_ArrayDumper):
    oid, element_oid = 1185, 1184

    def element(self, item: datetime) -> bytes:
        return _MOMENT.pack((item - _EPOCH) // _MICROSECOND)


def teach(connection: AsyncConnection[Any]) -> None:
    """Lets a connection take these columns as parameters."""
    pairs = ((Texts, _TextsDumper), (Uuids, _UuidsDumper), (Ints, _IntsDumper), (Moments, _MomentsDumper))
    for column, dumper in pairs:
        connection.adapters.register_dumper(column, dumper)
