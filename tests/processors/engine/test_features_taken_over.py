"""A feature's run whose worker dies at any moment."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from processors.engine.states import RunState
from tests.processors.engine.feature_scene import FINAL, Scene, action, chain, feature, undo

pytestmark = pytest.mark.asyncio


TEN = chain(
    *(action(f"s{n}", rollback=undo(f"u{n}")) for n in range(4)),
    {"tag": "mark", "type": "checkpoint", "input": 1},
    action("loop", for_each=[1, 2, 3], concurrency=2, input=["$Item", "$Uuid()", "$Now"]),
    {"tag": "nap", "type": "sleep", "input": "5ms"},
    {"tag": "maybe", "type": "action", "app": "shop", "event": "maybe", "condition": "false"},
    action("last", input=["$Sequence{main}{loop}", "$Uuid()"]),
    output={"steps": "$Sequence{main}", "id": "$Uuid()"},
)


@pytest.mark.parametrize("fails", ["", "last"])
@pytest.mark.parametrize("stored", [True, False], ids=["after the commit", "before the commit"])
async def test_R1_a_worker_that_dies_at_any_write_leaves_a_run_that_ends_as_if_it_had_not(
    fails: str, stored: bool
) -> None:
    expected = Scene(feature(TEN))
    if fails:
        expected.failing(fails, error=FINAL)
    final = await expected.carry()
    assert expected.store.writes > 10
    for die_at in range(1, expected.store.writes + 1):
        scene = Scene(expected.plan)
        if fails:
            scene.failing(fails, error=FINAL)
        await scene.carry(die_at=die_at, stored=stored)
        if scene.store.ended is None:
            assert await scene.carry() is final, die_at
        assert scene.store.states() == expected.store.states(), die_at
        assert scene.store.ended is not None
        assert expected.store.ended is not None
        assert scene.store.ended.output == expected.store.ended.output
        check_effects(scene, expected)


def check_effects(scene: Scene, expected: Scene) -> None:
    """Only the calls in flight were made again, with the same key, and nothing that was not to be made was."""
    keys: dict[tuple[str, int], set[str]] = {}
    times: dict[tuple[str, int], int] = {}
    for call in scene.outside.calls:
        at = (call.spec.tag, call.spec.index)
        keys.setdefault(at, set()).add(call.idempotency_key)
        times[at] = times.get(at, 0) + 1
    assert {(call.spec.tag, call.spec.index) for call in expected.outside.calls} == set(keys)
    inputs = {(call.spec.tag, call.spec.index): call.input for call in expected.outside.calls}
    assert all(call.input == inputs[call.spec.tag, call.spec.index] for call in scene.outside.calls)
    again = [at for at, count in times.items() if count > 1]
    assert all(times[at] == 2 for at in again)
    assert len(again) <= 2  # the loop has two in flight
    assert all(len(keys[at]) == 1 for at in again)


async def test_R23_a_run_whose_workers_keep_dying_at_random_ends_with_each_effect_once_per_key() -> None:
    for seed in range(60):
        chance = random.Random(seed)
        scene = Scene(feature(TEN))
        if seed % 3 == 0:
            scene.failing("last", error=FINAL)
        while scene.store.ended is None:
            await scene.carry(die_at=chance.randint(1, 8), stored=chance.random() < 0.5)
            scene.clock.time += timedelta(seconds=1)
        assert scene.store.ended.state in {RunState.COMPLETED, RunState.ROLLED_BACK}, seed
        completed = {tag.split("#")[0] for tag, state in scene.store.states().items() if state == "completed"}
        assert {"main/mark", "main/loop"} <= completed, seed
