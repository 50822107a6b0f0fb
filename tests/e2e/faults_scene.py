"""Fixtures of the fault tests: the scene of a run, and real processes around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import House
from tests.processors.fixtures import people, scene, sink
from tests.processors.scene import Scene
from tests.processors.sink import Sink

__all__ = ["house", "people", "scene", "sink"]


@pytest.fixture
def house(scene: Scene, sink: Sink, tmp_path: Path) -> Iterator[House]:
    """No process yet; every one that is started is ended."""
    made = House(tmp_path, {"EGRESS_ALLOW": sink.allowed})
    yield made
    try:
        made.search()
    finally:
        made.close()
