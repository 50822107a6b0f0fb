"""The Python client against a server that answers as told; no Django is needed on its side."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from processors.client import Ductape, DuctapeError, NotReachable, Refused, RunFailed, transport
from processors.client.client import Runs
from tests.processors.sink import Call, Reply, Sink

DONE: dict[str, Any] = {
    "id": "r1", "state": "completed", "target": "api:get", "product": "shop", "environment": "dev",
    "output": {"n": 1}, "error": None, "created_at": "2026-11-20T10:00:00Z", "finished_at": "2026-11-20T10:00:01Z",
    "something_new": True,
}  # fmt: skip
ERROR = {
    "code": "remote_rejected", "message": "The remote side answered 404 Not Found.", "fault": "caller",
    "retryable": False, "outcome_unknown": False, "details": {"status": 404}, "since_tomorrow": 1,
}  # fmt: skip


@pytest.fixture
def sink() -> Iterator[Sink]:
    """The server."""
    made = Sink()
    made.answering = lambda call, number: Reply(201, DONE)
    yield made
    made.close()


@pytest.fixture
def ductape(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ductape]:
    """A client that does not wait long between its tries."""
    monkeypatch.setattr(transport, "FIRST_WAIT_S", 0.001)
    with Ductape(sink.url, "duk_key", "shop", "dev", workspace="acme", timeout_s=5) as made:
        yield made


def test_it_is_loaded_without_django() -> None:
    code = "import sys, processors.client; print([m for m in sys.modules if m.split('.')[0] in ('django', 'celery')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_action_is_run(ductape: Ductape, sink: Sink) -> None:
    run = ductape.processor.action.run(app="api", action="get", input={"q": 1}, retries=2, timeout=3)
    assert (run.id, run.ok, run.output, run.finished_at.second) == ("r1", True, {"n": 1}, 1)  # type: ignore[union-attr]
    call = sink.calls[0]
    sent = json.loads(call.body)
    assert (call.path, call.headers["authorization"]) == (
        "/api/v1/workspaces/acme/processor/action/run",
        "Bearer duk_key",
    )
    assert sent.pop("idempotency_key").startswith("py-")
    assert sent == {
        "product": "shop", "environment": "dev", "app": "api", "action": "get", "input": {"q": 1}, "wait": 30.0,
        "retries": 2, "timeout": 3,
    }  # fmt: skip


def test_R9_a_dropped_answer_is_asked_for_again_with_the_same_key(ductape: Ductape, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(drop=True) if number < 3 else Reply(200, DONE)
    assert ductape.processor.action.run(app="api", action="get").ok
    assert len(sink.calls) == 3
    assert len({json.loads(call.body)["idempotency_key"] for call in sink.calls}) == 1


def test_a_busy_server_is_asked_again(ductape: Ductape, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(503, headers={"Retry-After": "0"}) if number < 4 else Reply(200, DONE)
    assert ductape.processor.action.run(app="api", action="get").ok
    sink.calls.clear()
    sink.answering = lambda call, number: Reply(503, {"detail": "Not now.", "code": "unavailable"})
    with pytest.raises(Refused, match="Not now"):
        ductape.runs.get("r1")
    assert len(sink.calls) == 4


def test_a_refusal_names_the_fields(ductape: Ductape, sink: Sink) -> None:
    problem = {"detail": "This field is required.", "code": "invalid", "errors": [{"pointer": "/input/id"}]}
    sink.answering = lambda call, number: Reply(400, problem)
    with pytest.raises(Refused) as caught:
        ductape.processor.action.run(app="api", action="get")
    assert (caught.value.status, caught.value.code, caught.value.errors[0]["pointer"]) == (400, "invalid", "/input/id")


def test_an_answer_that_is_no_json_is_a_refusal_by_its_status(ductape: Ductape, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(404, b"<html>")
    with pytest.raises(Refused, match="answered 404"):
        ductape.runs.get("r1")


def test_a_failed_run_is_an_answer_or_an_error_as_one_likes(ductape: Ductape, sink: Sink) -> None:
    failed = {**DONE, "state": "failed", "output": None, "error": ERROR}
    sink.answering = lambda call, number: Reply(201, failed)
    run = ductape.processor.action.run(app="api", action="get")
    assert (run.ended, run.ok, run.error and run.error.fault) == (True, False, "caller")
    with pytest.raises(RunFailed, match="404") as caught:
        ductape.processor.action.run(app="api", action="get", check=True)
    assert caught.value.code == "remote_rejected"


def test_the_workspace_is_found_by_the_key(sink: Sink) -> None:
    def answer(call: Call, number: int) -> Reply:
        return Reply(200, {"workspaces": [{"tag": "acme"}]} if call.path == "/api/v1/me/" else DONE)

    sink.answering = answer
    with Ductape(sink.url, "duk_key", "shop", "dev") as ductape:
        ductape.runs.get("r1")
        ductape.runs.get("r2")
    assert [call.path.split("/")[3] for call in sink.calls] == ["me", "workspaces", "workspaces"]


def test_a_server_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "FIRST_WAIT_S", 0.001)
    with pytest.raises(NotReachable):
        Ductape("http://127.0.0.1:1", "k", "shop", "dev", workspace="acme").runs.get("r1")
    with pytest.raises(ValueError, match="base_url"):
        Ductape("ftp://x", "k", "shop", "dev")
    assert issubclass(NotReachable, DuctapeError)


def test_lists_and_logs_are_read_page_by_page(ductape: Ductape, sink: Sink) -> None:
    lines = [
        {"seq": n, "at": "2026-11-20T10:00:00Z", "level": "info", "step": "", "message": str(n)} for n in (1, 2, 3)
    ]

    def answer(call: Call, number: int) -> Reply:
        if "/log/" in call.path:
            after = int(call.path.rpartition("=")[2])
            return Reply(200, {"results": lines[after : after + 2], "last": min(after + 2, 3), "more": after == 0})
        page = 2 if "cursor=b" in call.path else 1
        following = "http://inside:8000/api/v1/workspaces/acme/runs/?cursor=b" if page == 1 else None
        return Reply(200, {"results": [DONE] * 2, "next": following, "previous": None})

    sink.answering = answer
    assert [line.seq for line in ductape.runs.log("r1")] == [1, 2, 3]
    assert len(list(ductape.runs.list(state="completed", limit=3))) == 3
    assert "product=shop&environment=dev&state=completed&limit=3" in sink.calls[2].path


def test_steps_are_read_to_the_last(ductape: Ductape, sink: Sink) -> None:
    def step(n: int) -> dict[str, Any]:
        error = {"code": "timeout", "message": "No answer.", "fault": "remote", "since_tomorrow": 1} if n == 3 else None
        return {"id": f"s{n}", "tag": "main/each", "kind": "action", "index": n, "state": "completed",
                "input": {"n": n}, "output": n, "error": error, "tries": []}  # fmt: skip

    def answer(call: Call, number: int) -> Reply:
        after = int(call.path.rpartition("after=s")[2]) if "after=" in call.path else 0
        here = [step(n) for n in range(after + 1, min(after + 2, 3) + 1)]
        return Reply(200, {"results": here, "last": here[-1]["id"], "more": after == 0})

    sink.answering = answer
    steps = list(ductape.runs.steps("r1"))
    assert [(one.id, one.index, one.output, one.raw["tries"]) for one in steps] == [
        ("s1", 1, 1, []), ("s2", 2, 2, []), ("s3", 3, 3, []),
    ]  # fmt: skip
    assert (steps[0].error, steps[2].error and steps[2].error.code) == (None, "timeout")
    assert [call.path.partition("/steps/?")[2] for call in sink.calls] == ["limit=200", "limit=200&after=s2"]


def test_waiting_longer_than_a_request_asks_again(ductape: Ductape, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(200, DONE if number == 2 else {**DONE, "state": "running"})
    assert ductape.runs.wait("r1", 5).ok
    assert ductape.runs.wait("r1", 0).ended is False


TOLD: dict[str, Callable[[Runs], Any]] = {
    "cancel": lambda runs: runs.cancel("r1"),
    "signal": lambda runs: runs.signal("r1", "paid", {"by": 1}),
    "approve": lambda runs: runs.approve("r1", "release"),
    "resolve": lambda runs: runs.resolve("r1", "main/a", "done"),
    "retry_undo": lambda runs: runs.retry_undo("r1", "main/a"),
    "undo_by_hand": lambda runs: runs.undo_by_hand("r1", "main/a"),
    "replay": lambda runs: runs.replay("r1"),
    "restart": lambda runs: runs.restart("r1", input={}),
    "resume": lambda runs: runs.resume("r1"),
}


@pytest.mark.parametrize("call", TOLD.values(), ids=TOLD.keys())
def test_R9_what_has_an_effect_is_sent_again_under_one_key(ductape: Ductape, sink: Sink, call: Any) -> None:
    """Also where the server closed a line on which nobody had spoken for a while."""
    answers = [Reply(drop=True), Reply(409, {"code": "idempotency_running"}), Reply(200, DONE)]
    sink.answering = lambda asked, number: answers[number - 1]
    call(ductape.runs)
    assert len(sink.calls) == 3
    (key,) = {asked.headers["idempotency-key"] for asked in sink.calls}
    assert key
    sink.answering = lambda asked, number: Reply(200, DONE)
    call(ductape.runs)
    assert sink.calls[-1].headers["idempotency-key"] != key
