"""Runs of features with branches, a loop and a child whose workers die, are asked to stop or are rung for twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import pytest

from processors.live.publish import valkey
from processors.models import Attempt, LogLine, Run, Step
from products import dispatch
from tests.e2e.harness import House, settled
from tests.patience import until
from tests.people import Cast
from tests.processors.feature_runs import FeatureRuns
from tests.processors.scene import Scene
from tests.processors.sink import Call, Reply, Sink
from tests.processors.wide_feature import STEPS, make_wide, marker_of, markers

pytestmark = pytest.mark.e2e
pytest_plugins = ("tests.e2e.faults_scene",)
VISIBLE_S = 10  # the least that is allowed


@pytest.fixture
def features(scene: Scene, people: Cast) -> FeatureRuns:
    """`wide` and its child, in the draft."""
    made = FeatureRuns(people.as_(people.dev), scene)
    make_wide(made)
    for action in scene.actions.values():
        action.policy = {"retries": 3, "delay_s": 0.1}
        action.save()
    return made


def held_at(sink: Sink, *names: str) -> threading.Event:
    """Calls of these steps are answered when the event is set, all others at once."""
    held = threading.Event()

    def answer(call: Call, number: int) -> Reply:
        return Reply(body={"number": number}, hold=held if marker_of(call) in names else None)

    sink.answering = answer
    return held


def ended(made: list[Run]) -> list[Run]:
    """All of them and their children."""
    settled(made, seconds=120)
    return settled(list(Run.objects.filter(parent_id__in=[run.pk for run in made])), seconds=120)


def everything_fits(made: list[Run], sink: Sink) -> Counter[str]:
    """Every run is complete, each step with one key and no more calls than tries on record; how often each key came."""
    kids = ended(made)
    rows = list(Run.objects.filter(pk__in=[run.pk for run in made])) + kids
    assert Counter(run.state for run in rows) == {"completed": 2 * len(made)}
    assert {repr(run.output) for run in rows if run.target == "wide"} == {"{'sub': 'kid', 'items': 3}"}
    assert len({run.parent_id for run in kids}) == len(kids) == len(made), "one child each"
    for run in rows:
        numbers = list(LogLine.objects.filter(run=run).order_by("seq").values_list("seq", flat=True))
        assert numbers == list(range(1, run.seq + 1)), "the log has a gap"
    steps = {str(one.pk): one for one in Step.objects.filter(run__in=rows)}
    assert {one.state for one in steps.values()} == {"completed"}
    seen = Counter(call.key for call in sink.calls)
    assert len(seen) == len(STEPS) * len(made), "a key for each step of each run"
    assert not set(seen) - set(steps), "a call without a step"
    tries = Counter(str(one) for one in Attempt.objects.filter(run__in=rows).values_list("step_id", flat=True))
    assert all(count <= tries[key] for key, count in seen.items()), "called more often than is on record"
    return seen


def test_R2_R1_the_whole_worker_killed_amid_branches_loops_and_children(
    house: House, features: FeatureRuns, sink: Sink
) -> None:
    held = held_at(sink, "item-2", "k2")
    first = house.worker()
    house.scheduler()
    made = [features.start("wide") for _ in range(25)]  # with their children fifty
    until(lambda: Counter(markers(sink))["item-2"] == 25 == Counter(markers(sink))["k2"], what="all are in flight")
    until(lambda: Step.objects.filter(tag="right/d", state="running").count() == 0, what="what was answered is stored")
    finished = set(map(str, Step.objects.filter(state="completed", kind="action").values_list("pk", flat=True)))
    assert len(finished) > 25 * 3
    first.kill()
    held.set()
    house.worker()
    seen = everything_fits(made, sink)
    assert {key for key, count in seen.items() if count > 1} & finished == set(), "a finished step was called again"
    assert max(seen.values()) <= 2


def test_R3_a_worker_asked_to_stop_amid_branches_loses_and_fails_nothing(
    house: House, features: FeatureRuns, sink: Sink
) -> None:
    held = held_at(sink, "item-1", "d")
    first = house.worker()
    made = [features.start("wide") for _ in range(10)]
    until(lambda: Counter(markers(sink))["d"] == 10 == Counter(markers(sink))["item-1"], what="all are in flight")
    house.scheduler()
    house.worker()
    first.stop()
    held.set()
    everything_fits(made, sink)
    assert {run.lost for run in Run.objects.all()} == {0}


def test_R5_R10_R11_a_flushed_broker_doubled_and_late_doorbells_lose_and_double_nothing(
    house: House, features: FeatureRuns, sink: Sink
) -> None:
    held = held_at(sink, "item-1", "k1")
    more: dict[str, Any] = {"BROKER_VISIBILITY_TIMEOUT_S": str(VISIBLE_S), "WORKER_RUNS": "30"}
    house.worker(**more)
    house.worker(**more)
    made = [features.start("wide") for _ in range(10)]
    until(lambda: Counter(markers(sink))["k1"] == 10 == Counter(markers(sink))["item-1"], what="all are in flight")
    for run in Run.objects.all():  # twice, to two workers, while it is under way
        for _ in range(2):
            dispatch.ring(dispatch.EXECUTE_RUN, str(run.pk), queue="runs")
    visible_until = time.monotonic() + VISIBLE_S + 1
    until(lambda: time.monotonic() > visible_until, what="longer than a message may be in hand")
    valkey().flushdb()
    held.set()
    house.scheduler()
    seen = everything_fits(made, sink)
    assert set(seen.values()) == {1}
    assert {run.lost for run in Run.objects.all()} == {0}
