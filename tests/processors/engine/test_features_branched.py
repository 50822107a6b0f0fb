"""Runs of ten steps with branches, a loop, a child and undos, whose workers die, are late, or are told to stop."""

from __future__ import annotations

import asyncio
import random

import pytest

from processors.engine.feature_runner import CANCELLED, FeatureRunner
from processors.engine.limits import MAX_LOST_CLAIMS
from processors.engine.ports import Fenced
from processors.engine.stage import World
from processors.engine.states import RunState
from processors.engine.step import Say, StepCall, StepResult
from processors.runtime.features import LOST
from products.lib.jsontypes import Json, JsonObject
from tests.processors.engine.branched import (
    BRANCHED,
    FORWARD,
    branched,
    calls_by_step,
    children_end,
    each_effect_has_one_key,
    everything_is_taken_back,
    to_the_end,
)
from tests.processors.engine.feature_scene import FINAL, Journal, Scene, StoredSignals, action, feature, undo

pytestmark = pytest.mark.asyncio
BOTH = pytest.mark.parametrize("stored", [True, False], ids=["after the commit", "before the commit"])


async def writes_of(fails: str = "") -> Scene:
    """A run that nothing happens to."""
    scene = branched()
    if fails:
        scene.failing(fails, error=FINAL)
    return await to_the_end(scene)


@BOTH
@pytest.mark.parametrize("fails", ["", "join", "e"])
async def test_R1_a_worker_that_dies_at_any_write_of_branches_a_loop_and_a_child(fails: str, stored: bool) -> None:
    calm = await writes_of(fails)
    assert calm.store.ended is not None
    assert calm.store.writes >= 15
    for die_at in range(1, calm.store.writes + 1):
        scene = branched()
        if fails:
            scene.failing(fails, error=FINAL)
        for _ in range(3):  # its first three workers, each at that write
            if scene.store.ended is None:
                await scene.carry(die_at=die_at, stored=stored)
                children_end(scene)
        await to_the_end(scene)
        assert scene.store.states() == calm.store.states(), die_at
        assert scene.store.ended is not None
        assert scene.store.ended.state is calm.store.ended.state
        assert scene.store.ended.output == calm.store.ended.output
        each_effect_has_one_key(scene)
        if fails:
            everything_is_taken_back(scene, before=len(scene.outside.made()))


@BOTH
async def test_R2_runs_whose_workers_all_die_again_and_again_end_with_each_effect_once_per_key(stored: bool) -> None:
    calm = await writes_of()
    assert calm.store.ended is not None
    for seed in range(50):
        chance = random.Random(f"{seed}{stored}")
        scene = await to_the_end(branched(), chance=chance, deaths=12)
        assert scene.store.ended is not None
        assert scene.store.ended.output == calm.store.ended.output, seed
        assert scene.store.states() == calm.store.states(), seed
        each_effect_has_one_key(scene)
        assert {at for at, _ in calls_by_step(scene)} == {at for at, _ in calls_by_step(calm)}


async def test_R25_the_join_runs_once_wherever_a_worker_dies_between_the_ends_of_its_branches() -> None:
    calm = await writes_of()
    for die_at in range(1, calm.store.writes + 1):
        for stored in (True, False):
            scene = branched()
            await scene.carry()
            children_end(scene)
            scene.clock.time = calm.clock.time
            await scene.carry(die_at=die_at, stored=stored)
            await to_the_end(scene)
            joins = calls_by_step(scene)["last/join", 0]
            assert len({call.idempotency_key for call in joins}) == 1
            assert len(joins) <= 2
            assert scene.outside.made().index("join") > max(scene.outside.made().index(tag) for tag in ("c", "d"))


async def test_R25_a_branch_and_a_child_that_end_in_the_same_moment_are_joined_once() -> None:
    for left, right in ((0.0, 0.0), (0.002, 0.001), (0.001, 0.002)):
        scene = branched()
        await scene.carry()
        children_end(scene)  # what the right branch waited for is there in the moment in which the left one wakes
        scene.outside.slow = {"c": left, "d": right}
        await to_the_end(scene)
        assert scene.outside.made().count("join") == 1


