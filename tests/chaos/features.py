"""A feature of ten steps with branches, a loop and a child, and the verdict on many runs of it under faults.

Every step sends a marker of its own to the remote side: the run's, a dash, and the step's name.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from tests.chaos.checker import ENDED, Verdict, calls_of
from tests.chaos.history import History, Operation, Outcome
from tests.chaos.sink import value_of
from tests.chaos.stage import Stage

UNDONE = "undo"  # the mood of runs that fail at their end and are to be rolled back
TAG, CHILD = "walk", "kid"
AT_ONCE = 3  # of the child; more of them wait for their turn
MOODS = ("", "", "", "slow:0.2", "fail:1", "drop:once", UNDONE)

RUNS = """
SELECT r.id::text, r.idempotency_key, r.state, r.output, r.error, r.seq,
    (SELECT array_agg(seq ORDER BY seq) FROM processors_logline l WHERE l.run_id = r.id),
    r.parent_id::text, r.started_at, r.finished_at
FROM processors_run r
WHERE r.idempotency_key LIKE %(keys)s OR r.parent_id IN (
    SELECT id FROM processors_run WHERE idempotency_key LIKE %(keys)s)
"""
STEPS = """
SELECT s.run_id::text, s.idempotency_key, s.tag, s.state,
    (SELECT count(*) FROM processors_attempt a WHERE a.run_id = s.run_id AND a.step_id = s.id)
