"""One drill: load and faults together for a while, then quiet, then the verdict."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from ductape_site.embedded.ports import LOOPBACK
from tests.chaos import features
from tests.chaos.checker import Verdict, check, open_runs
from tests.chaos.driver import Driver
from tests.chaos.history import History
from tests.chaos.nemesis import Act, Nemesis, schedule
from tests.chaos.stage import Stage
from tests.patience import TooLate, until

Judge = Callable[[Stage, History, str], Verdict]
PROCESSES = ("web", "worker-1", "worker-2", "scheduler-1", "scheduler-2")
MORE_PROCESSES = (*PROCESSES, "web-2")
FEATURE_STEPS, FEATURE_PAUSE_S = 3, 0.3  # a run of ten steps is more work than one of one
MOODS = ("", "", "", "", "slow:0.2", "fail:1", "fail:2", "drop:once")


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, under which seed, with how many callers; how long may it take to settle afterwards."""

    seconds: float
    seed: int
    callers: int = 4
    drain_s: float = 90.0
    every_s: float = 3.0
    processes: tuple[str, ...] = PROCESSES
    is_of_features: bool = False  # ten steps, branches, a loop and a child, instead of one action

    def acts(self) -> list[Act]:
        """Everything that will happen."""
        return schedule(self.seed, self.seconds, list(self.processes), every_s=self.every_s)


def drill(stage: Stage, plan: Plan, say: Callable[[str], None] = lambda line: None) -> Verdict:
    """Loads, breaks, heals, waits, checks."""
    stage.have(*plan.processes)
    addresses = tuple(f"http://{LOOPBACK}:{port}" for name, port in stage.ports.items() if name in plan.processes)
    prefix = f"drill{plan.seed}-{time.time_ns():x}"  # the same seed may come again in the same database
    load: dict[str, Any] = {"moods": MOODS}
    if plan.is_of_features:
        load = {"moods": features.MOODS, "feature": features.TAG, "pause_s": FEATURE_PAUSE_S}
    driver = Driver(addresses, stage.home, callers=plan.callers, seed=plan.seed, prefix=prefix, **load)
    driver.start()
    try:
        Nemesis(stage, say).run(plan.acts(), plan.seconds)
    finally:
        driver.stop()
    judge = features.check if plan.is_of_features else check
    drain_s = plan.drain_s * (FEATURE_STEPS if plan.is_of_features else 1)
    return settle(stage, driver, prefix, drain_s=drain_s, judge=judge)


def settle(stage: Stage, driver: Driver, prefix: str, *, drain_s: float, judge: Judge = check) -> Verdict:
    """Asks again for what is unknown, waits until nothing is open or time is up, and checks."""
    driver.settle_unknown()
    try:
        until(lambda: _all_ended(stage, prefix), seconds=drain_s, what="every run has ended")
    except TooLate:
        sys.stderr.write(f"{open_runs(stage, prefix)} runs have not ended after {drain_s:g} s\n")
    driver.history.write(stage.folder.root / f"history-{prefix}.jsonl")
    return judge(stage, driver.history, prefix)


def _all_ended(stage: Stage, prefix: str) -> bool:
    """False too while the database is only coming back."""
    try:
        return open_runs(stage, prefix) == 0
    except psycopg.OperationalError:
        return False


def header(plan: Plan) -> list[str]:
    """The seed and the schedule that it gives."""
    return [f"seed {plan.seed}\tseconds {plan.seconds:g}", *(str(act) for act in plan.acts())]