async def test_R12_a_worker_that_slept_too_long_writes_nothing_more_and_calls_nothing_more() -> None:
    for at in range(1, 9):
        scene = branched()
        zombie_world = World(scene.clock, scene.outside, StoredSignals(scene.store), scene.outside, scene.outside)
        zombie = Journal(scene.store)
        runner = FeatureRunner(scene.work(), zombie, zombie_world)
        carrying = asyncio.create_task(runner.run())
        while len(scene.outside.calls) < at and not carrying.done():
            await asyncio.sleep(0)
        zombie.dead = True  # its lease is over, and the next one has begun
        made = len(scene.outside.calls)
        second = asyncio.create_task(scene.carry())
        if not carrying.done():
            with pytest.raises(Fenced):
                await carrying
        await second
        await to_the_end(scene)
        assert scene.store.ended is not None
        assert scene.store.ended.state is RunState.COMPLETED
        each_effect_has_one_key(scene)
        again = {at: calls for at, calls in calls_by_step(scene).items() if len(calls) > 1}
        assert len(again) <= 3, made  # the loop has two in flight, the other branch one


SIDE_BY_SIDE: JsonObject = {
    "sequences": [
        {"tag": "left", "events": [action("quick")]},
        {"tag": "right", "events": [action("slow"), action("after")]},
    ]
}


async def test_R1_a_branch_that_has_ended_is_on_record_however_long_another_one_takes() -> None:
    scene = Scene(feature(SIDE_BY_SIDE))
    scene.outside.slow = {"slow": 3_600}
    carrying = asyncio.create_task(scene.carry())
    async with asyncio.timeout(60):
        while scene.store.states().get("left/quick") != "completed":
            await asyncio.sleep(0.01)
    scene.journal.dead = True
    carrying.cancel()
    await asyncio.wait([carrying])
    scene.outside.slow = {}
    assert await scene.carry() is RunState.COMPLETED
    assert sorted(scene.outside.made()) == ["after", "quick", "slow", "slow"]


async def test_R12_a_branch_whose_end_could_not_be_written_beside_a_long_call_is_the_last_of_its_worker() -> None:
    scene = Scene(feature(SIDE_BY_SIDE))
    answer = asyncio.Event()
    real = scene.outside.call

    async def call(one: StepCall, say: Say) -> StepResult:
        if one.spec.target == "slow":
            await answer.wait()
        return await real(one, say)

    scene.outside.call = call  # type: ignore[method-assign]
    carrying = asyncio.create_task(scene.carry())
    while not scene.outside.calls:
        await asyncio.sleep(0)
    scene.journal.dead = True
    tried = scene.journal.tried
    async with asyncio.timeout(60):
        while scene.journal.tried == tried:
            await asyncio.sleep(0.01)
    answer.set()
    assert await carrying is None
    assert "after" not in scene.outside.made()


@BOTH
async def test_R18_cancelled_after_any_write_it_begins_nothing_more_and_takes_everything_back(stored: bool) -> None:
    calm = await writes_of()
    for after in range(1, calm.store.writes):
        scene = branched()
        await scene.carry(die_at=after, stored=stored)
        if scene.store.ended is None and scene.runner is not None and scene.store.waits is not None:
            children_end(scene)
        if scene.store.ended is not None:
            continue  # a write less than in the other run
        before = len(scene.outside.calls)
        assert await scene.carry(stop=CANCELLED) is RunState.CANCELLED
        everything_is_taken_back(scene, before)
        each_effect_has_one_key(scene)
        assert len(scene.outside.cancelled) == len(set(scene.outside.cancelled))


