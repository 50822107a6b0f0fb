"""Large contents of runs, in pieces in the database: whatever machine writes them, any other can read them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from processors.connectors.errors import InputRejected, ResponseTooLarge
from processors.connectors.resources import FileNote
from processors.models.files import PIECE_BYTES
from processors.runtime import resource_statements as statements
from processors.runtime.database import Pool, fetch, insist
from processors.runtime.sealers import Sealers
from products.lib.sealing import Place
from products.models.base import new_id

TABLE = "processors_filepiece"


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """Those of the product of one run, sealed (`processors.connectors.resources.Files`)."""

    pool: Pool
    sealers: Sealers
    workspace_id: UUID
    run_id: UUID | None

    async def read(self, file_id: UUID) -> AsyncIterator[bytes]:
        """The content in pieces. Raises InputRejected, psycopg.Error, SealError."""
        wanted = {"id": file_id, "workspace": self.workspace_id, "run": self.run_id}
        rows = await insist(self.pool, statements.FILE, wanted)
        if not rows:
            raise InputRejected("The product has no such file, or it has expired.", details={"field": "file"})
        size, start = rows[0]["size"], 0
        while start < size:
            found = await insist(self.pool, statements.PIECE, {"file": file_id, "start": start})
            if not found:
                raise InputRejected("The uploaded file has just expired.", details={"field": "file"})
            sealer = await self.sealers.sealer(self.workspace_id)
            data = sealer.open_raw(found[0]["sealed"], place=self._place(found[0]["id"]))
            start += len(data)
            yield data

    async def write(self, pieces: AsyncIterator[bytes], *, name: str, content_type: str, max_bytes: int) -> FileNote:
        """Keeps the content for a day. Raises ResponseTooLarge, psycopg.Error, keeping nothing."""
        file_id = new_id()
        values = {"id": file_id, "workspace": self.workspace_id, "run": self.run_id}
        await fetch(self.pool, statements.NEW_FILE, {**values, "name": name[:300], "content_type": content_type[:200]})
        try:
            return await self._filled(file_id, pieces, max_bytes)
        except BaseException:
            await fetch(self.pool, statements.DROP_FILE, {"id": file_id})
            raise

    async def _filled(self, file_id: UUID, pieces: AsyncIterator[bytes], max_bytes: int) -> FileNote:
        digest, size = hashlib.sha256(), 0
        async for data in _even(pieces):
            start, size = size, size + len(data)
            if size > max_bytes:
                raise ResponseTooLarge(details={"limit_bytes": max_bytes})
            digest.update(data)
            piece, sealer = new_id(), await self.sealers.sealer(self.workspace_id)
            sealed = sealer.seal_raw(data, place=self._place(piece))
            await fetch(
                self.pool, statements.NEW_PIECE, {"id": piece, "file": file_id, "start": start, "sealed": sealed}
            )
        note = FileNote(file_id, size, digest.hexdigest())
        await fetch(self.pool, statements.WHOLE_FILE, {"id": file_id, "size": size, "sha256": note.sha256})
        return note

    def _place(self, piece: UUID) -> Place:
        return Place(str(self.workspace_id), TABLE, str(piece), "sealed")


async def _even(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes, cut to the size that is stored."""
    waiting = bytearray()
    async for data in pieces:
        waiting += data
        while len(waiting) >= PIECE_BYTES:
            yield bytes(waiting[:PIECE_BYTES])
            del waiting[:PIECE_BYTES]
    if waiting:
        yield bytes(waiting)
