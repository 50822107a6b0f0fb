"""Contents on their way into a store: counted, cut off when they are too long, and ended when nobody waits any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

PIECE = 5 * 1024 * 1024  # the least that S3 takes for a part that is not the last
_ENDED = "The upload was given up."


class GivenUp(Exception):
    """Nobody waits for the upload; raised inside it, so that the library takes away what it has sent."""


class Feed:
    """Pieces for an upload of the storage library, which takes parts away again when its source fails.

    `error` is what the source raised; `ended` whether all was handed out, so that the upload may be whole.
    """

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._stopped = asyncio.Event()
        self._held = bytearray()
        self._drawn = False
        self.error: BaseException | None = None
        self.ended = False

    async def beginning(self, most: int) -> bytes | None:
        """All of the content when it has at most this many bytes, else None. Raises what `pieces` does."""
        async for piece in self._pieces:
            self._held += piece
            if len(self._held) > most:
                return None
        self._drawn = True
        return bytes(self._held)

    def stop(self) -> None:
        """The next piece is an error."""
        self._stopped.set()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self._next()
        except StopAsyncIteration:
            self.ended = True
            raise
        except BaseException as error:
            self.error = error
            raise

    async def _next(self) -> bytes:
        if self._stopped.is_set():
            raise GivenUp(_ENDED)
        if self._held:
            piece, self._held = bytes(self._held), bytearray()
            return piece
        if self._drawn:
            raise StopAsyncIteration
        return await self._pulled()

    async def _pulled(self) -> bytes:
        pulling = asyncio.ensure_future(anext(self._pieces, None))
        stopping = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({pulling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not pulling.done():
                pulling.cancel()
        if not pulling.done() or pulling.cancelled():
            raise GivenUp(_ENDED)
        piece = pulling.result()
        if piece is None:
            raise StopAsyncIteration
        return piece


async def bounded(pieces: AsyncIterator[bytes], most: int, too_long: Exception) -> AsyncIterator[bytes]:
    """The same pieces. Raises `too_long` before the one that would be more than `most` bytes in all."""
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > most:
            raise too_long
        if piece:
            yield piece


async def counted(pieces: AsyncIterator[bytes], sizes: list[int]) -> AsyncIterator[bytes]:
    """The same pieces; the size of each goes into `sizes`' only item, which is the sum."""
    async for piece in pieces:
        sizes[0] += len(piece)
        yield piece
