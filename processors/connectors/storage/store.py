"""What the connector asks of a place that keeps files, whatever it is kept in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from processors.connectors.storage.failures import Effect
from products.lib.signed_files import Method


@dataclass(frozen=True, slots=True)
class FileMeta:
    """What is known of a file without its content. `content_type` "" where it was not kept."""

    key: str
    size: int
    modified_at: datetime
    etag: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of a file: from `start`, at most `length`."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file and its content, or the part that was asked for, in pieces of about a megabyte."""

    meta: FileMeta
    pieces: AsyncGenerator[bytes, None]


class Store(Protocol):
    """One place. Keys are checked already, and are without the place's own folder.

    Every method raises ConnectorError, and FileMissing for a key without file. Whoever calls bounds the time by
    cancelling: what was half-written then is taken away again and was never to be seen. `skips`: a scan that begins
    behind many files costs no more than one that begins at the first.
    """

    skips: bool

    async def put(
        self, key: str, pieces: AsyncIterator[bytes], *, content_type: str, if_absent: bool, effect: Effect
    ) -> str:
        """Keeps all the pieces or nothing; gives the file's etag. An error of `pieces` is raised as it is.

        With `if_absent` raises FileThere where the key is taken.
        """
        ...

    async def get(self, key: str, part: Part | None = None) -> OpenedFile:
        """The file as it is at this moment, whole or a part of it that it has."""
        ...

    async def head(self, key: str) -> FileMeta:
        """What is known of the file; the content type may be missing."""
        ...

    def scan(self, folder: str, *, after: str) -> AsyncGenerator[FileMeta, None]:
        """Every file below the folder ("": all), in the order of its key's bytes, from the first one past `after`."""
        ...

    async def delete(self, key: str, *, effect: Effect) -> None:
        """Removes the file."""
        ...

    async def copy(self, key: str, to: str, *, effect: Effect) -> None:
        """Makes, or replaces, a second file of the same content."""
        ...

    async def sign(self, method: Method, key: str, holds: timedelta) -> str:
        """A URL for whoever has it."""
        ...

    async def close(self) -> None:
        """Let go of what is kept open."""
        ...
