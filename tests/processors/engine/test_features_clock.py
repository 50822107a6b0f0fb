"""R14 R16: clocks that jump, and what a remote side asks to wait for, in branches and loops."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from processors.engine.limits import MAX_RETRY_AFTER_S
from processors.engine.ports import Signal
from processors.engine.states import RunState
from processors.engine.step import StepCall, StepError, StepFailed
from processors.engine.testing import START
from products.lib.jsontypes import Json, JsonObject
from tests.processors.engine.branched import branched, children_end, each_effect_has_one_key
from tests.processors.engine.feature_scene import FINAL, Scene, action, chain, feature, undo

pytestmark = pytest.mark.asyncio
HOUR = timedelta(hours=1)
NAP: JsonObject = {"tag": "nap", "type": "sleep", "input": "30m"}


def waits_until(scene: Scene) -> datetime | None:
    """When the run is due again; None: for news only."""
    assert scene.store.waits is not None
    return scene.store.waits.wake_at


async def test_R14_a_clock_that_jumps_ahead_ends_a_sleep_once() -> None:
    scene = Scene(feature(chain(action("a"), NAP, action("b"), {**NAP, "tag": "again"}, action("c"))))
    assert await scene.carry() is RunState.WAITING
    scene.clock.time += HOUR
    assert await scene.carry() is RunState.WAITING
    assert waits_until(scene) == START + HOUR + timedelta(minutes=30)  # the second sleep is its whole length
    scene.clock.time -= HOUR  # it is set right again
    assert await scene.carry() is RunState.WAITING
    assert scene.outside.made() == ["a", "b"]
    scene.clock.time += 2 * HOUR
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.made() == ["a", "b", "c"]


async def test_R14_a_clock_that_jumps_back_makes_a_sleep_no_later_than_its_moment_and_calls_nothing_again() -> None:
    scene = Scene(feature(chain(action("a"), NAP, action("b"))))
    assert await scene.carry() is RunState.WAITING
    until = waits_until(scene)
    scene.clock.time -= HOUR
    for _ in range(3):
        assert await scene.carry() is RunState.WAITING
        assert waits_until(scene) == until == START + timedelta(minutes=30)
    scene.clock.time = START + timedelta(minutes=30)
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.made() == ["a", "b"]


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["ahead", "back"])
async def test_R14_a_signal_in_time_counts_whatever_the_clock_says_when_it_is_read(jump: timedelta) -> None:
    wait: JsonObject = {"tag": "ok", "type": "wait_signal", "event": "go", "timeout": "45m"}
    scene = Scene(feature(chain(action("pay", rollback=undo("refund")), wait, action("ship"))))
    assert await scene.carry() is RunState.WAITING
    scene.store.signals.append(("go", Signal(UUID(int=1), {"fine": True}, START)))
    scene.clock.time += jump
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.made() == ["pay", "ship"]


async def test_R14_a_signal_that_is_waited_for_is_not_given_up_before_its_moment_after_a_jump_back() -> None:
    wait: JsonObject = {"tag": "ok", "type": "wait_signal", "event": "go", "timeout": "45m"}
    scene = Scene(feature(chain(wait)))
    assert await scene.carry() is RunState.WAITING
    scene.clock.time -= HOUR
    assert await scene.carry() is RunState.WAITING
    assert waits_until(scene) == START + timedelta(minutes=45)
    scene.clock.time = START + timedelta(minutes=45)
    assert await scene.carry() is RunState.FAILED
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    assert scene.store.ended.error.code == "signal_timeout"


@pytest.mark.parametrize("jumps", [(HOUR, -HOUR), (-HOUR, HOUR), (-HOUR, -HOUR), (HOUR, HOUR)])
async def test_R14_no_result_and_no_undo_is_made_twice_or_out_of_order_under_jumps(
    jumps: tuple[timedelta, timedelta],
) -> None:
    scene = branched()
    scene.failing("e", error=FINAL)
    for jump in (*jumps, *[12 * HOUR] * 3):
        if scene.store.ended is None:
            await scene.carry()
        children_end(scene)
        scene.clock.time += jump
    assert scene.store.ended is not None
    assert scene.store.ended.state is RunState.ROLLED_BACK
    each_effect_has_one_key(scene)
    undone = [one for one in scene.outside.made() if one.startswith("un-")]
    assert sorted(undone) == ["un-a", "un-b", "un-c", "un-d", "un-each", "un-each", "un-each"]


async def test_R14_an_undo_comes_before_that_of_what_ran_before_though_the_clock_was_set_back_between_them() -> None:
    scene = Scene(
        feature(
            chain(
                action("pay", rollback=undo("refund")),
                NAP,
                action("reserve", rollback=undo("release")),
                {**NAP, "tag": "again", "input": "5h"},
                action("ship"),
            )
        )
    )
    scene.failing("ship", error=FINAL)
    scene.clock.time += 3 * HOUR  # it goes wrong: pay ends three hours from now
    assert await scene.carry() is RunState.WAITING
    known = scene.store.progress()
    scene.store.known |= {  # its nap was over before the clock was set right
        one.step_id: one for key, one in known.items() if key.name.event == "pay"
    }
    scene.clock.time += HOUR
    assert await scene.carry() is RunState.WAITING
    scene.clock.time += 6 * HOUR
    assert await scene.carry() is RunState.ROLLED_BACK
    assert scene.outside.made()[-2:] == ["release", "refund"]


async def test_R16_a_branch_waits_as_long_as_it_is_told_and_the_others_go_on() -> None:
    busy = StepError("remote_busy", "Later.", "remote", retryable=True, retry_after_s=1_800)
    plan = feature({
        "sequences": [
            {"tag": "left", "events": [action("busy", retries=2), action("after")]},
            {"tag": "right", "events": [action("b"), action("each", for_each=[1, 2, 3]), action("c")]},
            {"tag": "end", "parents": ["left", "right"], "events": [action("join")]},
        ]
    })
    scene = Scene(plan)
    scene.failing("busy", times=1, error=busy)
    assert await scene.carry() is RunState.WAITING
    assert waits_until(scene) == START + timedelta(seconds=1_800)
    assert sorted(scene.outside.made()) == ["b", "busy", "c", "each", "each", "each"]
    assert await scene.carry() is RunState.WAITING  # rung for too early
    scene.clock.time += timedelta(seconds=1_800)
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.made()[6:] == ["busy", "after", "join"]


async def test_R16_each_item_of_a_loop_has_its_own_tries_and_its_own_wait() -> None:
    asked = {"x": 600.0, "z": 99_999_999.0}

    def answer(call: StepCall) -> Json:
        if call.number == 1 and call.input in asked:
            later = StepError("remote_busy", "L.", "remote", retryable=True, retry_after_s=asked[str(call.input)])
            raise StepFailed(later)
        return {}

    loop = action("each", for_each=["x", "y", "z"], concurrency=3, input="$Item", retries=1)
    scene = Scene(feature(chain(loop, action("last"))))
    scene.outside.answers["each"] = answer
    assert await scene.carry() is RunState.WAITING
    assert waits_until(scene) == START + timedelta(seconds=600)
    scene.clock.time = START + timedelta(seconds=600)
    assert await scene.carry() is RunState.WAITING
    assert waits_until(scene) == START + timedelta(seconds=MAX_RETRY_AFTER_S)  # a year is not waited for
    scene.clock.time = START + timedelta(seconds=MAX_RETRY_AFTER_S)
    assert await scene.carry() is RunState.COMPLETED
    made = [(call.input, call.number) for call in scene.outside.calls if call.spec.target == "each"]
    assert made == [("x", 1), ("y", 1), ("z", 1), ("x", 2), ("z", 2)]
    each_effect_has_one_key(scene)


async def test_R16_what_is_wrong_with_the_call_is_not_tried_again_in_a_loop_either() -> None:
    def answer(call: StepCall) -> Json:
        if call.input == "y":
            raise StepFailed(StepError("remote_rejected", "400", "caller"))
        return {}

    loop = action("each", for_each=["x", "y", "z"], input="$Item", retries=5, rollback=undo("un", input="$Item"))
    scene = Scene(feature(chain(loop)))
    scene.outside.answers["each"] = answer
    assert await scene.carry() is RunState.ROLLED_BACK
    assert [(call.spec.target, call.input) for call in scene.outside.calls] == [
        ("each", "x"), ("each", "y"), ("un", "x"),
    ]  # fmt: skip
