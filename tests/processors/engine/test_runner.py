"""A run through the engine, in memory: what is recorded, when, and what follows."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from processors.engine import limits, tries
from processors.engine.events import AttemptEnded, AttemptStarted, RunEnded, RunWaits, StepChanged
from processors.engine.plan import Plan, Progress, Work
from processors.engine.ports import Fenced
from processors.engine.retry import RetryPolicy
from processors.engine.runner import Runner
from processors.engine.states import AttemptState, RunState, StepState
from processors.engine.step import Say, StepCall, StepError, StepResult, StepSpec
from processors.engine.testing import ManualClock, MemoryJournal, ScriptedSteps

DONE = StepResult({"ok": True}, summary="200 in 3 ms.", notices=("Redirected once.",))
BUSY = StepError("remote_unavailable", "The remote side answered 503.", "remote", retryable=True)
WRONG = StepError("remote_rejected", "The remote side answered 400.", "caller")
STEP_ID, ATTEMPT_ID = UUID(int=501), UUID(int=502)


def one_step(**policy: float) -> Plan:
    return Plan((StepSpec("api:get", "action", RetryPolicy(**policy), timeout_s=5),))  # type: ignore[arg-type]


def claimed(plan: Plan, *, attempts: int = 1, failures: int = 0) -> Work:
    """As a worker claims it: the first try is on record."""
    known = Progress(STEP_ID, StepState.RUNNING, attempts, failures, attempt_id=ATTEMPT_ID)
    return Work(plan, {plan.steps[0].tag: known})


async def test_a_result_is_recorded_in_one_write() -> None:
    journal, steps = MemoryJournal(), ScriptedSteps([DONE])
    assert await Runner(journal, steps, ManualClock()).run(claimed(one_step())) is RunState.COMPLETED
    assert len(journal.writes) == 1
    ended = [event for event in journal.events if isinstance(event, RunEnded)]
    assert [(event.state, event.output) for event in ended] == [(RunState.COMPLETED, {"ok": True})]
    assert journal.messages == ["Redirected once.", "200 in 3 ms.", "Completed."]
    assert [line.message for line in journal.said] == ["call 1"]


async def test_R1_every_try_carries_the_same_idempotency_key() -> None:
    steps = ScriptedSteps([BUSY, BUSY, DONE])
    await Runner(MemoryJournal(), steps, ManualClock()).run(claimed(one_step(retries=2, delay_s=0.1)))
    assert [(call.number, call.idempotency_key) for call in steps.calls] == [(n, str(STEP_ID)) for n in (1, 2, 3)]


async def test_R1_a_try_is_on_record_before_it_is_made() -> None:
    journal = MemoryJournal()
    seen: list[int] = []
    steps = ScriptedSteps(
        [BUSY, DONE],
        during=lambda call: seen.append(sum(isinstance(event, AttemptStarted) for event in journal.events)),
    )
    await Runner(journal, steps, ManualClock()).run(claimed(one_step(retries=1, delay_s=0.1)))
    assert seen == [0, 1]  # the first was recorded by the claim


async def test_R16_a_short_wait_stays_in_the_worker() -> None:
    journal, clock = MemoryJournal(), ManualClock(jitter=1)
    state = await Runner(journal, ScriptedSteps([BUSY, DONE]), clock).run(claimed(one_step(retries=1, delay_s=1)))
    assert (state, clock.slept) == (RunState.COMPLETED, [1.2])
    failed = next(event for event in journal.events if isinstance(event, AttemptEnded))
    assert (failed.state, failed.error) == (AttemptState.FAILED, BUSY)
    assert journal.messages[0] == "Waits 1.2 s for try 2 of 2: The remote side answered 503."


async def test_R16_a_long_wait_gives_the_worker_back() -> None:
    journal, clock = MemoryJournal(), ManualClock()
    state = await Runner(journal, ScriptedSteps([BUSY]), clock).run(claimed(one_step(retries=3, delay_s=30)))
    assert (state, clock.slept, len(journal.writes)) == (RunState.WAITING, [], 1)
    waits = next(event for event in journal.events if isinstance(event, RunWaits))
    assert (waits.wake_at - clock.now()).total_seconds() == 30
    assert waits.reason == "Waits 30 s for try 2 of 4: The remote side answered 503."
    changed = next(event for event in journal.events if isinstance(event, StepChanged))
    assert changed.state is StepState.WAITING


async def test_R16_failures_before_the_wait_count() -> None:
    work = claimed(one_step(retries=1, delay_s=30), attempts=2, failures=1)
    journal = MemoryJournal()
    assert await Runner(journal, ScriptedSteps([BUSY]), ManualClock()).run(work) is RunState.FAILED
    assert journal.messages == ["Failed: The remote side answered 503."]


async def test_lost_tries_do_not_use_up_retries() -> None:
    work = claimed(one_step(retries=1, delay_s=0.1), attempts=3, failures=0)
    steps = ScriptedSteps([BUSY, DONE])
    assert await Runner(MemoryJournal(), steps, ManualClock()).run(work) is RunState.COMPLETED
    assert [call.number for call in steps.calls] == [3, 4]


async def test_an_error_that_stays_ends_the_run() -> None:
    journal = MemoryJournal()
    assert (
        await Runner(journal, ScriptedSteps([WRONG]), ManualClock()).run(claimed(one_step(retries=5)))
        is RunState.FAILED
    )
    ended = next(event for event in journal.events if isinstance(event, RunEnded))
    assert ended.error == WRONG


async def test_R12_a_worker_that_lost_the_run_stops_at_once() -> None:
    steps = ScriptedSteps([BUSY, DONE])
    journal = MemoryJournal(fence_after=0)
    with pytest.raises(Fenced):
        await Runner(journal, steps, ManualClock()).run(claimed(one_step(retries=3, delay_s=0.1)))
    assert len(steps.calls) == 1


async def test_a_call_that_never_ends_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "GRACE_S", 0.0)

    class Endless:
        async def call(self, call: StepCall, say: Say) -> StepResult:
            await asyncio.Event().wait()
            raise AssertionError

    journal = MemoryJournal()
    plan = Plan((StepSpec("api:get", "action", timeout_s=0.01),))
    assert await Runner(journal, Endless(), ManualClock()).run(claimed(plan)) is RunState.FAILED
    assert journal.messages == ["Failed: There was no result within 0.01 s."]


async def test_several_steps_run_in_order_and_finished_ones_never_again() -> None:
    first, second, third = (StepSpec(tag, "action") for tag in ("a", "b", "c"))
    journal, steps = MemoryJournal(), ScriptedSteps([DONE])
    done = {"a": Progress(STEP_ID, StepState.COMPLETED)}
    assert (
        await Runner(journal, steps, ManualClock()).run(Work(Plan((first, second, third)), done)) is RunState.COMPLETED
    )
    assert [call.spec.tag for call in steps.calls] == ["b", "c"]
    outputs = [event.output for event in journal.events if isinstance(event, StepChanged)]
    assert outputs == [{"ok": True}, {"ok": True}]


async def test_a_run_with_nothing_left_ends() -> None:
    plan = Plan((StepSpec("a", "action"),))
    journal = MemoryJournal()
    work = Work(plan, {"a": Progress(STEP_ID, StepState.COMPLETED)})
    assert await Runner(journal, ScriptedSteps([DONE]), ManualClock()).run(work) is RunState.COMPLETED
    assert journal.messages == ["Nothing to do."]


def test_an_error_is_stored_from_its_own_fields() -> None:
    assert BUSY.to_json() == {
        "code": "remote_unavailable", "message": "The remote side answered 503.", "fault": "remote",
        "retryable": True, "outcome_unknown": False, "details": {},
    }  # fmt: skip
    assert limits.MAX_LOST_CLAIMS == 3
