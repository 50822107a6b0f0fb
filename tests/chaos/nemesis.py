"""What goes wrong, when and for how long: a schedule drawn from one seed, and the hand that carries it out."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis

from tests.chaos.proxy import Fault
from tests.chaos.stage import Stage

LINES = {
    "slow": Fault(latency_s=0.3),
    "cut": Fault(cut_after=20_000),
    "silent": Fault(silent=True),
    "throttled": Fault(bytes_per_s=4_000),
    "reset": Fault(refuse=True),
}
# How often each is drawn, against the others.
WEIGHTS = {
    "kill worker": 5, "freeze worker": 3, "end worker": 2, "kill web": 2, "freeze web": 1, "end web": 1,
    "kill scheduler": 2, "freeze scheduler": 1, "stop valkey": 3, "flush valkey": 2, "stop postgres": 4,
    "spoil postgres": 3, "spoil valkey": 2, "spoil remote": 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """At `at_s` after the beginning, `what` befalls `whom` for `for_s` seconds."""

    at_s: float
    what: str
    whom: str
    for_s: float
    how: str = ""

    def __str__(self) -> str:
        return f"{self.at_s:6.1f} s  {self.what} {self.whom} {self.how} for {self.for_s:.1f} s".replace("  for", " for")


def schedule(seed: int, seconds: float, processes: list[str], *, every_s: float = 3.0) -> list[Act]:
    """The same acts for the same arguments. No two befall the same thing at once."""
    chance = random.Random(seed)
    free_at: dict[str, float] = {}
    acts, at = [], 0.5
    while at < seconds:
        what, kind = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0].split(" ")
        whom = chance.choice([name for name in processes if name.startswith(kind)] or [kind])
        for_s = round(chance.uniform(0.3, 6.0), 2)  # a lease is shorter than the longest
        how = chance.choice(list(LINES)) if what == "spoil" else ""
        at += round(chance.expovariate(1 / every_s), 2)
        if free_at.get(whom, 0) < at < seconds:
            acts.append(Act(round(at, 2), what, whom, for_s, how))
            free_at[whom] = at + for_s + 0.5
    return acts


class Nemesis:
    """Carries a schedule out, in the thread that calls it: processes and servers end with their starter."""

    def __init__(self, stage: Stage, say: Callable[[str], None] = lambda line: None) -> None:
        self._stage = stage
        self._say = say

    def run(self, acts: list[Act], seconds: float) -> None:
        """For so long; at the end everything is well again."""
        began = time.monotonic()
        moments = [(act.at_s, self._begin, act) for act in acts]
        moments += [(act.at_s + act.for_s, self._finish, act) for act in acts]
        for at_s, do, act in sorted(moments, key=lambda one: one[0]):
            if at_s >= seconds:
                break
            time.sleep(max(0.0, began + at_s - time.monotonic()))
            do(act)
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        self._stage.heal()
        self._stage.have(*self._stage.processes)

    def _begin(self, act: Act) -> None:
        self._say(str(act))
        stage = self._stage
        match act.what, act.whom:
            case "stop", "postgres":
                stage.stop_postgres()
            case "stop", "valkey":
                stage.valkey.stop()
            case "flush", "valkey":
                flush(stage)
            case "spoil", line:
                stage.lines[line].spoil(LINES[act.how])
            case what, name:
                process = stage.processes[name]
                {"kill": process.kill, "freeze": process.freeze, "end": process.ask_to_end}[what]()

    def _finish(self, act: Act) -> None:
        stage = self._stage
        match act.what, act.whom:
            case "stop", "postgres":
                stage.start_postgres()
            case "stop", "valkey":
                stage.start_valkey()
            case "flush", _:
                return
            case "spoil", line:
                stage.lines[line].heal()
            case what, name:
                process = stage.processes[name]
                if what == "end":
                    process.end()
                process.thaw()
                process.start()


def flush(stage: Stage) -> None:
    """Everything that the broker knew is gone."""
    if stage.valkey.process is not None:
        with redis.Redis.from_url(stage.valkey.url()) as client:
            client.flushall()
