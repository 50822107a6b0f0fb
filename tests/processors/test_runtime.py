"""One run through the runtime: claimed, composed, called, recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from processors.models import Attempt, LogLine, Run, Step
from processors.runtime import loop
from processors.services import runs as run_services
from products.lib.actions import ActionSpec, AuthSpec, Parameter
from products.lib.errors import Conflict
from products.models import AuditEntry, ConnectionEnvironment
from products.services.secrets import create_secret
from tests import objects
from tests.processors.conftest import Runs
from tests.processors.scene import Scene
from tests.processors.sink import Reply, Sink


def messages(run: Run) -> list[str]:
    """The log, after a look at its numbers."""
    lines = list(LogLine.objects.filter(run=run).order_by("seq"))
    assert [line.seq for line in lines] == list(range(1, run.seq + 1))
    return [line.message for line in lines]


def test_a_run_ends_with_what_the_action_answered(runs: Runs, sink: Sink) -> None:
    run = runs.now("echo", {"id": "a b", "mood": "good", "amount": 3})
    assert run.state == "completed", run.error
    assert run.output == {"ok": True, "number": 1}
    call = sink.calls[0]
    assert (call.method, call.path, call.body) == ("POST", "/echo/a%20b?mood=good", '{"amount":3}')
    step, attempt = Step.objects.get(run=run), Attempt.objects.get(run=run)
    assert call.key == step.idempotency_key
    assert (step.state, attempt.state, attempt.response["status"]) == ("completed", "completed", 200)
    assert attempt.request["url"] == f"{sink.url}/echo/a%20b?mood=good"
    said = messages(run)
    assert (said[1], said[-1]) == (f"POST {sink.url}/echo/{{id}}", "Completed.")
    assert None not in (run.started_at, run.finished_at, step.finished_at, attempt.finished_at)
    assert (run.lease_until, run.worker_id) == (None, None)


def test_variables_fill_the_address(runs: Runs, scene: Scene, sink: Sink) -> None:
    scene.app_environment.base_url = "http://{{host}}/{{version}}"
    scene.app_environment.save()
    scene.value("variable", "host", plain=sink.allowed)
    scene.value("variable", "version", plain=2)
    assert runs.now().state == "completed"
    assert sink.calls[0].path == "/2/get"


def test_a_connection_knows_when_it_last_worked(runs: Runs, scene: Scene, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(500 if number == 2 else 200)
    runs.now()
    runs.now()
    loop.stop()
    scene.mapped.refresh_from_db()
    mapped = ConnectionEnvironment.objects.get(pk=scene.mapped.pk)
    assert mapped.last_success_at is not None
    assert mapped.last_failure == "The remote side answered 500 Internal Server Error."


def test_R16_failing_twice_then_answering(runs: Runs, scene: Scene, sink: Sink) -> None:
    scene.add(ActionSpec("flaky", "Flaky", "POST", "/flaky"), delay_s=0.05)
    sink.answering = lambda call, number: Reply(500 if number < 3 else 200, {"number": number})
    run = runs.now("flaky", retries=3)
    assert (run.state, run.output) == ("completed", {"number": 3})
    states = [(one.number, one.state) for one in Attempt.objects.filter(run=run).order_by("number")]
    assert states == [(1, "failed"), (2, "failed"), (3, "completed")]
    assert len({call.key for call in sink.calls}) == 1
    gaps = [after.at - before.at for before, after in zip(sink.calls, sink.calls[1:], strict=False)]
    assert 0.04 <= gaps[0] <= 0.5
    assert messages(run)


@pytest.mark.parametrize(
    ("reply", "state", "code", "calls"),
    [
        (Reply(400, {"message": "no such pet"}), "failed", "remote_rejected", 1),
        (Reply(drop=True), "failed", "connection_lost", 3),
        (Reply(503), "failed", "remote_unavailable", 3),
        (Reply(200, b"{broken"), "completed", "", 1),
    ],
)
def test_R16_what_is_tried_again(
    runs: Runs, scene: Scene, sink: Sink, reply: Reply, state: str, code: str, calls: int
) -> None:
    scene.add(ActionSpec("act", "Act", "POST", "/act"), delay_s=0.05)
    sink.answering = lambda call, number: reply
    run = runs.now("act", retries=2)
    assert (run.state, (run.error or {}).get("code", ""), len(sink.calls)) == (state, code, calls)


@pytest.mark.parametrize(
    ("header", "least", "most"), [("30", 30, 30), ("99999999", 3600, 3600), ("nonsense", 0.8, 1.2)]
)
def test_R16_retry_after_is_honoured_but_capped(runs: Runs, sink: Sink, header: str, least: float, most: float) -> None:
    sink.answering = lambda call, number: Reply(429 if number == 1 else 200, headers={"Retry-After": header})
    run = runs.now("get", retries=1)
    attempt = Attempt.objects.filter(run=run).earliest("number")
    waited = (attempt.next_at - attempt.finished_at).total_seconds()
    assert least - 0.01 <= waited <= most + 0.01
    if least > 2:
        assert (run.state, run.error, run.lease_until) == ("waiting", None, None)
        assert run.reason.startswith(f"Waits {least:.0f} s for try 2 of 2: ")


def test_R16_a_waiting_run_goes_on_when_it_is_due(runs: Runs, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(429 if number == 1 else 200, {"n": number}, {"Retry-After": "30"})
    run = runs.now("get", retries=1)
    assert runs.execute(run).state == "waiting"  # a doorbell that comes too early changes nothing
    assert len(sink.calls) == 1
    Run.objects.filter(pk=run.pk).update(wake_at=timezone.now() - timedelta(seconds=1))
    assert runs.execute(run).state == "completed"
    assert [one.number for one in Attempt.objects.filter(run=run).order_by("number")] == [1, 2]
    assert messages(run)[-1] == "Completed."


def test_a_call_that_takes_too_long_is_the_remote_sides_fault(runs: Runs, sink: Sink) -> None:
    from threading import Event

    held = Event()
    sink.answering = lambda call, number: Reply(hold=held)
    run = runs.now("get", timeout_s=0.2)
    held.set()
    assert (run.state, run.error["code"], run.error["fault"]) == ("failed", "deadline_exceeded", "remote")


def test_an_answer_over_the_limit_is_not_kept(runs: Runs, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(200, b"x" * (11 * 1024 * 1024))
    run = runs.now()
    assert (run.state, run.error["code"], run.output) == ("failed", "response_too_large", None)


def test_a_large_answer_is_kept_whole(runs: Runs, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(200, {"rows": ["y" * 100] * 20_000})
    run = runs.now()
    assert (run.state, len(run.output["rows"])) == ("completed", 20_000)
    assert Attempt.objects.get(run=run).response["truncated"]


def test_S1_a_private_address_is_refused_before_any_packet(runs: Runs, scene: Scene, sink: Sink) -> None:
    for base_url in ("http://169.254.169.254/latest", "http://[::ffff:127.0.0.1]:1", "http://localhost:5432"):
        scene.app_environment.base_url = base_url
        scene.app_environment.save()
        run = runs.now("get", retries=3)
        assert (run.state, run.error["code"], run.error["fault"]) == ("failed", "address_refused", "configuration")
        assert Attempt.objects.filter(run=run).count() == 1
    assert not sink.calls


def test_J5_what_was_filled_in_is_never_read_again(runs: Runs, scene: Scene, sink: Sink) -> None:
    create_secret(objects.owner(scene.workspace), key="TOKEN", value="{{id}}$Secret{TOKEN}")
    scene.authenticate(AuthSpec("bearer", "Bearer", "bearer"))
    scene.value("credential", "token", plain="$Secret{TOKEN}")
    note = "$Secret{TOKEN} {{token}} {id} $Input{x}"
    run = runs.now("echo", {"id": "{{token}}", "note": note})
    assert run.state == "completed", run.error
    call = sink.calls[0]
    assert (call.path, call.headers["authorization"]) == ("/echo/%7B%7Btoken%7D%7D", "Bearer {{id}}$Secret{TOKEN}")
    assert note in call.body


def test_a_query_parameter_of_a_disabled_action_can_be_left_out(runs: Runs, scene: Scene, sink: Sink) -> None:
    scene.add(ActionSpec("p", "P", "GET", "/p", parameters=(Parameter("a", "query", default="1"),)))
    runs.now("p")
    assert sink.calls[0].path == "/p?a=1"


def who_cancelled(run: Run) -> list[str]:
    entries = AuditEntry.objects.filter(verb="run.cancelled", object_id=run.pk)
    return list(entries.values_list("actor", flat=True))


def test_a_queued_run_is_cancelled_at_once(runs: Runs, sink: Sink) -> None:
    run = runs.start()
    run_services.cancel_run(runs.actor, run)
    run = runs.execute(run)
    assert (run.state, run.error["code"], sink.calls) == ("cancelled", "cancelled", [])
    assert who_cancelled(run) == ["dev@example.com"]
    with pytest.raises(Conflict):
        run_services.cancel_run(runs.actor, run)


def test_a_running_run_is_cut_when_it_is_cancelled(runs: Runs, sink: Sink) -> None:
    from threading import Event

    held = Event()
    sink.answering = lambda call, number: Reply(hold=held)
    run = runs.start(retries=5)
    future = loop.start().submit(run.pk)
    sink.wait_for_calls(1)
    run_services.cancel_run(runs.actor, run)
    run_services.cancel_run(runs.actor, run)
    future.result(120)
    held.set()
    assert who_cancelled(run) == ["dev@example.com"], "once, by who asked first"
    run.refresh_from_db()
    assert (run.state, run.error["code"], run.error["outcome_unknown"]) == ("cancelled", "cancelled", True)
    assert Attempt.objects.get(run=run).state == Step.objects.get(run=run).state == "failed"
    assert len(sink.calls) == 1
    assert messages(run)[-1] == "The run was cancelled."


def test_a_replay_sends_the_same_again(runs: Runs, sink: Sink) -> None:
    first = runs.now("echo", {"id": "7", "note": "password", "amount": 1.5})
    again = runs.execute(run_services.replay_run(runs.actor, first).run)
    assert (again.state, again.replay_of, again.trigger) == ("completed", first.pk, "replay")
    assert (sink.calls[0].path, sink.calls[0].body) == (sink.calls[1].path, sink.calls[1].body)
    assert sink.calls[0].key != sink.calls[1].key
