"""Which state may follow which."""

from __future__ import annotations

import pytest

from processors import models
from processors.engine.states import (
    RUN_CHANGES,
    RUN_ENDED,
    STEP_CHANGES,
    RunState,
    StepState,
    run_may_become,
    step_may_become,
)


def test_engine_and_database_know_the_same_states() -> None:
    assert [state.value for state in RunState] == list(models.RunState.values)
    assert {state.value for state in RUN_ENDED} == {state.value for state in models.ENDED_STATES}


def test_every_state_says_what_may_follow() -> None:
    assert set(RUN_CHANGES) == set(RunState)
    assert set(STEP_CHANGES) == set(StepState)


@pytest.mark.parametrize("ended", sorted(RUN_ENDED))
def test_nothing_follows_the_end_of_a_run(ended: str) -> None:
    assert not any(run_may_become(ended, then) for then in RunState)


def test_a_run_is_claimed_before_it_completes() -> None:
    assert run_may_become("queued", "running")
    assert run_may_become("running", "completed")
    assert not run_may_become("queued", "completed")


def test_a_completed_step_can_only_be_rolled_back() -> None:
    assert step_may_become("completed", "rolled_back")
    assert not step_may_become("completed", "running")
