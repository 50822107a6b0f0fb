"""The database is put back to an earlier moment while everything around it remembers what came later."""

from __future__ import annotations

import pytest

from tests.chaos.calls import calls, ended, insist
from tests.chaos.stage import Stage
from tests.patience import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("chaos")]
DROPPED = "there are no such runs"


def test_R27_messages_of_runs_that_are_no_more_are_dropped_and_new_runs_work(stage: Stage, mark: str) -> None:
    """What the web process remembers of the lost time, the definition of the action among it, does no harm either."""
    first, second = stage.have("worker-1", "worker-2")
    bump = "UPDATE products_action SET policy = policy || jsonb_build_object('delay_s', (random() * 0.2 + 0.1)::float8)"
    stage.rows(bump)
    stage.save_database()
    first.kill()
    second.kill()
    lost = [insist(stage, f"{mark}-lost-{number}") for number in range(5)]
    stage.restore_database()
    assert not stage.rows("SELECT 1 FROM processors_run WHERE id = ANY(%s::uuid[])", [lost])
    seen_first, seen_second = len(first.text()), len(second.text())
    stage.have("worker-1", "worker-2")
    new = insist(stage, f"{mark}-new")
    assert ended(stage, new)[0]["state"] == "completed"
    assert [call["marker"] for call in calls(stage, mark)] == [f"{mark}-new"]
    until(lambda: DROPPED in first.text()[seen_first:] + second.text()[seen_second:], what="a line about the messages")
    assert "Traceback" not in first.text()[seen_first:] + second.text()[seen_second:]
    assert all(process.is_alive for process in (first, second))
