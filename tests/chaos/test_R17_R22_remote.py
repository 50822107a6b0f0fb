"""Remote sides that are slow, silent or without end hold up neither others nor the worker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.chaos.calls import calls, ended, insist, ready, release, start
from tests.chaos.processes import Process
from tests.chaos.proxy import Fault
from tests.chaos.stage import QUICK, Stage
from tests.patience import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("chaos")]
MOST_MB = 64
OPEN = "SELECT count(*) FROM processors_run WHERE id = ANY(%s::uuid[]) AND finished_at IS NULL"
TOOK = "SELECT extract(epoch FROM finished_at - started_at)::float8 FROM processors_attempt WHERE run_id = %s"


def test_R17_a_slow_remote_side_of_one_workspace_does_not_starve_another(stage: Stage, mark: str) -> None:
    assert int(QUICK["WORKER_RUNS"]) < 120
    with ThreadPoolExecutor(8) as callers:
        slow = list(callers.map(lambda number: start(stage, f"{mark}-{number}", mood="hold", timeout=120), range(120)))
    calls(stage, mark, least=1)
    fast = [start(stage, f"fast-{mark}-{number}", way=stage.elsewhere) for number in range(10)]
    assert {run["state"] for run in ended(stage, *fast)} == {"completed"}
    assert stage.rows(OPEN, [slow])[0][0] == 120, "the slow ones were to be slow"
    _let_go(stage, slow)
    assert {run["state"] for run in ended(stage, *slow)} == {"completed"}
    assert len(calls(stage, mark)) == 120


def _let_go(stage: Stage, runs: list[str]) -> None:
    """Those that come to the remote side only now are held as well, and let go of again."""
    while stage.rows(OPEN, [runs])[0][0]:
        release(stage)


@pytest.mark.parametrize(
    ("mood", "code"),
    [
        ("trickle", "deadline_exceeded"),
        ("slow:30", "deadline_exceeded"),
        ("endless", "response_too_large"),
        ("bomb", "response_too_large"),
        ("cut", "connection_lost"),
        ("drop", "connection_lost"),
    ],
)
def test_R22_a_bad_answer_ends_the_run_in_time_and_costs_little_memory(
    stage: Stage, mark: str, mood: str, code: str
) -> None:
    workers = [process for name, process in stage.processes.items() if name.startswith("worker")]
    before = {process.name: _resident_mb(process) for process in workers}
    run = start(stage, mark, mood=mood, timeout=3, retries=0)
    found = ended(stage, run)[0]
    assert (found["state"], found["error"]["code"]) == ("failed", code)
    assert stage.rows(TOOK, [run])[0][0] < 6
    assert all(_resident_mb(process) - before[process.name] < MOST_MB for process in workers)
    assert len(calls(stage, mark)) == 1


def test_R22_a_connection_that_swallows_everything_ends_in_time_and_the_next_one_works(stage: Stage, mark: str) -> None:
    line = stage.lines["remote"]
    ended(stage, start(stage, f"{mark}-before"))  # leaves an open connection behind
    line.spoil(Fault(silent=True))
    failed = ended(stage, start(stage, f"{mark}-silent", timeout=2, retries=0))[0]
    assert (failed["state"], failed["error"]["code"]) == ("failed", "deadline_exceeded")
    again = start(stage, f"{mark}-again", timeout=2)
    line.heal()
    assert ended(stage, again)[0]["state"] == "completed"


@pytest.mark.parametrize("name", ["valkey", "postgres"])
def test_R22_a_server_behind_a_dead_line_is_found_again(stage: Stage, mark: str, name: str) -> None:
    line = stage.lines[name]
    before = start(stage, f"{mark}-before", mood="slow:1", timeout=60)
    line.spoil(Fault(silent=True))
    until(lambda: ready(stage) == 503, what="the health check says so")
    line.heal()
    after = insist(stage, f"{mark}-after")
    assert {run["state"] for run in ended(stage, before, after)} == {"completed"}
    assert len(calls(stage, mark)) == 2


def _resident_mb(process: Process) -> float:
    return float(psutil.Process(process.pid).memory_info().rss) / 2**20
