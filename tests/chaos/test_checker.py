"""The checker says what is amiss: a drill that finds nothing is worth something only then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.checker import judge
from tests.chaos.history import History, Operation, Outcome
from tests.chaos.sink import value_of

ASKED = Operation("m-1", "key-m-1", amount=2)
CALL = {"key": "step-1", "marker": "m-1"}
RUN: dict[str, Any] = {
    "id": "run-1", "key": "key-m-1", "state": "completed", "output": {"id": "m-1", "value": value_of(2)},
    "error": None, "seq": 3, "lost": 0, "retries": 1, "finished_at": 1, "lines": [1, 2, 3], "tries": 1, "late": 0,
    "keys": ["step-1"],
}  # fmt: skip


def history(*, outcome: Outcome = Outcome.OK, status: int = 202) -> History:
    made = History()
    made.note(ASKED, outcome, status=status, run="run-1" if outcome is Outcome.OK else "")
    return made


def test_what_is_well_is_well() -> None:
    verdict = judge(history(), {"run-1": RUN}, [CALL])
    assert verdict.is_good
    assert (verdict.accepted, verdict.settled, verdict.completed) == (1, 1, 1)
    assert verdict.lines()[0] == "accepted 1\tsettled 1\tlost 0\tdoubled 0"


@pytest.mark.parametrize(
    ("change", "calls", "fault"),
    [
        (None, [], "lost"),
        ({"state": "running"}, [CALL], "lost"),
        ({}, [CALL, CALL], "doubled"),
        ({"tries": 3}, [CALL], "doubled"),
        ({"late": 1}, [CALL], "doubled"),
        ({}, [CALL, {**CALL, "key": "step-2"}], "doubled"),
        ({}, [CALL, {"key": "step-9", "marker": "m-9"}], "invented"),
        ({"key": "key-m-9"}, [CALL], "invented"),
        ({}, [], "wrong"),
        ({"output": {"id": "m-1", "value": 1}}, [CALL], "wrong"),
        ({"state": "failed", "error": {"fault": "platform", "code": "worker_lost"}}, [CALL], "wrong"),
        ({"lines": [1, 3]}, [CALL], "gaps"),
    ],
)
def test_what_is_amiss_is_named(change: dict[str, Any] | None, calls: list[dict[str, Any]], fault: str) -> None:
    runs = {} if change is None else {"run-1": {**RUN, **change}}
    verdict = judge(history(), runs, calls)
    assert getattr(verdict, fault)
    assert not verdict.is_good


def test_two_runs_of_one_key_are_one_too_many() -> None:
    other = {**RUN, "id": "run-2", "keys": []}
    assert judge(history(), {"run-1": RUN, "run-2": other}, [CALL]).doubled


def test_a_500_is_never_an_answer() -> None:
    assert judge(history(outcome=Outcome.UNKNOWN, status=500), {"run-1": RUN}, [CALL]).answers
