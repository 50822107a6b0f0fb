"""Writes what runs record: one writer for the whole process, many runs in one statement and one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
import structlog
from psycopg.errors import LockNotAvailable

from processors.engine.events import Event, Said
from processors.engine.ports import Fenced
from processors.runtime import feature_statements, statements
from processors.runtime.arrays import Uuids
from processors.runtime.claims import Claim
from processors.runtime.database import AWAY, PATIENCE_S, Patience, Pool, once
from processors.runtime.entries import Entry, columns
from processors.runtime.feature_entries import feature_columns
from processors.runtime.gatherer import Gatherer, Given, Later

log = structlog.get_logger(__name__)
SOON_S = 0.05
LARGE_AT_ONCE = 4
WRITES_AT_ONCE = 500
Heard = Callable[[Claim, tuple[Event, ...], int], None]


class Writer:
    """The one who writes for all runs of a process; what is large goes its own way, and nobody waits for it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._small: Gatherer[Entry, None] = Gatherer(self._write_all)
        self._features: Gatherer[Entry, None] = Gatherer(self._write_all)
        self._large: Gatherer[Entry, None] = Gatherer(self._write_all, most=LARGE_AT_ONCE)
        self._large_features: Gatherer[Entry, None] = Gatherer(self._write_all, most=LARGE_AT_ONCE)

    async def write(self, entry: Entry) -> None:
        """Returns when the entry is committed. Raises Fenced, or psycopg.Error when the database stays away."""
        small, large = (self._features, self._large_features) if entry.is_feature else (self._small, self._large)
        await (large if entry.is_large else small).put(entry)

    async def _write_all(self, entries: list[Entry]) -> Sequence[Given[None]]:
        try:
            return await self._persist(entries)
        except (psycopg.DataError, LockNotAvailable) as error:
            if len(entries) == 1 and not isinstance(error, LockNotAvailable):
                raise
            # A bad value or a lock of somebody else concerns one run: the others must not fail or wait with it, those
            # that come next included.
            return [Later(asyncio.ensure_future(self._alone(entry))) for entry in entries]

    async def _alone(self, entry: Entry) -> None:
        (answer,) = await self._persist([entry], is_patient=True)
        if answer is not None:
            raise answer

    async def _persist(self, entries: list[Entry], *, is_patient: bool = False) -> Sequence[BaseException | None]:
        """Tries until the database has said yes; what an unheard yes already stored is not stored twice."""
        patience, unheard = Patience(PATIENCE_S), False
        words, cut = (feature_statements, feature_columns) if entries[0].is_feature else (statements, columns)
        table = await asyncio.to_thread(cut, entries) if entries[0].is_large else cut(entries)
        statement = words.journal(table)
        while True:
            try:
                written = {row["run_id"] for row in await once(self._pool, statement, table)}
                if unheard:
                    written |= await self._already(entries)
                return [None if entry.run_id in written else Fenced() for entry in entries]
            except AWAY as error:
                if isinstance(error, LockNotAvailable) and not is_patient:
                    raise
                log.warning("journal_waits", runs=len(entries), error=type(error).__name__)
                await patience.after(error)
                unheard = True

    async def _already(self, entries: list[Entry]) -> set[UUID]:
        runs = Uuids(entry.run_id for entry in entries)
        rows = await once(self._pool, statements.WHERE_IT_STANDS, {"runs": runs})
        stands = {row["run_id"]: (row["fence"], row["seq"]) for row in rows}
        return {
            entry.run_id for entry in entries if stands.get(entry.run_id) == (entry.fence, entry.base + entry.lines)
        }


@dataclass(frozen=True, slots=True)
class _Write:
    events: tuple[Event, ...]
    closes: bool


class RunJournal:
    """The journal of one claimed run (`processors.engine.ports.Journal`).

    What its branches write at the same moment goes into one entry: a hundred side by side cost one commit.
    """

    def __init__(self, writer: Writer, claim: Claim, heard: Heard) -> None:
        self._writer = writer
        self._claim = claim
        self._heard = heard
        self._gatherer: Gatherer[_Write, None] = Gatherer(self._write_all, most=WRITES_AT_ONCE)
        self._said: list[Said] = []
        self._soon: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self.seq = claim.seq

    async def write(self, *events: Event) -> None:
        """Returns when the events are durable. Raises Fenced."""
        await self._write(events)

    async def end(self, *events: Event) -> None:
        """As `write`; whatever step or try of the run is still open ends with these. Raises Fenced."""
        await self._write(events, closes=True)

    async def _write(self, events: tuple[Event, ...], *, closes: bool = False) -> None:
        writing = asyncio.ensure_future(self._gatherer.put(_Write(events, closes)))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])  # whoever writes next must know where the run stands
            writing.exception()  # heard: the run's next write fails as this one did
            raise

    async def _write_all(self, writes: list[_Write]) -> Sequence[None]:
        said, self._said = tuple(self._said), []
        events = tuple(event for write in writes for event in write.events)
        await self._persist((*said, *events), closes=any(write.closes for write in writes))
        return [None] * len(writes)

    def say(self, line: Said) -> None:
        """Stores the line with the next write, or after 50 ms."""
        self._said.append(line)
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(SOON_S, self._flush_now)

    async def close(self) -> None:
        """Forgets what nobody will write any more."""
        if self._soon:
            self._soon.cancel()
        if self._flushing and not self._flushing.done():
            await asyncio.wait([self._flushing])

    async def _persist(self, events: tuple[Event, ...], *, closes: bool) -> None:
        claim = self._claim
        entry = Entry(
            claim.run_id, claim.fence, self.seq, events, closes, claim.kind == "feature", parent_id=claim.parent_id
        )
        await self._writer.write(entry)
        self.seq += entry.lines
        self._heard(self._claim, events, self.seq)

    def _flush_now(self) -> None:
        self._soon = None
        if self._said:
            self._flushing = asyncio.ensure_future(self._flush())

    async def _flush(self) -> None:
        try:
            await self.write()
        except (Fenced, psycopg.Error):
            return  # the run's next real write says so to whom it concerns
