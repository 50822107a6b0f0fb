"""What tests of runs share: a sink, a scene, and the runtime inside this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from processors.models import Run
from processors.runtime import loop
from processors.services import runs as run_services
from processors.services.runs import RunRequest
from products import dispatch
from tests.people import Cast
from tests.processors.feature_runs import FeatureRuns, end_worker
from tests.processors.fixtures import people, scene, sink
from tests.processors.scene import Scene
from tests.processors.sink import Sink

__all__ = ["people", "scene", "sink"]


class Runs:
    """Starts runs and executes them here, in the runtime's own loop."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor

    def start(self, action: str = "get", given: Any = None, **options: Any) -> Run:
        """A queued run."""
        request = RunRequest("shop", "dev", "api", action, given if given is not None else {}, **options)
        return run_services.start_run(self.actor, request).run

    def execute(self, run: Run) -> Run:
        """The run after one doorbell."""
        loop.start().submit(run.pk).result(120)
        run.refresh_from_db()
        return run

    def now(self, action: str = "get", given: Any = None, **options: Any) -> Run:
        """Started and executed."""
        return self.execute(self.start(action, given, **options))


@pytest.fixture(autouse=True)
def _a_broker_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that did not is asked again only after some seconds, which would reach into the tests that follow."""
    monkeypatch.setattr(dispatch, "broker", dispatch.Broker())


@pytest.fixture
def runs(scene: Scene, sink: Sink, people: Cast, settings: Any) -> Iterator[Runs]:
    """A worker's runtime in this process."""
    settings.EGRESS_ALLOW = [sink.allowed]
    assert not connection.in_atomic_block
    yield Runs(people.as_(people.dev))
    loop.stop()


@pytest.fixture
def features(scene: Scene, sink: Sink, people: Cast, settings: Any) -> Iterator[FeatureRuns]:
    """Runs of features, by a worker's runtime in this process."""
    settings.EGRESS_ALLOW = [sink.allowed]
    yield FeatureRuns(people.as_(people.dev), scene)
    end_worker()
