"""Signals of runs that wait for several at once: each is used once, and checked for the event that it answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from processors.models import Run, RunSignal
from processors.runtime import loop
from processors.services import signals
from tests.patience import until
from tests.people import Cast
from tests.processors.feature_runs import FeatureRuns, chain, end_worker
from tests.processors.scene import Scene
from tests.processors.sink import Sink

pytestmark = pytest.mark.django_db(transaction=True)
WAIT: dict[str, Any] = {"tag": "ok", "type": "wait_signal", "event": "go"}


@pytest.fixture
def features(scene: Scene, sink: Sink, people: Cast, settings: Any) -> Iterator[FeatureRuns]:
    """A worker's runtime in this process."""
    settings.EGRESS_ALLOW = [sink.allowed]
    yield FeatureRuns(people.as_(people.dev), scene)
    end_worker()


def completed(run: Run) -> Run:
    """The run once it has ended well."""

    def look() -> bool:
        run.refresh_from_db()
        if run.state in {"queued", "waiting"}:
            loop.start().submit(run.pk)
        return run.ended

    until(look, what="the run has ended")
    assert run.state == "completed", run.error
    return run


def test_each_item_of_a_loop_takes_a_signal_of_its_own(features: FeatureRuns) -> None:
    features.make("all", chain({**WAIT, "for_each": ["a", "b", "c"], "concurrency": 3}, output="$Step{ok}"))
    run = features.start("all")
    for number in (1, 2):
        signals.send_signal(features.actor, run, "go", {"number": number})
    features.execute(run)
    assert RunSignal.objects.filter(run=run, step_id=None).count() == 0
    assert run.state == "waiting", run.output
    signals.send_signal(features.actor, run, "go", {"number": 3})
    assert sorted(one["number"] for one in completed(run).output) == [1, 2, 3]
    assert len(set(RunSignal.objects.filter(run=run).values_list("step_id", flat=True))) == 3
