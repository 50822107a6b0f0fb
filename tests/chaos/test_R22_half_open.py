"""A network forgets connections without a word: whoever waits on one finds out, and nothing accepted is lost."""

from __future__ import annotations

import sys

import pytest

from tests.chaos.calls import calls, ended, insist, start
from tests.chaos.stage import Stage

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("chaos"),
    pytest.mark.skipif(sys.platform != "linux", reason="sockets are deafened as only Linux can"),
]


@pytest.mark.parametrize("name", ["valkey", "postgres"])
def test_R22_lines_that_nobody_hears_any_more_are_left_for_new_ones(stage: Stage, mark: str, name: str) -> None:
    ended(stage, start(stage, f"{mark}-before"))  # opens the lines
    stage.lines[name].deafen()
    after = insist(stage, f"{mark}-after", seconds=150)  # every forgotten line costs who tries it some twenty
    assert ended(stage, after)[0]["state"] == "completed"
    assert len(calls(stage, mark)) == 2
