"""A feature of ten steps with branches, a loop, a wait, a child and undos, and a run of it carried to its end."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

from processors.engine.ports import ChildEnd
from processors.engine.states import RunState
from processors.engine.step import StepCall, StepError
from products.lib.jsontypes import JsonObject
from tests.processors.engine.feature_scene import Scene, action, feature, undo


def taken_back(tag: str, **more: object) -> JsonObject:
    """An action whose undo says what it takes back."""
    return action(tag, rollback=undo(f"un-{tag}", input=f"$Step{{{tag}}}{{of}}"), **more)


CHILD: JsonObject = {"tag": "sub", "type": "feature", "event": "bill", "input": {"n": "$Step{a}{of}"}}
BRANCHED: JsonObject = {
    "sequences": [
        {"tag": "first", "events": [taken_back("a"), taken_back("b"), {"tag": "mark", "type": "checkpoint"}]},
        {"tag": "left", "parents": ["first"], "events": [
            taken_back("each", for_each=["x", "y", "z"], concurrency=2, input=["$Item", "$Index", "$Uuid()"]),
            {"tag": "nap", "type": "sleep", "input": "1h"},
            taken_back("c"),
        ]},
        {"tag": "right", "parents": ["first"], "mode": "concurrent", "events": [taken_back("d"), CHILD]},
        {"tag": "last", "parents": ["left", "right"], "events": [
            action("join", input=["$Sequence{left}{each}", "$Sequence{right}{sub}", "$Uuid()"]), taken_back("e"),
        ]},
    ],
    "output": {
        "all": ["$Sequence{first}", "$Step{each}", "$Step{c}", "$Sequence{right}", "$Step{join}"],
        "id": "$Uuid()",
    },
}  # fmt: skip
FORWARD = ("a", "b", "each", "each", "each", "c", "d", "join", "e")
LIMIT = 200  # of workers for one run


def branched() -> Scene:
    """Nobody has carried it yet."""
    return Scene(feature(BRANCHED))


def children_end(scene: Scene, error: StepError | None = None) -> None:
    """The runs of children end by themselves."""
    for child in scene.outside.children:
        state = RunState.FAILED if error else RunState.COMPLETED
        scene.outside.ends[child] = ChildEnd(state, None if error else {"billed": True}, error)


async def to_the_end(
    scene: Scene, *, stop: StepError | None = None, chance: random.Random | None = None, deaths: int = 0
) -> Scene:
    """One worker after the other; with `chance`, so many of them die. Time passes between two of them."""
    for _ in range(LIMIT):
        if scene.store.ended is not None:
            return scene
        die_at = chance.randint(1, 9) if chance and deaths > 0 else None
        state = await scene.carry(die_at=die_at, stored=chance is not None and chance.random() < 0.5, stop=stop)
        deaths -= state is None
        children_end(scene)
        scene.clock.time += timedelta(hours=1)
    raise AssertionError("The run does not end.")


def calls_by_step(scene: Scene) -> dict[tuple[str, int], list[StepCall]]:
    """What the targets received."""
    found: dict[tuple[str, int], list[StepCall]] = {}
    for call in scene.outside.calls:
        found.setdefault((call.spec.tag, call.spec.index), []).append(call)
    return found


def each_effect_has_one_key(scene: Scene) -> None:
    """However often a step was called: one key, one input, tries that count up."""
    for at, calls in calls_by_step(scene).items():
        assert len({call.idempotency_key for call in calls}) == 1, at
        assert len({repr(call.input) for call in calls}) == 1, at
        numbers = [call.number for call in calls]
        assert numbers == sorted(set(numbers)), at
    assert len(scene.outside.children) <= 1


def everything_is_taken_back(scene: Scene, before: int = 0) -> None:
    """What was completed and can be undone was undone once; nothing else was, and nothing was begun after `before`."""
    assert all(call.spec.target.startswith("un-") for call in scene.outside.calls[before:]), scene.outside.made()[
        before:
    ]
    known = scene.store.progress()
    undone = Counter((key.name, key.item) for key in known if key.undo)
    assert set(undone.values()) <= {1}
    for key, one in known.items():
        event = scene.plan.events[key.name]
        is_effect = event.undo is not None and (event.items is None or key.item > 0) and not key.undo
        if is_effect:
            assert ((key.name, key.item) in undone) == (one.state == "rolled_back"), key
            assert one.state in {"rolled_back", "failed"}, key
