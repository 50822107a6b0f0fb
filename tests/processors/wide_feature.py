"""A feature with branches, a loop, a child and a join for the whole runtime, and what must hold of its run.

Every step of it sends its own name to the remote side, with its key: `POST /echo/a`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from processors.models import Attempt, LogLine, Run, Step
from products.lib.jsontypes import JsonObject
from tests.processors.feature_runs import FeatureRuns, chain, event, undo
from tests.processors.sink import Call, Sink


def named(tag: str, marker: str = "", **more: Any) -> JsonObject:
    """A step that sends its marker; its undo sends another."""
    name = marker or tag
    return event(tag, "echo", input={"id": name}, rollback=undo("echo", input={"id": f"undo-{name}"}), **more)


def marker_of(call: Call) -> str:
    """The name that a step has sent."""
    return call.path.rpartition("/")[2]


KID = chain(named("k1"), named("k2"), output={"of": "kid"})
WIDE: JsonObject = {
    "sequences": [
        {"tag": "first", "events": [named("a"), named("b")]},
        {"tag": "left", "parents": ["first"], "events": [
            named("each", "item-$Item", for_each=[1, 2, 3], concurrency=2), named("c"),
        ]},
        {"tag": "right", "parents": ["first"], "mode": "concurrent", "events": [
            named("d"), {"tag": "sub", "type": "feature", "event": "kid"},
        ]},
        {"tag": "last", "parents": ["left", "right"], "events": [named("join"), named("e")]},
    ],
    "output": {"sub": "$Sequence{right}{sub}{of}", "items": "$Length($Sequence{left}{each})"},
}  # fmt: skip
STEPS = ("a", "b", "item-1", "item-2", "item-3", "c", "d", "k1", "k2", "join", "e")


def make_wide(features: FeatureRuns) -> None:
    """The feature `wide` and the child that it starts."""
    features.make("kid", KID)
    features.make("wide", WIDE)


def markers(sink: Sink) -> list[str]:
    """The names that the remote side received."""
    return [marker_of(call) for call in sink.calls]


def logs_have_no_gap(*runs: Run) -> None:
    """Of each run."""
    for run in runs:
        numbers = list(LogLine.objects.filter(run=run).order_by("seq").values_list("seq", flat=True))
        assert numbers == list(range(1, run.seq + 1)), run.target


def whole(run: Run, sink: Sink, *, again: int = 0, lost: bool = False) -> None:
    """Completed: each step once, with one key, at most `again` of them called again; one child; a log without a gap."""
    run.refresh_from_db()
    assert (run.state, run.output) == ("completed", {"sub": "kid", "items": 3}), run.error
    kid = Run.objects.get(parent_id=run.pk)
    assert kid.state == "completed", kid.error
    seen = Counter(markers(sink))
    assert set(seen) == set(STEPS)
    assert sum(seen.values()) <= len(STEPS) + again, seen
    assert seen["join"] == 1
    keys = {(marker, call.key) for marker, call in zip(markers(sink), sink.calls, strict=True)}
    assert len(keys) == len({key for _, key in keys} - {""}) == len(STEPS), "one key for each step"
    steps = Step.objects.filter(run__in=[run, kid])
    assert {one.state for one in steps} == {"completed"}
    assert len({(one.run_id, one.tag, one.index) for one in steps}) == len(steps) == 13
    tries = Attempt.objects.filter(run__in=[run, kid])
    assert tries.filter(state="completed").count() == len(STEPS)
    if not lost:
        assert tries.exclude(state="completed").count() == 0
        assert (run.lost, kid.lost) == (0, 0)
    logs_have_no_gap(run, kid)
