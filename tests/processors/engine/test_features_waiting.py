"""A feature's run that waits: sleep, signals, retries, children; and holds no worker meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from processors.engine.ports import ChildEnd, Signal
from processors.engine.states import RunState
from processors.engine.testing import START
from products.lib.jsontypes import Json, JsonObject
from tests.processors.engine.feature_scene import FINAL, Scene, action, chain, feature, undo

pytestmark = pytest.mark.asyncio


async def test_a_long_wait_holds_no_worker_and_goes_on_where_it_was() -> None:
    scene = Scene(feature(chain(action("a"), {"tag": "nap", "type": "sleep", "input": {"for": "3d"}}, action("b"))))
    assert await scene.carry() is RunState.WAITING
    assert scene.store.waits is not None
    assert scene.store.waits.wake_at == START + timedelta(days=3)
    assert scene.store.waits.reason == "main/nap sleeps until 2026-01-04T00:00:00Z."
    scene.clock.time += timedelta(days=3)
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.made() == ["a", "b"]


@pytest.mark.parametrize("given", [1e300, "400d", {"until": "soon"}, {"until": "9999-12-31T23:59:59-14:00"}, [5], None])
async def test_a_sleep_that_cannot_be_fails_with_the_reason(given: Json) -> None:
    scene = Scene(feature(chain({"tag": "nap", "type": "sleep", "input": "$Input{given}"})), {"given": given})
    assert await scene.carry() is RunState.FAILED
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    assert scene.store.ended.error.code == "input_rejected"


async def test_a_run_whose_branches_all_wait_wakes_for_the_first() -> None:
    branches: list[Json] = [
        {"tag": f"s{n}", "events": [{"tag": "nap", "type": "sleep", "input": f"{n}h"}, action(f"a{n}")]}
        for n in (1, 2, 3)
    ]
    scene = Scene(feature({"sequences": branches}))
    for hours in (1, 2, 3):
        assert await scene.carry() is RunState.WAITING
        assert scene.store.waits is not None
        assert scene.store.waits.wake_at == START + timedelta(hours=hours)
        scene.clock.time = START + timedelta(hours=hours)
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.made() == ["a1", "a2", "a3"]


async def test_a_signal_is_used_once_and_its_payload_is_the_result() -> None:
    wait: JsonObject = {"tag": "ok", "type": "wait_signal", "event": "approve", "timeout": "2d", "approval": True}
    scene = Scene(feature(chain(wait, action("a", input="$Step{ok}"))))
    assert await scene.carry() is RunState.WAITING
    assert scene.store.waits is not None
    assert "waits for an approval “approve”" in scene.store.waits.reason
    scene.store.signals.append(("other", Signal(UUID(int=1), {}, START)))
    assert await scene.carry() is RunState.WAITING
    scene.store.signals.append(("approve", Signal(UUID(int=2), {"approved": True}, START, by="Alice")))
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.calls[0].input == {"approved": True}
    assert scene.store.taken == {UUID(int=2)}


async def test_a_signal_that_comes_while_another_branch_works_is_heard_at_once() -> None:
    plan = feature({
        "sequences": [
            {"tag": "left", "events": [action("slow")]},
            {"tag": "right", "events": [{"tag": "ok", "type": "wait_signal", "event": "go"}, action("quick")]},
        ]
    })
    scene = Scene(plan)
    scene.outside.takes = 0.05
    carrying = asyncio.create_task(scene.carry())
    while not scene.outside.calls:
        await asyncio.sleep(0.001)
    scene.store.signals.append(("go", Signal(UUID(int=2), None, START)))
    assert scene.runner is not None
    scene.runner.news()
    assert await carrying is RunState.COMPLETED
    assert scene.outside.most_at_once == 2


async def test_a_signal_nobody_sends_fails_in_time() -> None:
    wait: JsonObject = {"tag": "ok", "type": "wait_signal", "event": "go", "timeout": "2d"}
    scene = Scene(feature(chain(action("pay", rollback=undo("refund")), wait)))
    assert await scene.carry() is RunState.WAITING
    scene.clock.time += timedelta(days=2)
    assert await scene.carry() is RunState.ROLLED_BACK
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    assert scene.store.ended.error.code == "signal_timeout"
    assert scene.outside.made() == ["pay", "refund"]


async def test_retries_too_far_apart_for_a_worker_wait_in_the_journal() -> None:
    scene = Scene(feature(chain(action("a", retries=3, retry_delay="1h"))))
    scene.failing("a", times=2)
    for tries, hours in ((1, 1), (2, 2)):
        assert await scene.carry() is RunState.WAITING
        assert len(scene.outside.calls) == tries
        assert scene.store.waits is not None
        assert scene.store.waits.wake_at == scene.clock.time + timedelta(hours=hours)
        scene.clock.time += timedelta(hours=hours)
    assert await scene.carry() is RunState.COMPLETED
    assert [call.number for call in scene.outside.calls] == [1, 2, 3]
    assert len({call.idempotency_key for call in scene.outside.calls}) == 1


async def test_a_child_is_started_once_and_its_end_wakes_the_parent() -> None:
    scene = Scene(feature(chain({"tag": "c", "type": "feature", "event": "bill", "input": {"a": 1}}, action("b"))))
    assert await scene.carry() is RunState.WAITING
    assert await scene.carry() is RunState.WAITING
    ((run_id, started),) = scene.outside.children.items()
    assert started == ("bill", {"a": 1})
    scene.outside.ends[run_id] = ChildEnd(RunState.COMPLETED, {"paid": True})
    assert await scene.carry() is RunState.COMPLETED


@pytest.mark.parametrize(("after", "cancelled"), [("cancel", 1), ("leave", 0)])
async def test_a_parent_that_ends_takes_its_children_with_it_unless_told_to_leave_them(
    after: str, cancelled: int
) -> None:
    plan = feature({
        "sequences": [
            {"tag": "left", "events": [{"tag": "c", "type": "feature", "event": "bill", "after_parent": after}]},
            {"tag": "right", "events": [{"tag": "nap", "type": "sleep", "input": "1h"}, action("bad")]},
        ]
    })
    scene = Scene(plan)
    scene.failing("bad", error=FINAL)
    assert await scene.carry() is RunState.WAITING
    scene.clock.time += timedelta(hours=1)
    assert await scene.carry() is RunState.FAILED
    assert len(scene.outside.cancelled) == cancelled
    assert scene.store.states()["left/c"] == "failed"
