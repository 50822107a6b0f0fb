"""The real clock of the engine."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from uuid import UUID

from products.models.base import new_id


class WallClock:
    """Time as the machine has it (`processors.engine.ports.Clock`)."""

    def now(self) -> datetime:
        """UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Waits without holding anything."""
        await asyncio.sleep(seconds)

    def jitter(self) -> float:
        """Evenly from -1 to 1."""
        return random.uniform(-1, 1)  # noqa: S311 - spreads load, hides nothing

    def new_id(self) -> UUID:
        """A UUIDv7."""
        return new_id()
