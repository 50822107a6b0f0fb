"""R23 R25 R26: features drawn by chance, whose workers die by chance, judged by what the remote side received."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest

from processors.engine.compiled import CompiledFeature
from processors.engine.step import StepCall
from products.features import StepName
from products.lib.jsontypes import Json, JsonObject
from tests.processors.engine.feature_scene import FINAL, Scene, action, feature, undo

pytestmark = pytest.mark.asyncio
SEEDS = range(120)


def drawn(chance: random.Random) -> JsonObject:
    """A feature of up to five sequences: conditions, loops, waits, undos, events that may fail."""
    sequences: list[JsonObject] = []
    for place in range(chance.randint(1, 5)):
        parents = [one["tag"] for one in sequences if chance.random() < 0.4]
        events = [_event(chance, f"e{place}{number}") for number in range(chance.randint(1, 4))]
        mode = chance.choice(["ordered", "concurrent"])
        sequences.append({"tag": f"s{place}", "parents": parents, "events": events, "mode": mode})
    strategy = chance.choice(["reverse_all", "reverse_all", "critical_only", "to_checkpoint", "none"])
    output = {one["tag"]: f"$Sequence{{{one['tag']}}}" for one in sequences}
    return {"sequences": sequences, "options": {"rollback": strategy}, "output": output}


def _event(chance: random.Random, tag: str) -> JsonObject:
    kind = chance.random()
    if kind < 0.08:
        return {"tag": tag, "type": "checkpoint", "input": "$Uuid()"}
    if kind < 0.14:
        return {"tag": tag, "type": "sleep", "input": "1h"}
    more: JsonObject = {"input": {"n": "$Input{n}", "id": "$Uuid()"}}
    if chance.random() < 0.5:
        more["rollback"] = undo(f"{tag}-undo", input=f"$Step{{{tag}}}{{of}}")
        more["critical"] = chance.random() < 0.5
    if chance.random() < 0.25:
        more |= {"for_each": [1, 2, 3], "concurrency": chance.randint(1, 3)}
    if chance.random() < 0.2:
        more["condition"] = chance.choice(["$Input{n} > 1", "$Input{n} < 1"])
    if chance.random() < 0.2:
        more["allow_fail"] = True
    return action(tag, **more)


def failing(chance: random.Random, plan: CompiledFeature) -> list[str]:
    """Targets that always fail: about every tenth."""
    return [event.call.event for event in plan.feature.events() if event.call.event and chance.random() < 0.1]


async def carried(plan: CompiledFeature, bad: list[str], chance: random.Random | None) -> Scene:
    """The run to its end; with `chance`, workers die on the way, at most fifty of them."""
    scene = Scene(plan, {"n": 1})
    for target in bad:
        scene.failing(target, error=FINAL)
    deaths = 0
    for _ in range(500):
        if scene.store.ended is not None:
            return scene
        die_at = chance.randint(1, 12) if chance and deaths < 50 else None
        stored = chance is None or chance.random() < 0.5
        state = await scene.carry(die_at=die_at, stored=stored)
        deaths += state is None
        scene.clock.time += timedelta(hours=1)
    raise AssertionError("The run does not end.")


@pytest.mark.parametrize("seed", SEEDS)
async def test_R23_a_feature_drawn_by_chance_survives_deaths_by_chance(seed: int) -> None:
    chance = random.Random(seed)
    plan = feature(drawn(chance))
    bad = failing(chance, plan)
    calm = await carried(plan, bad, None)
    stormy = await carried(plan, bad, chance)
    for scene in (calm, stormy):
        ends_as_it_must(scene, bad)
        calls_follow_the_graph(scene)
        undoes_what_was_done(scene)
    if not bad:
        assert stormy.store.states() == calm.store.states()
        assert stormy.store.ended is not None
        assert calm.store.ended is not None
        assert results(stormy.store.ended.output) == results(calm.store.ended.output)
    no_completed_step_is_called_again(stormy)


def results(output: Json) -> Json:
    """Without how long was slept: that counts from when it began."""
    return {
        sequence: {tag: "slept" if "until" in (one or ()) else one for tag, one in events.items()}
        for sequence, events in output.items()
    }


def ends_as_it_must(scene: Scene, bad: list[str]) -> None:
    """Completed unless an event that may not fail was called and failed."""
    assert scene.store.ended is not None
    must = {
        str(event.name) for event in scene.plan.feature.events() if event.call.event in bad and not event.allow_fail
    }
    states = scene.store.states()
    has_failed = any(states.get(tag) == "failed" for tag in must)
    assert (scene.store.ended.state != "completed") == has_failed
    assert "running" not in states.values()
    assert "waiting" not in states.values()


def no_completed_step_is_called_again(scene: Scene) -> None:
    """Tries of one step carry one key and one input, and count up."""
    by_step: dict[tuple[str, int], list[StepCall]] = {}
    for call in scene.outside.calls:
        by_step.setdefault((call.spec.tag, call.spec.index), []).append(call)
    for calls in by_step.values():
        assert len({call.idempotency_key for call in calls}) == 1
        assert len({repr(call.input) for call in calls}) == 1
        numbers = [call.number for call in calls]
        assert numbers == sorted(set(numbers))


def calls_follow_the_graph(scene: Scene) -> None:
    """The first call of an event comes after the last of every event that must run before it."""
    first: dict[StepName, int] = {}
    last: dict[StepName, int] = {}
    for place, call in enumerate(scene.outside.calls):
        sequence, _, tag = call.spec.tag.partition("/")
        if tag.endswith("~undo"):
            continue
        name = StepName(sequence, tag)
        first.setdefault(name, place)
        last[name] = place
    above = scene.plan.feature.ancestors()
    for sequence_ in scene.plan.feature.sequences:
        before = [name for name in last if name.sequence in above[sequence_.tag]]
        for event in sequence_.events:
            assert all(last[name] < first[event.name] for name in before if event.name in first), event.name
            if sequence_.mode == "ordered":
                before = [*before, event.name] if event.name in last else before


def undoes_what_was_done(scene: Scene) -> None:
    """Undo happens only after a failure, once for each completed effect that the strategy names, in reverse."""
    undone = Counter(key for key in scene.store.progress() if key.undo)
    assert all(count == 1 for count in undone.values())
    assert scene.store.ended is not None
    if scene.store.ended.state == "completed":
        assert not undone
        return
    strategy = scene.plan.feature.options.rollback
    if strategy == "none":
        assert not undone
    if strategy != "reverse_all":
        return
    wanted = {
        key
        for key, known in scene.store.progress().items()
        if not key.undo and known.finished_at and known.state in {"completed", "rolled_back"}
        and scene.plan.events[key.name].undo is not None
        and (scene.plan.events[key.name].items is None or key.item > 0)
    }  # fmt: skip
    assert {key._replace(undo=False) for key in undone} == wanted