async def test_R18_cancelled_during_any_call_it_begins_nothing_more_and_takes_everything_back() -> None:
    for number in range(1, len(FORWARD) + 1):
        scene = branched()
        called = 0

        def cancels(call: object, scene: Scene = scene, number: int = number) -> dict[str, str]:
            nonlocal called
            called += 1
            if called == number:
                assert scene.runner is not None
                scene.runner.cancel()
                scene.runner.cancel()
            return {"of": call.spec.target}  # type: ignore[attr-defined]

        for target in set(FORWARD):
            scene.outside.answers[target] = cancels
        await to_the_end(scene)
        assert scene.store.ended is not None
        assert scene.store.ended.state is RunState.CANCELLED, number
        forward = [target for target in scene.outside.made() if not target.startswith("un-")]
        assert len(forward) <= number + 2, "only what was in flight beside it"
        everything_is_taken_back(scene, before=len(forward))
        assert "running" not in scene.store.states().values()
        assert "waiting" not in scene.store.states().values()


async def test_R18_a_child_that_is_under_way_is_asked_to_stop_once() -> None:
    scene = branched()
    assert await scene.carry() is RunState.WAITING
    assert await scene.carry(stop=CANCELLED) is RunState.CANCELLED
    assert scene.outside.cancelled == list(scene.outside.children)
    everything_is_taken_back(scene, before=len([one for one in scene.outside.made() if not one.startswith("un-")]))


@BOTH
async def test_R18_cancelled_while_it_is_taken_back_each_undo_is_made_once(stored: bool) -> None:
    calm = await writes_of("e")
    for die_at in range(1, calm.store.writes + 1):
        scene = branched()
        scene.failing("e", error=FINAL)
        await scene.carry()
        children_end(scene)
        scene.clock.time = calm.clock.time
        await scene.carry(die_at=die_at, stored=stored)  # forward from the wait, and on into the rollback
        if scene.store.ended is None:
            await to_the_end(scene, stop=CANCELLED)
        assert scene.store.ended is not None
        everything_is_taken_back(scene, before=len(scene.outside.made()))
        each_effect_has_one_key(scene)


async def test_R15_an_item_that_kills_its_workers_is_given_up_and_the_others_are_taken_back() -> None:
    loop = action("each", for_each=["x", "poison", "z"], input="$Item", rollback=undo("un-each", input="$Item"))
    document = {"sequences": [{"tag": "main", "events": [action("a", rollback=undo("un-a")), loop]}]}
    scene = Scene(feature(document))

    def deadly(call: StepCall) -> Json:
        scene.journal.dead = call.input == "poison"
        return {}

    scene.outside.answers["each"] = deadly
    for _ in range(MAX_LOST_CLAIMS):
        assert await scene.carry() is None
    assert scene.outside.made() == ["a", "each", "each", "each", "each"]
    assert await scene.carry(stop=LOST) is RunState.ROLLED_BACK
    assert [call.input for call in scene.outside.calls if call.spec.target == "un-each"] == ["x"]
    assert scene.outside.made()[5:] == ["un-each", "un-a"]
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    assert scene.store.ended.error.code == "worker_lost"
    states = scene.store.states()
    assert (states["main/each"], states["main/each#1"], states["main/each#2"]) == ("failed", "rolled_back", "failed")
    assert "main/each#3" not in states
    each_effect_has_one_key(scene)


async def test_R26_ten_thousand_items_are_gone_through_and_kept_in_order() -> None:
    items = list(range(10_000))
    loop = action("each", for_each="$Input{items}", concurrency=100, input="$Item")
    plan = feature({"sequences": [{"tag": "m", "events": [loop]}], "output": "$Pluck($Step{each}, 'input')"})
    scene = Scene(plan, {"items": items})
    assert await scene.carry() is RunState.COMPLETED
    assert scene.store.ended is not None
    assert scene.store.ended.output == items
    assert scene.outside.most_at_once <= 100
    assert len(scene.outside.calls) == 10_000


async def test_the_feature_has_what_its_name_says() -> None:
    """The other tests are worth what this is."""
    events = [one for sequence in BRANCHED["sequences"] for one in sequence["events"]]
    assert len(events) >= 10
    assert {"action", "checkpoint", "sleep", "feature"} == {one["type"] for one in events}
    assert any("for_each" in one for one in events)
