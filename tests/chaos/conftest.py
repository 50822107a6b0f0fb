"""One stage for all durability tests; each begins and ends with everything well."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from ductape_site.embedded.errors import AlreadyRunningError
from ductape_site.embedded.folder import PROJECT
from tests.chaos.drill import PROCESSES
from tests.chaos.stage import Stage, staged

FOLDER = PROJECT / "var" / "chaos"


@pytest.fixture(scope="session")
def whole_stage() -> Iterator[Stage]:
    """In a folder that is kept between sessions, so that only the first one migrates; in a new one if it is taken."""
    kept, passing = FOLDER / "tests", FOLDER / uuid4().hex[:12]
    with ExitStack() as stack:
        try:
            stage = stack.enter_context(staged(kept, quick=True))
        except AlreadyRunningError:
            stack.callback(shutil.rmtree, passing, ignore_errors=True)
            stage = stack.enter_context(staged(passing, quick=True))
        yield stage
        stage.search()  # whatever all of these tests did


@pytest.fixture
def stage(whole_stage: Stage) -> Iterator[Stage]:
    """Well before and after; what the last test killed is started again."""
    whole_stage.have(*PROCESSES)
    yield whole_stage
    whole_stage.heal()
    whole_stage.forget_runs()


@pytest.fixture
def mark(request: pytest.FixtureRequest) -> str:
    """What the runs of this test are called; never used before."""
    return f"{request.node.name.split('_')[1]}-{time.time_ns():x}"
