"""What could happen twice: messages delivered again, several schedulers, a scheduler that is killed."""

from __future__ import annotations

import pytest

from tests.chaos.calls import calls, ended, start
from tests.chaos.nemesis import flush
from tests.chaos.stage import QUICK, Stage
from tests.patience import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("chaos")]
COUNTED = """
SELECT coalesce(sum(n), 0) FROM (
    SELECT n FROM processors_measureminute UNION ALL SELECT n FROM processors_measuredelta) AS every
"""


def test_R11_a_step_longer_than_the_visibility_timeout_is_made_once(stage: Stage, mark: str) -> None:
    step_s = float(QUICK["BROKER_VISIBILITY_TIMEOUT_S"]) + 3
    runs = [start(stage, f"{mark}-{number}", mood=f"slow:{step_s}", timeout=60) for number in range(3)]
    found = ended(stage, *runs)
    assert [(run["state"], run["lost"], run["tries"]) for run in found] == [("completed", 0, ["completed"])] * 3
    assert len(calls(stage, mark)) == 3


def test_R13_due_work_and_counts_happen_once_with_two_schedulers_one_of_which_is_killed(
    stage: Stage, mark: str
) -> None:
    before = stage.rows(COUNTED)[0][0]
    runs = [start(stage, f"{mark}-{number}", mood="fail:1", amount=number) for number in range(20)]
    flush(stage)  # whoever is rung for now was rung for by a scheduler
    stage.processes["scheduler-1"].kill()
    found = ended(stage, *runs)
    stage.have("scheduler-1")
    assert [(run["state"], run["tries"]) for run in found] == [("completed", ["failed", "completed"])] * 20
    assert len(calls(stage, mark)) == 40
    unfolded = "SELECT count(*) FROM processors_measuredelta"
    until(lambda: stage.rows(unfolded)[0][0] == 0, what="all counts are folded")
    assert stage.rows(COUNTED)[0][0] == before + 20
