"""Seals and opens what may not be stored in clear, each value bound to its workspace, table, row and field."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.db.models import Model

from products.lib.sealing import KeyRing, Place, Sealer, new_data_key
from products.models import Workspace


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> KeyRing:
    return KeyRing(keys)


def key_ring() -> KeyRing:
    """The operator's master keys. Raises SealError when they are not usable."""
    return _ring(tuple(settings.FIELD_ENCRYPTION_KEYS))


def wrapped_data_key() -> bytes:
    """A new workspace's data key, in the form that is stored."""
    return key_ring().wrap(new_data_key())


@lru_cache(maxsize=512)
def _sealer(wrapped: bytes) -> Sealer:
    return Sealer(key_ring().unwrap(wrapped))


def sealer(workspace: Workspace) -> Sealer:
    """The workspace's own sealer. Raises SealError when no master key fits."""
    return _sealer(bytes(workspace.data_key))


def place(workspace: Workspace, row: Model, field: str) -> Place:
    """Where a value of `row` lives; the row must have its id already."""
    return Place(str(workspace.pk), row._meta.db_table, str(row.pk), field)


def seal(workspace: Workspace, row: Model, field: str, text: str) -> bytes:
    """`text` for this row and field only."""
    return sealer(workspace).seal(text, place=place(workspace, row, field))


def seal_bytes(workspace: Workspace, row: Model, field: str, content: bytes) -> bytes:
    """`content` for this row and field only: as text, each byte the character of its number."""
    return seal(workspace, row, field, content.decode("latin-1"))


def open_bytes(workspace: Workspace, row: Model, field: str, blob: bytes) -> bytes:
    """The content. Raises SealError as `open_sealed`."""
    return open_sealed(workspace, row, field, blob).encode("latin-1")


def seal_raw(workspace: Workspace, row: Model, field: str, content: bytes) -> bytes:
    """`content` for this row and field only, as it is: for what is large."""
    return sealer(workspace).seal_raw(content, place=place(workspace, row, field))


def open_raw(workspace: Workspace, row: Model, field: str, blob: bytes) -> bytes:
    """What `seal_raw` has sealed. Raises SealError as `open_sealed`."""
    return sealer(workspace).open_raw(blob, place=place(workspace, row, field))


def open_sealed(workspace: Workspace, row: Model, field: str, blob: bytes) -> str:
    """The text. Raises SealError for a value of another row, field or workspace."""
    return sealer(workspace).open(bytes(blob), place=place(workspace, row, field))
