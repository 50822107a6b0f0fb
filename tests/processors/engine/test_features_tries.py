"""What the tries of a call are given: the same each time, but for the number that they ask for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from processors.engine.states import RunState
from processors.engine.step import StepError
from products.lib.jsontypes import JsonObject
from tests.processors.engine.feature_scene import FINAL, Scene, action, chain, feature, undo

pytestmark = pytest.mark.asyncio
NUMBER: JsonObject = {"number": "$Run{attempt}", "run": "$Run{id}", "id": "$Uuid()"}
AWAY = StepError("remote_failed", "Away.", "remote", retryable=True)


def given(scene: Scene, target: str) -> list[int]:
    """The numbers that the calls of a target were given."""
    inputs = [call.input for call in scene.outside.calls if call.spec.target == target]
    assert len({(one["run"], one["id"]) for one in inputs}) == 1
    return [one["number"] for one in inputs]


@pytest.mark.parametrize("delay", ["50ms", "1h"])
async def test_R16_an_input_says_which_try_it_is(delay: str) -> None:
    scene = Scene(feature(chain(action("a", input=NUMBER, retries=3, retry_delay=delay, backoff=1))))
    scene.failing("a", times=3)
    while await scene.carry() is RunState.WAITING:
        scene.clock.time += timedelta(hours=1)
    assert scene.store.state is RunState.COMPLETED
    assert given(scene, "a") == [call.number for call in scene.outside.calls] == [1, 2, 3, 4]


async def test_R16_a_try_after_one_that_was_lost_with_its_worker_has_its_own_number() -> None:
    scene = Scene(feature(chain(action("a", input=NUMBER))))
    assert await scene.carry(die_at=2, stored=False) is None
    assert await scene.carry() is RunState.COMPLETED
    assert given(scene, "a") == [1, 2]


async def test_each_item_and_each_undo_counts_its_own_tries() -> None:
    each = action("each", input=NUMBER | {"id": 1}, for_each=[1, 2], retries=1, rollback=undo("back", input=NUMBER))
    scene = Scene(feature(chain(each, action("bad"))))
    scene.failing("each", times=1)
    scene.failing("back", times=1, error=AWAY)
    scene.failing("bad", error=FINAL)
    assert await scene.carry() is RunState.ROLLED_BACK
    assert given(scene, "each") == [1, 2, 1]
    assert [call.input["number"] for call in scene.outside.calls if call.spec.target == "back"] == [1, 2, 1]


async def test_an_input_that_cannot_be_made_for_a_later_try_ends_them() -> None:
    scene = Scene(feature(chain(action("a", input="$Divide(1, $Subtract(2, $Run{attempt}))", retries=5))))
    scene.failing("a")
    assert await scene.carry() is RunState.FAILED
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    assert (len(scene.outside.calls), scene.store.ended.error.code) == (1, "expression_failed")
    assert not scene.store.ended.error.outcome_unknown
