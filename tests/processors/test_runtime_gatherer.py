"""Work that is gathered into lots: one item's trouble is its own, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from processors.runtime.gatherer import Gatherer, Later


async def test_R7_who_clears_the_frames_of_an_error_closes_nothing_that_lives() -> None:
    """As Celery does with the error of a task, in another thread, while the next lot is being worked on."""
    go_on, lots = asyncio.Event(), []

    async def work(items: list[int]) -> Sequence[int]:
        lots.append(items)
        if len(lots) == 1:
            await asyncio.sleep(0)
            raise psycopg.OperationalError("away")
        await go_on.wait()
        return items

    gatherer: Gatherer[int, int] = Gatherer(work, most=2)
    waiters = [asyncio.ensure_future(gatherer.put(number)) for number in range(4)]
    errors = await asyncio.gather(*waiters[:2], return_exceptions=True)
    while len(lots) < 2:
        await asyncio.sleep(0)
    for error in errors:
        assert isinstance(error, psycopg.OperationalError)
        trace = error.__traceback__
        while trace is not None:
            _clear(trace.tb_frame)
            trace = trace.tb_next
    go_on.set()
    async with asyncio.timeout(120):
        assert await asyncio.gather(*waiters[2:]) == [2, 3]
        assert await gatherer.put(4) == 4


def _clear(frame: object) -> None:
    try:
        frame.clear()  # type: ignore[attr-defined]
    except RuntimeError:
        return  # it is being executed


async def test_an_answer_that_comes_later_holds_up_no_other() -> None:
    first: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work(items: list[str]) -> Sequence[str | Later[str]]:
        return [Later(first) if item == "slow" else item for item in items]

    gatherer: Gatherer[str, str] = Gatherer(work)
    slow = asyncio.ensure_future(gatherer.put("slow"))
    assert await gatherer.put("a") == "a"
    assert await gatherer.put("b") == "b"
    assert not slow.done()
    first.set_exception(ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        await slow


async def test_who_no_longer_waits_disturbs_nobody() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(items: list[int]) -> Sequence[int]:
        begun.set()
        await go_on.wait()
        return items

    gatherer: Gatherer[int, int] = Gatherer(work)
    gone, other = asyncio.ensure_future(gatherer.put(1)), asyncio.ensure_future(gatherer.put(2))
    await begun.wait()
    gone.cancel()
    go_on.set()
    assert await other == 2