FROM processors_step s WHERE s.run_id = ANY(%(runs)s::uuid[])
"""


def call(tag: str, marker: str = "", **more: Any) -> dict[str, Any]:
    """A step that sends its marker and an amount; its undo sends another."""
    name = marker or tag
    given = {"id": f"$Input{{id}}-{name}", "amount": "$Input{amount}", "mood": "$Input{mood}"}
    back = {"type": "action", "app": "api", "event": "echo", "input": {**given, "id": f"$Input{{id}}-undo-{name}"}}
    return {"tag": tag, "type": "action", "app": "api", "event": "echo", "input": given, "rollback": back, **more}


FIELDS = {"id": "string", "amount": "float", "mood": "string"}
FEATURES: dict[str, dict[str, Any]] = {
    CHILD: {
        "input": FIELDS,
        "sequences": [{"tag": "in", "events": [call("k1"), call("k2")]}],
        "options": {"concurrency": {"limit": AT_ONCE}},
    },
    TAG: {
        "input": FIELDS,
        "sequences": [
            {"tag": "first", "events": [call("a"), call("b"), {"tag": "mark", "type": "checkpoint"}]},
            {"tag": "left", "parents": ["first"], "events": [
                call("each", "item-$Index", for_each=[1, 2, 3], concurrency=2),
                {"tag": "nap", "type": "sleep", "input": "100ms"},
            ]},
            {"tag": "right", "parents": ["first"], "mode": "concurrent", "events": [
                call("c"),
                {"tag": "sub", "type": "feature", "event": CHILD,
                 "input": {"id": "$Input{id}", "amount": 1, "mood": "$Input{mood}"}},
            ]},
            {"tag": "last", "parents": ["left", "right"], "events": [
                call("d"),
                {"tag": "stop", "type": "fail", "condition": f"$Input{{mood}} == '{UNDONE}'", "input": "Enough."},
            ]},
        ],
        "output": {"value": "$Sequence{last}{d}{value}", "id": "$Sequence{last}{d}{id}"},
    },
}  # fmt: skip
FORWARD = ("a", "b", "item-0", "item-1", "item-2", "c", "k1", "k2", "d")
BACK = ("undo-d", "undo-c", "undo-item-2", "undo-item-1", "undo-item-0", "undo-b", "undo-a")


def check(stage: Stage, history: History, prefix: str) -> Verdict:
    """The verdict on everything under one prefix. Raises psycopg.Error."""
    rows = stage.rows(RUNS, {"keys": f"key-{prefix}%"})
    names = ("id", "key", "state", "output", "error", "seq", "lines", "parent", "began", "ended")
    runs = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
    steps = stage.rows(STEPS, {"runs": list(runs)})
    return judge(history, runs, steps, calls_of(stage.ledger, prefix))


def judge(
    history: History, runs: dict[str, dict[str, Any]], steps: Iterable[tuple[Any, ...]], calls: list[dict[str, Any]]
) -> Verdict:
    """What was promised, what is on record, and what the remote side saw."""
    verdict = Verdict(calls=len(calls))
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for one in calls:
        seen[one["marker"]].add(one["key"])
    verdict.doubled += [
        f"{marker}\texpected 1 key\tobserved {len(keys)}" for marker, keys in seen.items() if len(keys) > 1
    ]
    _promises(verdict, history, runs, seen)
    _effects(verdict, steps, Counter(one["key"] for one in calls))
    for run in runs.values():
        if (run["lines"] or []) != list(range(1, run["seq"] + 1)):
            verdict.gaps.append(f"{run['id']}\texpected 1..{run['seq']}\tobserved {run['lines']}")
        if run["parent"] and run["state"] not in ENDED:
            verdict.lost.append(f"{run['id']}\ta child\tobserved {run['state']}")
    at_once = most_at_once([run for run in runs.values() if run["parent"]])
    if at_once > AT_ONCE:
        verdict.wrong.append(f"{CHILD}\texpected at most {AT_ONCE} at once\tobserved {at_once}")
    verdict.answers = [f"status {status}" for _, status in history.statuses if status == 500]
    return verdict


def most_at_once(runs: list[dict[str, Any]]) -> int:
    """How many of them were under way at the same moment, at most."""
    moves = [(run["began"], 1) for run in runs if run["began"]]
    moves += [(run["ended"], -1) for run in runs if run["began"] and run["ended"]]
    return max(accumulate(move for _, move in sorted(moves)), default=0)


def _promises(verdict: Verdict, history: History, runs: dict[str, dict[str, Any]], seen: dict[str, set[str]]) -> None:
    accepted = history.of(Outcome.OK)
    verdict.accepted = len(accepted)
    asked = {one.key for one in history}
    by_key = Counter(run["key"] for run in runs.values() if not run["parent"])
    verdict.invented += [f"{key}\tnobody asked" for key in by_key if key not in asked]
    verdict.doubled += [f"{key}\texpected 1 run\tobserved {count}" for key, count in by_key.items() if count > 1]
    children = Counter(run["parent"] for run in runs.values() if run["parent"])
    for operation in accepted:
        run = runs.get(operation.run)
        if run is None or run["state"] not in ENDED:
            verdict.lost.append(f"{operation.run}\t{operation.key}\tobserved {run and run['state']}")
            continue
        verdict.settled += 1
        verdict.completed += run["state"] == "completed"
        _ended(verdict, operation, run, seen)
        if children[run["id"]] > 1:
            verdict.doubled.append(f"{run['id']}\texpected 1 child\tobserved {children[run['id']]}")


def _ended(verdict: Verdict, operation: Operation, run: dict[str, Any], seen: dict[str, set[str]]) -> None:
    wanted = "rolled_back" if operation.mood == UNDONE else "completed"
    if run["state"] != wanted:
        verdict.wrong.append(f"{run['id']}\texpected {wanted}\tobserved {run['state']} {run['error']}")
        return
    right = {"id": f"{operation.marker}-d", "value": value_of(operation.amount)}
    if wanted == "completed" and run["output"] != right:
        verdict.wrong.append(f"{run['id']}\texpected {right}\tobserved {run['output']}")
    for name in FORWARD if wanted == "completed" else (*FORWARD, *BACK):
        if f"{operation.marker}-{name}" not in seen:
            verdict.wrong.append(f"{run['id']}\texpected a call of {name}\tobserved none")
    if wanted == "completed" and any(f"{operation.marker}-{name}" in seen for name in BACK):
        verdict.wrong.append(f"{run['id']}\texpected no undo\tobserved one")


def _effects(verdict: Verdict, steps: Iterable[tuple[Any, ...]], sent: Counter[str]) -> None:
    """One key for each step, and no more calls than tries on record."""
    known = {key: (run, tag, tries) for run, key, tag, _, tries in steps}
    verdict.invented += [f"{key}\ta call without a step" for key in sent if key not in known]
    for key, (run, tag, tries) in known.items():
        if sent[key] > tries:
            verdict.doubled.append(f"{run} {tag}\texpected at most {tries} calls\tobserved {sent[key]}")
