"""Fixtures that tests of runs share, in this process and with real ones: a sink, people, a scene."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.people import Cast, make_cast
from tests.processors.scene import Scene, make_scene
from tests.processors.sink import Sink


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A remote side that records."""
    made = Sink()
    yield made
    made.close()


@pytest.fixture
def people(transactional_db: None) -> Cast:
    """The cast, in rows that other connections and processes see."""
    return make_cast()


@pytest.fixture
def scene(people: Cast, sink: Sink) -> Scene:
    """`shop` in `dev`, connected to the sink."""
    return make_scene(people.workspace, sink.url)
