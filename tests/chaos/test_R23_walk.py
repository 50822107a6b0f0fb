"""A short walk through faults drawn at random from one seed."""

from __future__ import annotations

import pytest

from tests.chaos.drill import PROCESSES, Plan, drill
from tests.chaos.nemesis import schedule
from tests.chaos.stage import Stage

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("chaos")]


def test_R23_nothing_is_lost_or_doubled_on_a_short_walk(stage: Stage) -> None:
    said: list[str] = []
    verdict = drill(stage, Plan(seconds=12, seed=23, callers=3, every_s=1.5), said.append)
    assert verdict.is_good, [*said, *verdict.lines()]
    assert verdict.settled == verdict.accepted > 20


def test_R23_features_lose_and_double_nothing_on_a_short_walk(stage: Stage) -> None:
    said: list[str] = []
    plan = Plan(seconds=15, seed=41, callers=3, every_s=2, is_of_features=True)
    verdict = drill(stage, plan, said.append)
    assert verdict.is_good, [*said, *verdict.lines()]
    assert verdict.settled == verdict.accepted > 20


def test_R23_one_seed_is_one_schedule() -> None:
    acts = schedule(5, 60, list(PROCESSES))
    assert acts == schedule(5, 60, list(PROCESSES))
    assert acts != schedule(6, 60, list(PROCESSES))
    assert len(acts) > 5
