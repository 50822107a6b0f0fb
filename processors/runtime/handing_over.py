"""Where contents go while somebody only looks: a part that is fetched, to the web process; all others nowhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from processors.connectors.errors import InputRejected, ResponseTooLarge
from processors.connectors.resources import FileNote
from processors.live import wire
from processors.runtime.secrets import Vault
from products.lib.sealing import Place

KEPT_S = 30
TABLE, FIELD = "look", "part"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Takes the one content that an answer comes with (`processors.connectors.resources.Files`): sealed, in Valkey, for
    seconds.
    """

    valkey: Any
    vault: Vault
    look_id: UUID

    def read(self, file_id: UUID) -> AsyncIterator[bytes]:
        """Raises InputRejected: nothing is saved while somebody looks."""
        raise InputRejected("There are no uploaded files here.", details={"field": "file"})

    async def write(self, pieces: AsyncIterator[bytes], *, name: str, content_type: str, max_bytes: int) -> FileNote:
        """Whole in memory, so that `max_bytes` is small. Raises ResponseTooLarge, redis.RedisError."""
        data = bytearray()
        async for piece in pieces:
            data += piece
            if len(data) > max_bytes:
                raise ResponseTooLarge(details={"limit_bytes": max_bytes})
        place = Place(str(self.vault.workspace_id), TABLE, str(self.look_id), FIELD)
        blob = self.vault.sealer.seal_raw(bytes(data), place=place)
        await self.valkey.set(wire.PART.format(id=self.look_id), blob, ex=KEPT_S)
        return FileNote(self.look_id, len(data), "")


@dataclass(frozen=True, slots=True)
class NothingKept:
    """Takes no content (`processors.connectors.resources.Files`): who may only look fills no disk of the platform's."""

    def read(self, file_id: UUID) -> AsyncIterator[bytes]:
        """Raises InputRejected: nothing is saved while somebody looks."""
        raise InputRejected("There are no uploaded files here.", details={"field": "file"})

    async def write(self, pieces: AsyncIterator[bytes], *, name: str, content_type: str, max_bytes: int) -> FileNote:
        """Raises ResponseTooLarge."""
        raise ResponseTooLarge("This is too large to be shown at once: download the file, or read it in a run.")
