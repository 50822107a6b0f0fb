"""A worker in a process of its own that holds one run and lets it say many lines a second, each with its own time."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from uuid import UUID

import django

django.setup()

from processors.conf import knobs
from processors.engine.events import RunEnded, Said
from processors.engine.states import RunState
from processors.runtime.claims import Claim, Claims, Worker
from processors.runtime.contact import Contact
from processors.runtime.engine_room import EngineRoom
from processors.runtime.heartbeat import Identity
from processors.runtime.journal import RunJournal
from products.models.base import new_id


async def talk(run_id: UUID, *, a_second: int, seconds: float) -> None:
    """Claims the run as any worker does, and says its lines evenly through its journal."""
    identity = Identity(new_id())
    room = await EngineRoom.open(identity, knobs())
    parts = room._parts()
    claims = Claims(parts.pool, Worker(identity.id, identity.name), Contact(gap_s=15), lease_s=seconds + 60)
    (claim,) = await claims.take([run_id])
    await _say_lines(RunJournal(parts.writer, claim, parts.heard), claim, a_second=a_second, seconds=seconds)
    await room.close()


async def _say_lines(journal: RunJournal, claim: Claim, *, a_second: int, seconds: float) -> None:
    began = time.monotonic()
    for number in range(int(a_second * seconds)):
        await asyncio.sleep(max(0.0, began + number / a_second - time.monotonic()))
        journal.say(Said(datetime.now(UTC), "info", f"Line {number} said at {time.time():.6f}.", claim.target))
    await journal.end(RunEnded(datetime.now(UTC), RunState.COMPLETED))
    await journal.close()


if __name__ == "__main__":
    asyncio.run(talk(UUID(sys.argv[1]), a_second=int(sys.argv[2]), seconds=float(sys.argv[3])))
