"""Around one call: its worker dies after it, the database is away meanwhile, somebody cancels."""

from __future__ import annotations

import time

import pytest

from tests.chaos.calls import attempt, calls, cancel, ended, insist, lines, ready, record, release, start
from tests.chaos.stage import QUICK, Stage
from tests.patience import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("chaos")]


def test_R4_a_worker_killed_after_the_remote_side_acted_leads_to_one_more_call_with_the_same_key(
    stage: Stage, mark: str
) -> None:
    run = start(stage, mark, mood="hold")
    calls(stage, mark, least=1)
    holder = stage.holder(run)
    holder.freeze()
    release(stage)  # the remote side has acted and answered; nobody has read the answer
    holder.kill()
    found = ended(stage, run)[0]
    assert (found["state"], found["lost"], found["tries"]) == ("completed", 1, ["lost", "completed"])
    assert len(calls(stage, mark)) == 2
    assert len({call["key"] for call in calls(stage, mark)}) == 1
    assert any("worker was lost" in message for _, message in lines(stage, run))


def test_R8_a_database_away_for_longer_than_the_lease_costs_no_try(stage: Stage, mark: str) -> None:
    runs = [start(stage, f"{mark}-{number}", mood="hold", timeout=60) for number in range(5)]
    calls(stage, mark, least=5)
    stage.stop_postgres()
    away_until = time.monotonic() + 1.5 * float(QUICK["RUN_LEASE_S"])
    until(lambda: ready(stage) == 503, what="the health check says so")
    assert attempt(stage, f"{mark}-during")[0] == 503
    release(stage)
    until(lambda: time.monotonic() > away_until, what="longer than a lease")
    stage.start_postgres()
    found = ended(stage, *runs)
    assert [(run["state"], run["lost"], run["tries"]) for run in found] == [("completed", 0, ["completed"])] * 5
    assert len(calls(stage, f"{mark}-")) == 5
    until(lambda: ready(stage) == 200, what="the web process is well without a restart")
    insist(stage, f"after-{mark}")


@pytest.mark.parametrize("with_broker", [True, False], ids=["told", "found out"])
def test_R18_nothing_is_called_once_a_run_in_flight_is_shown_as_cancelled(
    stage: Stage, mark: str, with_broker: bool
) -> None:
    run = start(stage, mark, mood="hold", timeout=60)
    calls(stage, mark, least=1)
    if not with_broker:
        stage.valkey.stop()  # the ask gets lost: the renewal of the lease hears of it
    assert cancel(stage, run) == 202
    found = ended(stage, run)[0]
    assert (found["state"], found["error"]["code"], found["tries"]) == ("cancelled", "cancelled", ["failed"])
    release(stage)
    stage.start_valkey()
    assert cancel(stage, run) == 409
    ended(stage, start(stage, f"later-{mark}"))
    assert record(stage, run) == found
    assert len(calls(stage, mark)) == 1
    assert len(lines(stage, run)) == found["seq"]


def test_R18_a_run_cancelled_between_two_tries_is_not_tried_again(stage: Stage, mark: str) -> None:
    run = start(stage, mark, mood="fail:8")
    calls(stage, mark, least=3)
    assert cancel(stage, run) == 202
    found = ended(stage, run)[0]
    made = len(calls(stage, mark))
    assert found["state"] == "cancelled"
    ended(stage, start(stage, f"later-{mark}", mood="slow:1"))  # longer than the wait between two tries
    assert len(calls(stage, mark)) == made == len(found["tries"])
