"""A feature's run that fails, is cancelled or takes too long: what is taken back, and what is left."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from processors.engine.ports import ChildEnd
from processors.engine.states import RunState
from processors.engine.step import StepError
from processors.engine.testing import START
from products.lib.jsontypes import Json
from tests.processors.engine.feature_scene import FINAL, ORDER, UNSURE, Scene, action, chain, feature, undo

pytestmark = pytest.mark.asyncio


async def test_a_failure_takes_back_the_last_first() -> None:
    scene = Scene(feature(ORDER))
    scene.failing("ship", error=FINAL)
    assert await scene.carry() is RunState.ROLLED_BACK
    assert scene.outside.made() == ["pay", "reserve", "ship", "release", "refund"]
    assert scene.store.states()["main/pay"] == "rolled_back"
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    assert scene.store.ended.error.details["rollback"] == {
        "undone": ["main/reserve", "main/pay"], "left": [], "unknown": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("strategy", "made"),
    [
        ("none", []),
        ("critical_only", ["refund"]),
        ("to_checkpoint", ["release"]),
        ("reverse_all", ["release", "refund"]),
    ],
)
async def test_each_rollback_strategy_takes_back_what_it_names(strategy: str, made: list[str]) -> None:
    document = chain(
        action("pay", rollback=undo("refund"), critical=True),
        {"tag": "paid", "type": "checkpoint"},
        action("reserve", rollback=undo("release")),
        action("ship"),
        options={"rollback": strategy},
    )
    scene = Scene(feature(document))
    scene.failing("ship", error=FINAL)
    assert await scene.carry() is (RunState.ROLLED_BACK if made else RunState.FAILED)
    assert scene.outside.made()[3:] == made


async def test_an_undo_that_fails_is_a_persons_and_the_others_are_tried() -> None:
    scene = Scene(feature(ORDER))
    scene.failing("ship", error=FINAL)
    scene.failing("release", error=FINAL)
    assert await scene.carry() is RunState.FAILED
    assert scene.outside.made()[-1] == "refund"
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    assert scene.store.ended.error.details["rollback"]["left"] == ["main/reserve"]
    assert "A person has to look at: main/reserve." in scene.store.messages


async def test_a_failed_call_with_an_unknown_effect_is_named() -> None:
    scene = Scene(feature(ORDER))
    scene.failing("reserve", error=UNSURE)
    assert await scene.carry() is RunState.ROLLED_BACK
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    assert scene.store.ended.error.details["rollback"] == {
        "undone": ["main/pay"], "left": [], "unknown": ["main/reserve"],
    }  # fmt: skip


async def test_each_item_of_a_loop_is_undone_with_its_own_result() -> None:
    plan = feature(
        chain(
            action(
                "hold",
                for_each=["x", "y"],
                input="$Item",
                rollback=undo("free", input=["$Item", "$Step{hold}{input}", "$Error{code}"]),
            ),
            {"tag": "no", "type": "fail", "input": {"message": "Enough", "code": "enough"}},
        )
    )
    scene = Scene(plan)
    assert await scene.carry() is RunState.ROLLED_BACK
    assert [call.input for call in scene.outside.calls[2:]] == [["y", "y", "enough"], ["x", "x", "enough"]]


async def test_when_one_branch_fails_the_others_begin_nothing_new_and_end_what_they_do() -> None:
    plan = feature({
        "sequences": [
            {"tag": "left", "events": [action("slow", rollback=undo("unslow")), action("never")]},
            {"tag": "right", "events": [action("bad")]},
        ]
    })
    scene = Scene(plan)
    scene.failing("bad", error=FINAL)
    scene.outside.slow = {"slow": 0.02}
    assert await scene.carry() is RunState.ROLLED_BACK
    assert sorted(scene.outside.made()) == ["bad", "slow", "unslow"]


async def test_R18_cancelling_breaks_off_what_is_done_and_takes_back_what_was() -> None:
    scene = Scene(feature(ORDER))

    def begin(call: object) -> Json:
        assert scene.runner is not None
        asyncio.get_running_loop().call_soon(scene.runner.cancel)
        return {}

    scene.outside.answers["pay"] = begin
    assert await scene.carry() is RunState.CANCELLED
    assert scene.outside.made()[0] == "pay"
    assert scene.outside.made()[-1] == "refund"
    assert "ship" not in scene.outside.made()


@pytest.mark.parametrize("steps", [0, 1, 2])
async def test_R18_a_run_cancelled_between_two_workers_is_taken_back(steps: int) -> None:
    scene = Scene(feature(ORDER))
    await scene.carry(die_at=steps + 1, stored=True)
    before = scene.outside.made()
    stop = StepError("cancelled", "The run was cancelled.", "caller")
    assert await scene.carry(stop=stop) is RunState.CANCELLED
    assert before == ["pay", "reserve"][:steps]
    assert scene.outside.made()[steps:] == ["release", "refund"][2 - steps :]


async def test_a_run_that_takes_too_long_is_broken_off_and_taken_back() -> None:
    scene = Scene(feature(ORDER))
    scene.outside.slow = {"ship": 30}
    assert await scene.carry(ends_by=START + timedelta(milliseconds=50)) is RunState.ROLLED_BACK
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    assert scene.store.ended.error.code == "run_timeout"
    assert scene.store.states()["main/ship"] == "failed"


async def test_an_output_that_cannot_be_made_takes_nothing_back() -> None:
    scene = Scene(feature({**ORDER, "output": "$Step{ship}{x}"}))
    assert await scene.carry() is RunState.FAILED
    assert scene.outside.made() == ["pay", "reserve", "ship"]
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    assert scene.store.ended.error.code == "output_failed"


def with_an_undo_that_is_a_feature() -> Scene:
    """Paying is taken back by the feature `give-back`; shipping fails."""
    give_back = {"type": "feature", "event": "give-back", "input": {"paid": "$Step{pay}{of}", "why": "$Error{code}"}}
    scene = Scene(feature(chain(action("pay", rollback=give_back), action("reserve", rollback=undo("release")),
                                action("ship"), options={"timeout": "1m"})))  # fmt: skip
    scene.failing("ship", error=FINAL)
    return scene


async def test_an_undo_that_is_a_feature_starts_a_run_and_waits_for_it_without_a_worker() -> None:
    scene = with_an_undo_that_is_a_feature()
    assert await scene.carry() is RunState.WAITING
    assert scene.outside.made() == ["pay", "reserve", "ship", "release"]
    assert list(scene.outside.children.values()) == [("give-back", {"paid": "pay", "why": FINAL.code})]
    assert scene.store.waits is not None
    assert scene.store.waits.wake_at is None
    assert scene.store.states()["main/pay~undo"] == "waiting"
    assert await scene.carry() is RunState.WAITING
    (child,) = scene.outside.children
    scene.outside.ends[child] = ChildEnd(RunState.COMPLETED, {"given": True})
    assert await scene.carry() is RunState.ROLLED_BACK
    assert len(scene.outside.children) == 1
    assert (scene.store.states()["main/pay"], scene.store.states()["main/pay~undo"]) == ("rolled_back", "completed")
    assert scene.outside.made() == ["pay", "reserve", "ship", "release"]


@pytest.mark.parametrize("is_stored", [True, False])
async def test_a_rollback_that_waits_still_knows_that_the_time_was_up(is_stored: bool) -> None:
    scene = with_an_undo_that_is_a_feature()
    del scene.outside.answers["ship"]
    scene.outside.slow = {"ship": 30}
    assert await scene.carry(ends_by=START + timedelta(milliseconds=50)) is RunState.WAITING
    assert scene.store.waits is not None
    why = scene.store.waits.error
    assert why is not None
    assert why.code == "run_timeout"
    (child,) = scene.outside.children
    scene.outside.ends[child] = ChildEnd(RunState.COMPLETED)
    assert await scene.carry(stop=why if is_stored else None) is RunState.ROLLED_BACK
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    assert scene.store.ended.error.code == "run_timeout"


async def test_an_undo_that_is_tried_again_sees_which_step_had_failed() -> None:
    told = undo("refund", input={"step": "$Error{step}", "code": "$Error{code}"}, retries=0)
    scene = Scene(feature(chain(action("pay", rollback=told), action("ship"))))
    scene.failing("ship", error=FINAL)
    await scene.carry(die_at=4, stored=True)
    await scene.carry(stop=FINAL)
    assert scene.outside.calls[-1].input == {"step": "main/ship", "code": FINAL.code}


async def test_an_undo_that_is_a_feature_and_fails_is_a_persons() -> None:
    scene = with_an_undo_that_is_a_feature()
    await scene.carry()
    (child,) = scene.outside.children
    scene.outside.ends[child] = ChildEnd(RunState.FAILED, error=StepError("no", "There is nobody."))
    assert await scene.carry() is RunState.FAILED
    assert scene.store.states()["main/pay~undo"] == "failed"
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    assert scene.store.ended.error.details["rollback"]["left"] == ["main/pay"]


async def test_R1_an_undo_that_is_a_feature_starts_one_run_wherever_its_worker_dies() -> None:
    for stored in (True, False):
        for die_at in range(1, 14):
            scene = with_an_undo_that_is_a_feature()
            await scene.carry(die_at=die_at, stored=stored)
            for _ in range(4):
                scene.outside.ends |= {one: ChildEnd(RunState.COMPLETED) for one in scene.outside.children}
                if scene.store.ended is None:
                    await scene.carry()
            assert scene.store.ended is not None
            assert scene.store.ended.state is RunState.ROLLED_BACK
            assert len(scene.outside.children) == 1
