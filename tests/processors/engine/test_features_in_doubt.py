"""R4: a call of which nobody knows whether it had its effect is a person's where the feature says so."""

from __future__ import annotations

from uuid import UUID

import pytest

from processors.engine.feature_runner import CANCELLED
from processors.engine.ports import Signal
from processors.engine.states import RunState
from processors.engine.step import StepCall, StepFailed
from processors.engine.testing import START
from products.lib.jsontypes import Json, JsonObject
from tests.processors.engine.feature_scene import UNSURE, Scene, action, chain, feature, undo

pytestmark = pytest.mark.asyncio
PAY = chain(action("hold", rollback=undo("free")), action("pay", when_unknown="ask", retries=3), action("ship"))


def answered(scene: Scene, answer: JsonObject) -> None:
    scene.store.signals.append(("~resolve:main/pay", Signal(UUID(int=9), answer, START, by="Alice")))


async def in_doubt() -> Scene:
    """A run that waits for a person after a payment without an answer."""
    scene = Scene(feature(PAY))
    scene.failing("pay", times=1, error=UNSURE)
    assert await scene.carry() is RunState.WAITING
    assert scene.store.waits is not None
    assert "A person has to look" in scene.store.waits.reason
    assert scene.outside.made() == ["hold", "pay"]
    assert await scene.carry() is RunState.WAITING
    assert scene.outside.made() == ["hold", "pay"]
    return scene


async def test_R4_it_is_not_called_again_until_somebody_says_so() -> None:
    scene = await in_doubt()
    answered(scene, {"as": "retry"})
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.made() == ["hold", "pay", "pay", "ship"]
    keys = {call.idempotency_key for call in scene.outside.calls if call.spec.target == "pay"}
    assert len(keys) == 1


async def test_R4_a_person_says_that_it_is_done_and_what_came_of_it() -> None:
    scene = await in_doubt()
    answered(scene, {"as": "done", "output": {"id": "ch_1"}})
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.made() == ["hold", "pay", "ship"]
    assert "main/pay: Marked as done by Alice." in scene.store.messages


async def test_R4_a_person_gives_it_up_and_the_rest_is_taken_back() -> None:
    scene = await in_doubt()
    answered(scene, {"as": "failed"})
    assert await scene.carry() is RunState.ROLLED_BACK
    assert scene.outside.made() == ["hold", "pay", "free"]


async def test_R4_a_call_lost_with_its_worker_is_in_doubt_too() -> None:
    scene = Scene(feature(PAY))
    assert await scene.carry(die_at=3, stored=False) is None  # pay has been called, its result is not stored
    assert scene.outside.made() == ["hold", "pay"]
    assert await scene.carry() is RunState.WAITING
    assert scene.outside.made() == ["hold", "pay"]
    answered(scene, {"as": "done", "output": 1})
    assert await scene.carry() is RunState.COMPLETED


LOOP = chain(
    action("hold", rollback=undo("free")),
    action("pay", for_each=["x", "y", "z"], concurrency=3, input="$Item", when_unknown="ask",
           rollback=undo("refund", input=["$Item", "$Step{pay}"])),
    action("ship", input="$Step{pay}"),
)  # fmt: skip


def answered_about(scene: Scene, item: int, answer: JsonObject) -> None:
    scene.store.signals.append((f"~resolve:main/pay#{item}", Signal(UUID(int=item), answer, START, by="Alice")))


async def loop_in_doubt() -> Scene:
    """Two of three payments of a loop got no answer."""
    scene = Scene(feature(LOOP))
    unheard = {"x", "z"}

    def answer(call: StepCall) -> Json:
        if call.input in unheard:
            unheard.discard(str(call.input))
            raise StepFailed(UNSURE)
        return {"paid": call.input}

    scene.outside.answers["pay"] = answer
    assert await scene.carry() is RunState.WAITING
    assert scene.outside.made() == ["hold", "pay", "pay", "pay"]
    states = scene.store.states()
    assert [states[f"main/pay#{item}"] for item in (1, 2, 3)] == ["waiting", "completed", "waiting"]
    return scene


async def test_R4_each_item_of_a_loop_is_a_question_of_its_own() -> None:
    scene = await loop_in_doubt()
    answered_about(scene, 3, {"as": "done", "output": {"paid": "by hand"}})
    assert await scene.carry() is RunState.WAITING
    assert scene.outside.made() == ["hold", "pay", "pay", "pay"]
    answered_about(scene, 1, {"as": "retry"})
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.made() == ["hold", "pay", "pay", "pay", "pay", "ship"]
    assert scene.outside.calls[-1].input == [{"paid": "x"}, {"paid": "y"}, {"paid": "by hand"}]
    keys = {call.idempotency_key for call in scene.outside.calls if call.input == "x"}
    assert len(keys) == 1


async def test_R4_an_item_that_is_given_up_is_named_and_the_others_are_taken_back() -> None:
    scene = await loop_in_doubt()
    answered_about(scene, 1, {"as": "done", "output": 1})
    answered_about(scene, 3, {"as": "failed"})
    assert await scene.carry() is RunState.ROLLED_BACK
    assert scene.outside.made()[4:] == ["refund", "refund", "free"]
    assert {repr(call.input[0]) for call in scene.outside.calls if call.spec.target == "refund"} == {"'x'", "'y'"}


@pytest.mark.parametrize("item", [1, 2, 3])
async def test_R4_an_item_whose_worker_died_during_its_call_is_in_doubt_and_no_other_is(item: int) -> None:
    scene = Scene(feature({**LOOP, "sequences": [_one_at_a_time(LOOP)]}))
    wanted = "xyz"[item - 1]

    def answer(call: StepCall) -> Json:
        scene.journal.dead = call.input == wanted
        return {"paid": call.input}

    scene.outside.answers["pay"] = answer
    assert await scene.carry() is None
    assert await scene.carry() is RunState.WAITING
    assert [call.input for call in scene.outside.calls if call.spec.target == "pay"] == list("xyz"[:item])
    answered_about(scene, item, {"as": "done", "output": "seen"})
    assert await scene.carry() is RunState.COMPLETED
    assert [call.input for call in scene.outside.calls if call.spec.target == "pay"] == [
        one for one in "xyz" if one != wanted or one in "xyz"[:item]
    ]
    assert scene.outside.calls[-1].input[item - 1] == "seen"


def _one_at_a_time(document: JsonObject) -> JsonObject:
    sequence = document["sequences"][0]
    events = [{key: one for key, one in event.items() if key != "concurrency"} for event in sequence["events"]]
    return {**sequence, "events": events}


async def test_R4_a_run_in_doubt_about_items_that_is_cancelled_names_them_and_takes_back_what_is_sure() -> None:
    scene = await loop_in_doubt()
    assert await scene.carry(stop=CANCELLED) is RunState.CANCELLED
    assert scene.store.ended is not None
    assert scene.store.ended.error is not None
    rollback = scene.store.ended.error.details["rollback"]
    assert rollback["undone"] == ["main/pay", "main/hold"]
    assert rollback["unknown"] == ["main/pay", "main/pay"]
    assert scene.outside.made()[4:] == ["refund", "free"]
