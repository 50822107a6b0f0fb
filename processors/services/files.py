"""Takes in and gives out contents too large for an input or output, a piece at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from processors.models import FilePiece, KeptFile
from processors.models.files import PIECE_BYTES
from products import access
from products.access import Actor, Permission, mine, narrow_to_products
from products.lib.byte_ranges import Span
from products.lib.errors import Conflict, Invalid, TooLarge
from products.services import vault

KEPT = timedelta(days=1)
MAX_BYTES = 5_000_000_000


class Readable(Protocol):
    """What an upload is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at its end."""
        ...


def take_in(
    actor: Actor, product: str, content: Readable, *, name: str, content_type: str = "", is_whole: bool = True
) -> KeptFile:
    """Keeps a content for runs of a product (its tag) for a day; one that is not whole goes on with `append`.

    Raises NotFound, Forbidden, Invalid, keeping nothing.
    """
    actor.need(Permission.RUN)
    of = access.product(actor, product)
    if not name or len(name) > 300 or not name.isprintable():
        raise Invalid.field("name", "A file's name has 1 to 300 printable characters.")
    with transaction.atomic():
        row = KeptFile.objects.create(
            workspace=actor.workspace,
            product=of,
            name=name,
            content_type=content_type[:200],
            expires_at=timezone.now() + KEPT,
        )
        _add(row, content, is_last=is_whole)
    return row


def append(actor: Actor, file_id: UUID, content: Readable, *, offset: int, is_last: bool) -> KeptFile:
    """Adds what comes next. Raises NotFound, Forbidden, TooLarge; Conflict where `offset` is not the size so far."""
    actor.need(Permission.RUN)
    with transaction.atomic():
        rows = _reached(actor).select_for_update(of=("self",)).filter(is_whole=False)
        row = mine(actor, rows, "file", pk=file_id)
        if offset != row.size:
            raise Conflict(f"The next byte is number {row.size}.", code="offset")
        _add(row, content, is_last=is_last)
    return row


def kept_file(actor: Actor, file_id: UUID) -> KeptFile:
    """A whole content that has not expired. Raises NotFound, Forbidden."""
    actor.need(Permission.VIEW)
    rows = _reached(actor).filter(is_whole=True).select_related("workspace")
    return mine(actor, rows, "file", pk=file_id)


def _reached(actor: Actor) -> QuerySet[KeptFile]:
    """Those that have not expired, of products in the actor's scope."""
    rows = KeptFile.objects.filter(workspace=actor.workspace, expires_at__gt=timezone.now())
    return narrow_to_products(actor, rows)


def pieces(row: KeptFile, span: Span | None = None) -> Iterator[bytes]:
    """The content, or some bytes of it, a piece at a time. Raises FilePiece.DoesNotExist, SealError."""
    wanted = span or Span(0, row.size)
    at = wanted.start
    while at < wanted.end:
        piece = row.pieces.filter(start__lte=at).order_by("-start")[:1].get()
        data = vault.open_raw(row.workspace, piece, "sealed", bytes(piece.sealed))[
            at - piece.start : wanted.end - piece.start
        ]
        if not data:
            raise FilePiece.DoesNotExist
        at += len(data)
        yield data


def _add(row: KeptFile, content: Readable, *, is_last: bool) -> None:
    while data := _piece(content):
        start, row.size = row.size, row.size + len(data)
        if row.size > MAX_BYTES:
            raise TooLarge(f"A file may have at most {MAX_BYTES:,} bytes.")
        piece = FilePiece(file=row, start=start)
        piece.sealed = vault.seal_raw(row.workspace, piece, "sealed", data)
        piece.save(force_insert=True)
    row.is_whole = is_last
    row.sha256 = _digest(row) if is_last else ""
    row.save(update_fields=["size", "sha256", "is_whole"])


def _digest(row: KeptFile) -> str:
    digest = hashlib.sha256()
    for data in pieces(row):
        digest.update(data)
    return digest.hexdigest()


def _piece(content: Readable) -> bytes:
    """A whole piece, however little each read gives."""
    parts, left = [], PIECE_BYTES
    while left > 0 and (data := content.read(left)):
        parts.append(data)
        left -= len(data)
    return b"".join(parts)
