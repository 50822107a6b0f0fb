"""Notes when connections last worked and last did not, and what secrets were used for, a few times a minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from processors.engine.step import StepError
from processors.runtime import statements
from processors.runtime.database import Pool, fetch
from processors.runtime.uses import Uses

# What says something about the connection; a 404 or a refused input says nothing about it.
_TELLING = frozenset({"configuration", "network", "remote"})


@dataclass(slots=True)
class _Note:
    success_at: datetime | None = None
    failure_at: datetime | None = None
    failure: str | None = None


class Health:
    """Collects in memory; somebody calls `store` now and then. Losing a note costs nothing.

    `statement` writes the notes to the rows whose ids `succeeded` and `failed` are given.
    """

    def __init__(self, pool: Pool, statement: str) -> None:
        self._pool = pool
        self._statement = statement
        self._notes: dict[UUID, _Note] = {}

    def succeeded(self, row: UUID) -> None:
        """It works."""
        self._notes.setdefault(row, _Note()).success_at = datetime.now(UTC)

    def failed(self, row: UUID, error: StepError) -> None:
        """It does not, if the error tells something about what was called."""
        if error.fault in _TELLING:
            note = self._notes.setdefault(row, _Note())
            note.failure_at, note.failure = datetime.now(UTC), error.message[:500]

    async def store(self) -> None:
        """Writes what was noted. Raises psycopg.Error."""
        notes, self._notes = self._notes, {}
        if not notes:
            return
        ordered = sorted(notes.items())
        await fetch(
            self._pool,
            self._statement,
            {
                "ids": [key for key, _ in ordered],
                "success_at": [note.success_at for _, note in ordered],
                "failure_at": [note.failure_at for _, note in ordered],
                "failure": [note.failure for _, note in ordered],
            },
        )


class ConnectionHealth(Health):
    """Of the environments of connections; notes what secrets were used for, too."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool, statements.NOTE_HEALTH)
        self.uses = Uses(pool)

    async def store(self) -> None:
        """Writes what was noted. Raises psycopg.Error."""
        await self.uses.store()
        await super().store()
