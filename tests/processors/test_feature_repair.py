"""Waiting, telling, cancelling, limiting and repairing runs of features, through the whole runtime."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db.models import Sum

from processors.models import LogLine, MeasureDelta, MeasureMinute, Run, RunSignal, Step
from processors.queries.waiting_for_people import waiting_for_people
from processors.runtime import loop
from processors.services import repair, runs, signals
from processors.services.measures import fold
from processors.services.sweeping import ring_again
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.models import AuditEntry
from tests.patience import until
from tests.people import Cast
from tests.processors.canary import nothing_shows
from tests.processors.feature_runs import FeatureRuns, chain, ended, event, states, step, undo
from tests.processors.sink import Reply, Sink

pytestmark = pytest.mark.django_db(transaction=True)
APPROVAL = {
    "tag": "ask", "type": "wait_signal", "event": "go", "approval": True,
}  # fmt: skip


def test_an_approval_lets_the_run_go_on_and_says_who_and_when(features: FeatureRuns, people: Cast) -> None:
    features.make("order", chain(event("a"), APPROVAL, event("b"), output="$Step{ask}"))
    run = features.now("order")
    assert (run.state, run.wake_at, run.asks) == ("waiting", None, "approval")
    assert "approval “go”" in run.reason
    with pytest.raises(Forbidden):
        signals.send_signal(people.as_(people.vera), run, "go", {"approved": True})
    with pytest.raises(Invalid, match="waits for no signal"):
        signals.send_signal(features.actor, run, "gone", {"approved": True})
    with pytest.raises(Invalid):
        signals.send_signal(features.actor, run, "go", {"approved": "perhaps"})
    signals.send_signal(features.actor, run, "go", {"approved": True}, comment="fine")
    run = ended(run)
    assert (run.state, run.asks) == ("completed", "")
    assert run.output["approved"] is True
    assert (run.output["comment"], run.output["by"]) == ("fine", features.actor.name)
    assert RunSignal.objects.get(run=run).step_id == step(run, "main/ask").pk
    with pytest.raises(Conflict):
        signals.send_signal(features.actor, run, "go", {"approved": True})


def test_a_run_that_waits_for_somebody_is_left_alone_until_there_is_news(features: FeatureRuns) -> None:
    features.make("order", chain(APPROVAL))
    run = features.now("order")
    for _ in range(3):
        features.execute(run)
        ring_again()
    run.refresh_from_db()
    assert (run.state, run.fence) == ("waiting", 1)
    assert not LogLine.objects.filter(run=run, message__startswith="Taken by")[1:].exists()
    signals.send_signal(features.actor, run, "go", {"approved": True})
    run = ended(run)
    assert (run.state, run.fence) == ("completed", 2)


def test_a_signal_that_comes_early_is_kept(features: FeatureRuns) -> None:
    features.make("order", chain(event("a"), {**APPROVAL, "approval": False}, output="$Step{ask}"))
    run = features.start("order")
    signals.send_signal(features.actor, run, "go", {"n": 1})
    run = features.execute(run)
    assert (run.state, run.output) == ("completed", {"n": 1})


def test_K1_what_a_signal_brings_is_sealed_and_survives_a_resume(features: FeatureRuns, sink: Sink) -> None:
    waits = {**APPROVAL, "approval": False}
    use = event("use", "echo", input={"id": "1", "note": "$Step{ask}{password}"})
    features.make("order", chain(waits, {"tag": "nap", "type": "sleep", "input": "1h"}, use))
    run = features.now("order")
    signals.send_signal(features.actor, run, "go", {"password": "canary-in-a-signal"})
    until(lambda: "sleeps" in Run.objects.get(pk=run.pk).reason or features.execute(run) is None, what="it sleeps")
    nothing_shows("canary-in-a-signal")
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)
    Step.objects.filter(run=run, tag="main/nap").update(wake_at=run.created_at)
    ended(run)
    assert "canary-in-a-signal" in sink.calls[0].body
    again = features.execute(repair.resume_run(features.actor, run, from_step="main/use").run)
    assert again.state == "completed", again.error
    assert "canary-in-a-signal" in sink.calls[1].body


def test_nobody_answers_in_time(features: FeatureRuns) -> None:
    features.make("order", chain(event("a", rollback=undo()), {**APPROVAL, "timeout": "3s"}))
    run = features.now("order")
    assert run.state == "waiting"
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)
    Step.objects.filter(run=run, tag="main/ask").update(wake_at=run.created_at)
    run = ended(run)
    assert (run.state, run.error["code"]) == ("rolled_back", "signal_timeout")


def test_cancelling_a_run_that_waits_rolls_it_back(features: FeatureRuns, sink: Sink) -> None:
    features.make("order", chain(event("a", rollback=undo("get", input={"q": "back"})), APPROVAL))
    run = features.now("order")
    runs.cancel_run(features.actor, run)
    run = ended(run)
    assert run.state == "cancelled"
    assert states(run) == {"main/a": "rolled_back", "main/ask": "failed", "main/a~undo": "completed"}
    assert sink.calls[-1].path == "/get?q=back"


def test_cancelling_a_run_in_the_middle_of_a_call_rolls_it_back(features: FeatureRuns, sink: Sink) -> None:
    features.make("order", chain(event("a", rollback=undo("get", input={"q": "back"})), event("b"), event("c")))
    hold = threading.Event()
    sink.answering = lambda call, number: Reply(body={}, hold=hold if number == 2 else None)
    run = features.start("order")
    carried = loop.start().submit(run.pk)
    until(lambda: len(sink.calls) == 2, what="the second call")
    runs.cancel_run(features.actor, run)
    carried.result(120)
    hold.set()
    run.refresh_from_db()
    assert (run.state, states(run)["main/a"], states(run)["main/b"]) == ("cancelled", "rolled_back", "failed")
    assert "main/c" not in states(run)


def test_a_cancelled_parent_takes_its_child_along(features: FeatureRuns) -> None:
    features.make("child", chain(event("a", rollback=undo()), APPROVAL))
    features.make("parent", chain({"tag": "sub", "type": "feature", "event": "child"}))
    run = features.now("parent")
    until(lambda: Run.objects.filter(parent_id=run.pk, state="waiting").exists(), what="the child waits")
    runs.cancel_run(features.actor, run)
    assert ended(run).state == "cancelled"
    kid = ended(Run.objects.get(parent_id=run.pk))
    assert (kid.state, states(kid)["main/a"]) == ("cancelled", "rolled_back")


def test_a_person_decides_about_a_call_of_which_nobody_knows(features: FeatureRuns, sink: Sink) -> None:
    features.make(
        "order", chain(event("a", "echo", input={"id": "1"}, when_unknown="ask"), event("b"), output="$Step{a}")
    )
    sink.answering = lambda call, number: Reply(drop=number == 1, body={"n": number})
    run = features.now("order")
    assert (run.state, states(run)) == ("waiting", {"main/a": "waiting"})
    doubtful = step(run, "main/a")
    assert doubtful.error["outcome_unknown"] is True
    signals.resolve_step(features.actor, run, doubtful.pk, "done", output={"by": "hand"})
    with pytest.raises(Conflict):
        signals.resolve_step(features.actor, run, doubtful.pk, "done")
    run = ended(run)
    assert (run.state, run.output) == ("completed", {"by": "hand"})
    assert len(sink.calls) == 2


def test_an_undo_that_failed_is_tried_again(features: FeatureRuns, sink: Sink) -> None:
    taken_back = undo("get", input={"q": "back"}, retries=0)
    features.make("order", chain(event("a", rollback=taken_back), {"tag": "no", "type": "fail", "input": "Enough."}))
    sink.answering = lambda call, number: Reply(400 if "back" in call.path and number < 3 else 200, {})
    run = features.now("order")
    assert (run.state, run.error["details"]["rollback"]["left"]) == ("failed", ["main/a"])
    with pytest.raises(Conflict):
        runs.cancel_run(features.actor, run)
    repair.retry_undo(features.actor, run, step(run, "main/a~undo").pk)
    run = ended(run)
    assert (run.state, run.error["code"]) == ("rolled_back", "failed_on_purpose")
    assert states(run)["main/a"] == "rolled_back"
    assert counted("order") == {"rolled_back": 1, "failed": 0}


def counted(target: str) -> dict[str, int]:
    """How many ends of runs the measures have, before and after they are folded."""
    rows = MeasureDelta.objects.filter(target=target).values_list("state").annotate(Sum("n"))
    gathered = dict(rows.order_by())
    fold()
    assert dict(MeasureMinute.objects.filter(target=target).values_list("state").annotate(Sum("n"))) == gathered
    return gathered


def test_an_undo_that_failed_is_done_by_hand_and_asks_nobody_any_more(
    features: FeatureRuns, sink: Sink, people: Cast
) -> None:
    gone = undo("get", input={"q": "back"}, retries=0)
    no = {"tag": "no", "type": "fail", "input": "Enough."}
    features.make("order", chain(event("a", rollback=gone), event("b", rollback=undo()), no))
    sink.answering = lambda call, number: Reply(400 if "back" in call.path else 200, {})
    run = features.now("order")
    failed = step(run, "main/a~undo")
    assert [one.run.pk for one in waiting_for_people(features.actor)] == [run.pk]
    with pytest.raises(Forbidden):
        repair.undo_by_hand(people.as_(people.vera), run, failed.pk)
    with pytest.raises(Invalid):
        repair.undo_by_hand(features.actor, run, failed.pk, note="x" * 2_001)
    with pytest.raises(NotFound):
        repair.undo_by_hand(features.actor, run, step(run, "main/a").pk)
    calls = len(sink.calls)
    repair.undo_by_hand(features.actor, run, failed.pk, note="Refunded at the desk.")
    run = ended(run)
    assert (run.state, states(run)["main/a"], len(sink.calls)) == ("rolled_back", "rolled_back", calls)
    assert run.error["details"]["rollback"]["left"] == []
    assert step(run, "main/a~undo").output["note"] == "Refunded at the desk."
    assert waiting_for_people(features.actor) == []
    assert AuditEntry.objects.filter(verb="run.undone_by_hand").count() == 1
    assert LogLine.objects.filter(run=run, message__contains="Refunded at the desk.").exists()
    with pytest.raises(Conflict):
        repair.undo_by_hand(features.actor, run, failed.pk)
    assert counted("order") == {"rolled_back": 1, "failed": 0}


def test_an_undo_that_is_a_feature_is_a_child_and_a_person_has_it_tried_again(
    features: FeatureRuns, sink: Sink
) -> None:
    sink.answering = lambda call, number: Reply(400 if "q=no" in call.path and number < 3 else 200, {})
    give_back = chain(event("refund", input={"q": "$Input{why}"}), input={"why": "string"})
    features.make("give-back", give_back)
    taken_back = {"type": "feature", "event": "give-back", "input": {"why": "$Error{code}"}}
    no = {"tag": "no", "type": "fail", "input": {"message": "No.", "code": "no"}}
    features.make("order", chain(event("a", rollback=taken_back), no))
    run = ended(features.now("order"))
    assert (run.state, states(run)["main/a~undo"]) == ("failed", "failed"), run.error
    first = step(run, "main/a~undo")
    assert Run.objects.get(pk=first.child).state == "failed"
    assert run.error["details"]["rollback"]["left"] == ["main/a"]
    repair.retry_undo(features.actor, run, first.pk)
    run = ended(run)
    assert (run.state, states(run)["main/a"]) == ("rolled_back", "rolled_back"), run.error
    again = Run.objects.get(pk=step(run, "main/a~undo").child)
    assert (again.state, again.input, again.parent_id) == ("completed", {"why": "no"}, run.pk)
    assert again.pk != first.child
    assert Run.objects.filter(parent_id=run.pk).count() == 2


def test_a_run_goes_on_where_it_failed_with_results_corrected(features: FeatureRuns, sink: Sink) -> None:
    definition = chain(
        event("a"), event("b", input={"q": "$Step{a}{number}"}), event("c", input={"q": "$Step{b}{number}"}),
        output="$Step{c}", options={"rollback": "none"},
    )  # fmt: skip
    row = features.make("order", definition)
    sink.answering = lambda call, number: Reply(400 if number == 2 else 200, {"number": number})
    run = features.now("order")
    assert (run.state, states(run)) == ("failed", {"main/a": "completed", "main/b": "failed"})
    row.definition = chain(event("other"))
    row.save()
    with pytest.raises(Invalid):
        repair.resume_run(features.actor, run, from_step="main/x")
    with pytest.raises(Invalid):
        repair.resume_run(features.actor, run, results={"main/c": 1})
    again = repair.resume_run(features.actor, run, results={"main/a": {"number": 77}}).run
    again = features.execute(again)
    assert (again.state, again.trigger, again.replay_of) == ("completed", "resume", run.pk), again.error
    assert [call.path for call in sink.calls[2:]] == ["/get?q=77", "/get?q=3"]
    assert step(again, "main/a").output == {"number": 77}


def test_restart_takes_another_input_whole_or_merged(features: FeatureRuns) -> None:
    fields = {"a": {"type": "number"}, "b": {"type": "number"}}
    features.make(
        "sum", {"input": fields, **chain({"tag": "p", "type": "checkpoint"}, output=["$Input{a}", "$Input{b}"])}
    )
    run = features.now("sum", {"a": 1, "b": 2})
    assert run.output == [1, 2]
    whole = features.execute(repair.restart_run(features.actor, run, {"a": 5}).run)
    merged = features.execute(repair.restart_run(features.actor, run, {"a": 5}, merge=True).run)
    assert (whole.output, merged.output, merged.trigger) == ([5, None], [5, 2], "restart")
    replay = features.execute(runs.replay_run(features.actor, merged).run)
    assert (replay.output, replay.replay_of) == ([5, 2], merged.pk)


def limited(surplus: str, **more: Any) -> dict[str, Any]:
    """One at a time for each value of `who`."""
    return {
        "input": {"who": "string"},
        **chain(APPROVAL, options={"concurrency": {"limit": 1, "key": "$Input{who}", "surplus": surplus}}),
        **more,
    }


def test_what_is_over_the_limit_waits_for_its_turn(features: FeatureRuns) -> None:
    features.make("one", limited("wait"))
    first = features.now("one", {"who": "ann"})
    second = features.now("one", {"who": "ann"})
    other = features.now("one", {"who": "bob"})
    assert [run.state for run in (first, second, other)] == ["waiting", "queued", "waiting"]
    assert "Waits for its turn" in second.reason
    ring_again()
    signals.send_signal(features.actor, first, "go", {"approved": True})
    ended(first)
    until(lambda: Run.objects.get(pk=second.pk).state == "waiting", what="the second has begun")
    signals.send_signal(features.actor, second, "go", {"approved": True})
    assert ended(second).state == "completed"


def test_what_is_over_the_limit_is_dropped(features: FeatureRuns) -> None:
    features.make("one", limited("drop"))
    first = features.now("one", {"who": "ann"})
    second = features.start("one", {"who": "ann"})
    assert (first.state, second.state, second.error["code"]) == ("waiting", "cancelled", "dropped")
    assert "1 run of “one” for ann" in second.error["message"]
    assert LogLine.objects.filter(run=second).count() == 1


def test_what_is_over_the_limit_takes_the_place_of_the_older(features: FeatureRuns) -> None:
    features.make("one", limited("cancel_older"))
    first = features.now("one", {"who": "ann"})
    second = features.start("one", {"who": "ann"})
    assert ended(first).state == "cancelled"
    until(lambda: Run.objects.get(pk=second.pk).state == "waiting", what="the second has begun")


def parent_of(feature: str, **more: Any) -> dict[str, Any]:
    """Starts `feature` for ann, and goes on."""
    return chain({"tag": "sub", "type": "feature", "event": feature, "input": {"who": "ann"}, **more}, event("after"))


def test_a_child_over_the_limit_is_dropped_and_its_step_says_so(features: FeatureRuns) -> None:
    features.make("one", limited("drop"))
    features.make("parent", parent_of("one"))
    features.make("easy", parent_of("one", allow_fail=True))
    first = features.now("one", {"who": "ann"})
    run = ended(features.now("parent"))
    assert (run.state, run.error["code"]) == ("failed", "dropped")
    assert "1 run of “one” for ann" in run.error["message"]
    kid = Run.objects.get(parent_id=run.pk)
    assert (kid.state, kid.error["code"], kid.fence) == ("cancelled", "dropped", 0)
    assert LogLine.objects.filter(run=kid).count() == kid.seq == 1
    assert MeasureDelta.objects.filter(target="one", state="cancelled").count() == 1
    easy = ended(features.now("easy"))
    assert (easy.state, states(easy)["main/sub"], states(easy)["main/after"]) == ("completed", "failed", "completed")
    first.refresh_from_db()
    assert first.state == "waiting"


def test_a_child_takes_the_place_of_the_older(features: FeatureRuns) -> None:
    features.make("one", limited("cancel_older"))
    features.make("parent", parent_of("one"))
    first = features.now("one", {"who": "ann"})
    other = features.now("one", {"who": "bob"})
    run = features.now("parent")
    assert ended(first).state == "cancelled"
    kid = Run.objects.get(parent_id=run.pk)
    until(lambda: Run.objects.get(pk=kid.pk).state == "waiting", what="the child has begun")
    assert Run.objects.get(pk=other.pk).state == "waiting"
    signals.send_signal(features.actor, kid, "go", {"approved": True})
    assert (ended(kid).state, ended(run).state) == ("completed", "completed")


@pytest.mark.parametrize("surplus", ["wait", "drop", "cancel_older"])
def test_a_feature_that_starts_itself_under_its_own_limit_does_not_wait_for_ever(
    features: FeatureRuns, surplus: str
) -> None:
    options = {"concurrency": {"limit": 1, "key": "$Run{environment}", "surplus": surplus}}
    features.make("one", chain({"tag": "sub", "type": "feature", "event": "one"}, options=options))
    run = ended(features.now("one"))
    assert (run.state, run.error["code"]) == ("failed", "waits_for_itself")
    assert Run.objects.count() == 1


def test_R23_a_feature_ends_when_its_time_is_up(features: FeatureRuns) -> None:
    features.make("order", chain(event("a", rollback=undo()), APPROVAL, options={"timeout": "3s"}))
    run = features.now("order")
    assert run.state == "waiting"
    Run.objects.filter(pk=run.pk).update(started_at=run.created_at.replace(year=2020), wake_at=run.created_at)
    run = ended(run)
    assert (run.state, run.error["code"]) == ("rolled_back", "run_timeout")


def test_kept_results_spare_the_call(features: FeatureRuns, sink: Sink) -> None:
    features.make("order", chain(event("a", input={"q": "1"}, cache="1h"), output="$Step{a}"))
    first, second = features.now("order"), features.now("order")
    assert (first.output, second.output, len(sink.calls)) == (second.output, first.output, 1)
