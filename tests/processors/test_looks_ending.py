"""R8: a worker that stops while somebody looks."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError
from typing import Any
from uuid import UUID, uuid4

import pytest

from processors.runtime import engine_room, loop
from processors.runtime.looks import Looks
from tests.processors.conftest import Runs

pytestmark = pytest.mark.django_db(transaction=True)


def test_R8_a_look_that_does_not_end_is_broken_off_with_its_worker(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(looks: Looks, look_id: UUID) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(engine_room, "ENDS_S", 0.1)
    monkeypatch.setattr(Looks, "_answer", never)
    asked = loop.start().look(uuid4())
    loop.stop()
    with pytest.raises(CancelledError):
        asked.result(60)
