"""A kept content as it is sent from ASGI, without ever being whole in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connection

from processors.models import KeptFile
from processors.services.files import pieces
from products.lib.byte_ranges import Span


@dataclass(frozen=True, slots=True)
class KeptContent:
    """See `file_answers.Content`."""

    row: KeptFile

    @property
    def name(self) -> str:
        """The last part of what it was called."""
        return self.row.name.rsplit("/", 1)[-1]

    @property
    def size(self) -> int:
        """In bytes."""
        return self.row.size

    @property
    def etag(self) -> str:
        """It never changes."""
        return self.row.sha256

    @property
    def modified(self) -> datetime:
        """When it came."""
        return self.row.created_at

    async def opened(self, span: Span) -> AsyncIterator[bytes]:
        """These bytes, a piece at a time."""
        left = pieces(self.row, span)

        def following() -> bytes:
            close_old_connections()
            try:
                return next(left, b"")
            finally:
                connection.close()  # nobody holds one while the caller reads

        while data := await sync_to_async(following, thread_sensitive=False)():
            yield data
