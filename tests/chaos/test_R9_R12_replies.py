"""A reply that is lost after the commit, and a worker that wakes up after its runs were given away."""

from __future__ import annotations

import socket

import pytest

from tests.chaos.calls import attempt, calls, ended, lines, record, release, start
from tests.chaos.proxy import Fault
from tests.chaos.stage import Stage
from tests.patience import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("chaos")]
IDLE = """
SELECT 1 FROM processors_worker WHERE pid = %s AND running = 0 AND heartbeat_at > now() - interval '1 second'
"""


def test_R9_a_start_whose_commit_was_not_heard_is_found_by_its_key(stage: Stage, mark: str) -> None:
    line = stage.lines["postgres"]
    line.spoil(Fault(drop_reply_to=(f"key-{mark}".encode(),)))
    status, answer = attempt(stage, mark)
    line.heal()
    assert (status, answer["code"]) == (503, "unavailable")
    [(made,)] = stage.rows("SELECT id::text FROM processors_run WHERE idempotency_key = %s", [f"key-{mark}"])
    assert start(stage, mark) == made
    assert ended(stage, made)[0]["state"] == "completed"
    assert len(calls(stage, mark)) == 1


def test_R9_a_result_whose_commit_was_not_heard_is_stored_once(stage: Stage, mark: str) -> None:
    line = stage.lines["postgres"]
    run = start(stage, mark, mood="hold")
    calls(stage, mark, least=1)
    dropped = line.dropped
    line.spoil(Fault(drop_reply_to=(mark.encode(),)))
    release(stage)
    until(lambda: line.dropped > dropped, what="a lost reply")
    line.heal()
    found = ended(stage, run)[0]
    assert (found["state"], found["lost"], found["tries"]) == ("completed", 0, ["completed"])
    assert len(calls(stage, mark)) == 1
    assert len(lines(stage, run)) == found["seq"]


def test_R9_a_claim_whose_commit_was_not_heard_is_made_again(stage: Stage, mark: str) -> None:
    line = stage.lines["postgres"]
    dropped = line.dropped
    workers = [process for name, process in stage.processes.items() if name.startswith("worker")]
    names = [f"{socket.gethostname()}:{process.pid}" for process in workers]  # which a claim writes into the log
    line.spoil(Fault(drop_reply_to=tuple(name.encode() for name in names)))
    run = start(stage, mark)
    until(lambda: line.dropped > dropped, what="a lost reply")
    line.heal()
    assert ended(stage, run)[0]["state"] == "completed"
    assert len(calls(stage, mark)) == 1


def test_R12_a_worker_that_slept_too_long_cannot_write_any_more(stage: Stage, mark: str) -> None:
    run = start(stage, mark, mood="hold")
    calls(stage, mark, least=1)
    zombie = stage.holder(run)
    zombie.freeze()
    before = ended(stage, run)[0]
    assert (before["state"], before["lost"], before["tries"]) == ("completed", 1, ["lost", "completed"])
    logged = len(zombie.text())
    release(stage)
    zombie.thaw()
    until(lambda: stage.rows(IDLE, [zombie.pid]), what="the zombie lets go")
    assert record(stage, run) == before
    assert len(lines(stage, run)) == before["seq"]
    assert len({call["key"] for call in calls(stage, mark)}) == 1
    assert len(calls(stage, mark)) == 2
    assert "run_broke" not in zombie.text()[logged:], "refused by its number, not by what it tried to write"
