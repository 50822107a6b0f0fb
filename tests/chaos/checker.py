"""Compares what callers were promised with what the remote side saw and what is on record."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.history import History, Operation, Outcome
from tests.chaos.sink import value_of
from tests.chaos.stage import Stage

ENDED = ("completed", "failed", "cancelled", "rolled_back")
RUNS = """
SELECT r.id::text, r.idempotency_key, r.state, r.output, r.error, r.seq, r.lost, r.retries, r.finished_at,
    (SELECT array_agg(seq ORDER BY seq) FROM processors_logline l WHERE l.run_id = r.id) AS lines,
    (SELECT count(*) FROM processors_attempt a WHERE a.run_id = r.id) AS tries,
    (SELECT count(*) FROM processors_attempt a WHERE a.run_id = r.id AND a.started_at > r.finished_at) AS late,
    (SELECT array_agg(s.idempotency_key) FROM processors_step s WHERE s.run_id = r.id) AS keys
FROM processors_run r WHERE r.idempotency_key LIKE %(keys)s
"""
COLUMNS = (
    "id", "key", "state", "output", "error", "seq", "lost", "retries", "finished_at", "lines", "tries", "late", "keys",
)  # fmt: skip


@dataclass(slots=True)
class Verdict:
    """The result of one drill; every list names runs or operations and what was expected."""

    accepted: int = 0
    settled: int = 0
    completed: int = 0
    calls: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)  # that nobody should get: a 500

    @property
    def is_good(self) -> bool:
        """Nothing at all is wrong."""
        return not (self.lost or self.doubled or self.invented or self.wrong or self.gaps or self.answers)

    def lines(self) -> list[str]:
        """One tab-separated line for each expectation, faults under it."""
        first = f"accepted {self.accepted}\tsettled {self.settled}\tlost {len(self.lost)}\tdoubled {len(self.doubled)}"
        found = [first, f"completed {self.completed}\tcalls {self.calls}"]
        for name in ("lost", "doubled", "invented", "wrong", "gaps", "answers"):
            faults = getattr(self, name)
            found.append(f"{name}\texpected 0\tobserved {len(faults)}")
            found.extend(f"  {fault}" for fault in faults[:20])
        return found


def calls_of(ledger: Path, prefix: str) -> list[dict[str, Any]]:
    """What the remote side wrote down about runs whose marker begins so."""
    if not ledger.exists():
        return []
    lines = (json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines())
    return [call for call in lines if str(call["marker"]).startswith(prefix)]


def runs_of(stage: Stage, prefix: str) -> dict[str, dict[str, Any]]:
    """The runs on record whose caller's key begins with `key-` and the prefix, by that key and id."""
    rows = stage.rows(RUNS, {"keys": f"key-{prefix}%"})
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in rows}


def open_runs(stage: Stage, prefix: str) -> int:
    """How many of them have not ended."""
    query = "SELECT count(*) FROM processors_run WHERE idempotency_key LIKE %s AND finished_at IS NULL"
    return int(stage.rows(query, [f"key-{prefix}%"])[0][0])


def check(stage: Stage, history: History, prefix: str) -> Verdict:
    """The verdict on everything under one prefix. Raises psycopg.Error."""
    return judge(history, runs_of(stage, prefix), calls_of(stage.ledger, prefix))


def judge(history: History, runs: dict[str, dict[str, Any]], calls: list[dict[str, Any]]) -> Verdict:
    """What was promised, what is on record by id, and what the remote side saw."""
    verdict = Verdict(calls=len(calls))
    _promises(verdict, history, runs)
    _effects(verdict, runs, calls)
    for run in runs.values():
        if (run["lines"] or []) != list(range(1, run["seq"] + 1)):
            verdict.gaps.append(f"{run['id']}\texpected 1..{run['seq']}\tobserved {run['lines']}")
    verdict.answers = [f"status {status}" for _, status in history.statuses if status == 500]
    return verdict


def _promises(verdict: Verdict, history: History, runs: dict[str, dict[str, Any]]) -> None:
    """Accepted is settled, with the right value; nothing is on record that nobody asked for."""
    accepted = history.of(Outcome.OK)
    verdict.accepted = len(accepted)
    for operation in accepted:
        run = runs.get(operation.run)
        if run is None or run["state"] not in ENDED:
            verdict.lost.append(f"{operation.run}\t{operation.key}\tobserved {run and run['state']}")
            continue
        verdict.settled += 1
        verdict.completed += run["state"] == "completed"
        _value(verdict, operation, run)
    asked = {one.key for one in history}
    by_key = Counter(run["key"] for run in runs.values())
    verdict.invented += [f"{key}\tnobody asked" for key in by_key if key not in asked]
    verdict.doubled += [f"{key}\texpected 1 run\tobserved {count}" for key, count in by_key.items() if count > 1]


def _value(verdict: Verdict, operation: Operation, run: dict[str, Any]) -> None:
    right = {"id": operation.marker, "value": value_of(operation.amount)}
    if run["state"] == "completed" and run["output"] != right:
        verdict.wrong.append(f"{run['id']}\texpected {right}\tobserved {run['output']}")
    if run["state"] == "failed" and not operation.mood and run["error"]["fault"] == "platform":
        verdict.wrong.append(f"{run['id']}\texpected a value\tobserved {run['error']['code']}")


def _effects(verdict: Verdict, runs: dict[str, dict[str, Any]], calls: Iterable[dict[str, Any]]) -> None:
    """One effect for each step: one key at the remote side, no more calls than tries, no try after the end."""
    sent: Counter[str] = Counter()
    keys: defaultdict[str, set[str]] = defaultdict(set)
    for call in calls:
        sent[call["key"]] += 1
        keys[call["marker"]].add(call["key"])
    known = {key: run for run in runs.values() for key in run["keys"] or ()}
    verdict.doubled += [
        f"{marker}\texpected 1 key\tobserved {len(used)}" for marker, used in keys.items() if len(used) > 1
    ]
    verdict.invented += [f"{key}\ta call without a run" for key in sent if key not in known]
    for key, run in known.items():
        if sent[key] > run["tries"] or run["tries"] > run["retries"] + 1 + run["lost"]:
            verdict.doubled.append(f"{run['id']}\texpected at most {run['tries']} calls\tobserved {sent[key]}")
        if run["late"]:
            verdict.doubled.append(f"{run['id']}\texpected no try after its end\tobserved {run['late']}")
        if run["state"] == "completed" and not sent[key]:
            verdict.wrong.append(f"{run['id']}\texpected a call\tobserved none")
