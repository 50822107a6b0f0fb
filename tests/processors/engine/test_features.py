"""A feature's run on its way forward: order, branches, conditions, loops."""

from __future__ import annotations

import pytest

from processors.engine.states import RunState
from products.lib.jsontypes import Json
from tests.processors.engine.feature_scene import FINAL, Scene, action, chain, feature

pytestmark = pytest.mark.asyncio


async def test_events_run_in_order_and_see_what_ran_before() -> None:
    plan = feature(
        chain(
            action("a", input="$Input{n}"), action("b", input="$Sequence{main}{a}"), output=["$Step{b}{input}{input}"]
        )
    )
    scene = Scene(plan, {"n": 7})
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.made() == ["a", "b"]
    assert scene.store.ended is not None
    assert scene.store.ended.output == [7]
    assert scene.store.states() == {"main/a": "completed", "main/b": "completed"}


async def test_a_step_costs_one_write_and_its_result_is_stored_before_the_next_call() -> None:
    scene = Scene(feature(chain(*(action(f"s{n}") for n in range(5)))))
    await scene.carry()
    assert scene.store.writes == 6  # one before each call, and the end


async def test_sequences_whose_parents_are_done_run_side_by_side() -> None:
    plan = feature({
        "sequences": [
            {"tag": "join", "parents": ["left", "right"], "events": [action("c")]},
            {"tag": "left", "events": [action("a")]},
            {"tag": "right", "events": [action("b")]},
        ]
    })
    scene = Scene(plan)
    scene.outside.takes = 0.01
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.most_at_once == 2
    assert scene.outside.made()[-1] == "c"


async def test_R25_the_join_runs_once_when_both_branches_end_in_the_same_moment() -> None:
    tags = [f"b{n}" for n in range(20)]
    sequences: list[Json] = [{"tag": tag, "events": [action(tag)]} for tag in tags]
    scene = Scene(feature({"sequences": [*sequences, {"tag": "join", "parents": tags, "events": [action("after")]}]}))
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.made().count("after") == 1


async def test_a_condition_that_does_not_hold_skips_and_gives_null() -> None:
    plan = feature(chain(action("a", condition="$Input{n} > 1"), action("b", input={"a": "$Step{a}"})))
    scene = Scene(plan, {"n": 1})
    await scene.carry()
    assert scene.store.states() == {"main/a": "skipped", "main/b": "completed"}
    assert scene.outside.calls[0].input == {"a": None}


async def test_an_event_that_may_fail_lets_the_run_go_on() -> None:
    scene = Scene(feature(chain(action("a", allow_fail=True), action("b"))))
    scene.failing("a", error=FINAL)
    assert await scene.carry() is RunState.COMPLETED
    assert scene.store.states() == {"main/a": "failed", "main/b": "completed"}


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (3, 3), (1000, 7)])
async def test_a_loop_keeps_the_order_of_results_and_its_limit(at_once: int, most: int) -> None:
    plan = feature(
        chain(
            action("a", for_each="$Input{items}", concurrency=at_once, input=["$Item", "$Index"]),
            output="$Pluck($Step{a}, 'input')",
        )
    )
    scene = Scene(plan, {"items": list("abcdefg")})
    scene.outside.takes = 0.002
    assert await scene.carry() is RunState.COMPLETED
    assert scene.outside.most_at_once == most
    assert scene.store.ended is not None
    assert scene.store.ended.output == [[letter, place] for place, letter in enumerate("abcdefg")]


async def test_a_condition_about_the_item_skips_single_items() -> None:
    plan = feature(chain(action("a", for_each=[1, 2, 3], condition="$Modulo($Item, 2) == 1")))
    scene = Scene(plan)
    await scene.carry()
    assert scene.store.states() == {
        "main/a": "completed", "main/a#1": "completed", "main/a#2": "skipped", "main/a#3": "completed",
    }  # fmt: skip


async def test_R26_a_loop_over_too_much_or_over_no_list_says_so() -> None:
    for items, words in ((list(range(10_001)), "10000 items"), ({"a": 1}, "needs a list, not an object")):
        scene = Scene(feature(chain(action("a", for_each="$Input{items}"))), {"items": items})
        assert await scene.carry() is RunState.FAILED
        assert scene.store.ended is not None
        assert scene.store.ended.error is not None
        assert words in scene.store.ended.error.message
        assert scene.outside.calls == []


async def test_a_kept_result_is_not_asked_for_again() -> None:
    scene = Scene(feature(chain(action("a", cache="10m"), action("b"))))
    await scene.carry()
    again = Scene(scene.plan)
    again.outside.kept = scene.outside.kept
    assert await again.carry() is RunState.COMPLETED
    assert again.outside.made() == ["b"]
