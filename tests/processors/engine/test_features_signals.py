"""A feature's run is told something: each signal is for one wait alone, whoever asks at the same moment."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from processors.engine.ports import Signal
from processors.engine.states import RunState
from processors.engine.testing import START
from products.lib.jsontypes import JsonObject
from tests.processors.engine.feature_scene import Scene, action, feature

pytestmark = pytest.mark.asyncio
WAIT: JsonObject = {"tag": "ok", "type": "wait_signal", "event": "go"}


def send(scene: Scene, *numbers: int) -> None:
    """Signals that carry their numbers."""
    scene.store.signals += [("go", Signal(UUID(int=number), {"number": number}, START)) for number in numbers]


def got(scene: Scene) -> list[object]:
    """The numbers that came through, one for each wait that is over."""
    outputs = (one.output for one in scene.store.known.values())
    return sorted(output["number"] for output in outputs if isinstance(output, dict) and "number" in output)


async def test_each_of_several_waits_takes_a_signal_of_its_own() -> None:
    items: JsonObject = {**WAIT, "for_each": ["a", "b", "c"], "concurrency": 3}
    scene = Scene(feature({"sequences": [{"tag": "main", "events": [items]}, {"tag": "side", "events": [WAIT]}]}))
    send(scene, 1, 2, 3)
    assert await scene.carry() is RunState.WAITING
    assert (got(scene), len(scene.store.taken)) == ([1, 2, 3], 3)
    send(scene, 4)
    assert await scene.carry() is RunState.COMPLETED
    assert (got(scene), len(scene.store.taken)) == ([1, 2, 3, 4], 4)


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("die_at", range(1, 9))
async def test_R1_a_signal_taken_by_a_worker_that_died_is_there_for_the_next(die_at: int, stored: bool) -> None:
    items: JsonObject = {**WAIT, "for_each": ["a", "b", "c"], "concurrency": 3}
    scene = Scene(feature({"sequences": [{"tag": "main", "events": [items, action("after")]}]}))
    send(scene, 1, 2, 3)
    await scene.carry(die_at=die_at, stored=stored)
    assert scene.store.ended is not None or await scene.carry() is RunState.COMPLETED
    assert (got(scene), len(scene.store.taken)) == ([1, 2, 3], 3)
    assert scene.outside.made()[-1] == "after"


async def test_a_wait_that_finds_all_signals_taken_hears_of_the_next_one() -> None:
    plan = feature({
        "sequences": [
            {"tag": "left", "events": [action("slow")]},
            {"tag": "one", "events": [WAIT]},
            {"tag": "two", "events": [WAIT]},
        ]
    })  # fmt: skip
    scene = Scene(plan)
    scene.outside.takes = 0.05
    send(scene, 1)
    carrying = asyncio.create_task(scene.carry())
    while not scene.outside.calls:
        await asyncio.sleep(0)
    send(scene, 2)
    assert scene.runner is not None
    scene.runner.news()
    assert await carrying is RunState.COMPLETED
    assert (got(scene), len(scene.store.taken)) == ([1, 2], 2)
