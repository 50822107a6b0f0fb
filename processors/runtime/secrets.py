"""Opens and seals what belongs to one workspace, on the runtime's side."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from products.lib.sealing import Place, Sealer
from products.models import Workspace
from products.services import vault


@dataclass(frozen=True, slots=True)
class Vault:
    """One workspace's sealed values, by table and row."""

    workspace_id: UUID
    sealer: Sealer

    @classmethod
    def of(cls, workspace_id: UUID, data_key: bytes) -> Vault:
        """By the wrapped data key. Raises SealError when no master key of this worker fits."""
        return cls(workspace_id, vault.sealer(Workspace(data_key=data_key)))

    def open(self, table: str, row: UUID, blob: bytes) -> str:
        """The text sealed in the field `sealed`. Raises SealError."""
        return self.sealer.open(blob, place=self._place(table, row))

    def seal(self, table: str, row: UUID, text: str) -> bytes:
        """`text` for the field `sealed` of that row only."""
        return self.sealer.seal(text, place=self._place(table, row))

    def _place(self, table: str, row: UUID) -> Place:
        return Place(str(self.workspace_id), table, str(row), "sealed")
