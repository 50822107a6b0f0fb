"""Resumed runs: what stays done, what is made again, and what an idempotency key of one stands for."""

from __future__ import annotations

from typing import Any

import pytest

from processors.models import LogLine, Run
from processors.services import repair, runs, signals
from products.lib.errors import Conflict
from tests.processors.feature_runs import FeatureRuns, chain, event, states, step, undo
from tests.processors.sink import Call, Reply, Sink

pytestmark = pytest.mark.django_db(transaction=True)
EACH = {"for_each": "$Step{list}{ids}", "input": {"q": "$Item"}}


def asked(call: Call) -> str:
    """What a call of `get` asks for."""
    return call.path.partition("?q=")[2]


def answers(lists: list[list[str]], *bad: str) -> Any:
    """`get` without a question gives the lists in turn; with one it is repeated, unless it is bad."""
    left = iter(lists)

    def answer(call: Call, number: int) -> Reply:
        if not asked(call):
            return Reply(body={"ids": next(left)})
        return Reply(400 if asked(call) in bad else 200, {"of": asked(call)})

    return answer


def resumed(features: FeatureRuns, run: Run, **given: Any) -> Run:
    """The new run, once it has been carried."""
    return features.execute(repair.resume_run(features.actor, run, **given).run)


def looped(features: FeatureRuns, sink: Sink, *before: dict[str, Any], **loop: Any) -> Run:
    """A run that failed at the third item of a, b, bad."""
    steps = before or (event("list"),)
    options = {"rollback": "none"}
    features.make("order", chain(*steps, event("each", **{**EACH, **loop}), output="$Step{each}", options=options))
    sink.answering = answers([["a", "b", "bad"]], "bad")
    run = features.now("order")
    assert (run.state, states(run)["main/each#3"]) == ("failed", "failed"), run.error
    sink.calls.clear()
    return run


def test_items_of_another_list_are_made_and_not_taken_from_the_old_one(features: FeatureRuns, sink: Sink) -> None:
    run = looped(features, sink)
    again = resumed(features, run, results={"main/list": {"ids": ["x", "y", "z"]}})
    assert (again.state, again.output) == ("completed", [{"of": "x"}, {"of": "y"}, {"of": "z"}]), again.error
    assert [asked(call) for call in sink.calls] == ["x", "y", "z"]
    assert LogLine.objects.filter(run=again, message__contains="0 of its 2 finished items").exists()


def test_items_that_the_corrected_list_still_has_stay_done(features: FeatureRuns, sink: Sink) -> None:
    run = looped(features, sink)
    again = resumed(features, run, results={"main/list": {"ids": ["a", "new", "good"]}})
    assert (again.state, again.output) == ("completed", [{"of": "a"}, {"of": "new"}, {"of": "good"}]), again.error
    assert [asked(call) for call in sink.calls] == ["new", "good"]


def test_items_stay_done_where_the_list_is_the_same(features: FeatureRuns, sink: Sink) -> None:
    run = looped(features, sink, event("other", input={"q": "o"}), event("list"))
    sink.answering = answers([])
    again = resumed(features, run, results={"main/other": 1, "main/list": {"ids": ["a", "b", "bad"], "more": 1}})
    assert (again.state, again.output) == ("completed", [{"of": "a"}, {"of": "b"}, {"of": "bad"}]), again.error
    assert [asked(call) for call in sink.calls] == ["bad"]


@pytest.mark.parametrize("items", ["$Sequence{main}{list}{ids}", ["$Step{list}{ids}{0}", "$Step{list}{ids}{1}", "bad"]])
def test_the_list_is_known_however_it_is_written(features: FeatureRuns, sink: Sink, items: Any) -> None:
    run = looped(features, sink, for_each=items)
    sink.answering = answers([])
    resumed(features, run, results={"main/list": {"ids": ["x", "b", "z"]}})
    assert {asked(call) for call in sink.calls[:1]} == {"x"}
    assert "b" not in {asked(call) for call in sink.calls}


def test_a_list_with_all_results_in_it_is_another_one_when_one_of_them_is(features: FeatureRuns, sink: Sink) -> None:
    each = event("each", for_each=["$Sequence{main}", "b", "c"], input={"q": "$Index"})
    features.make("order", chain(event("list"), each, options={"rollback": "none"}))
    sink.answering = answers([["a"]], "2")
    run = features.now("order")
    assert states(run)["main/each#3"] == "failed"
    sink.calls.clear()
    sink.answering = answers([])
    assert resumed(features, run, results={"main/list": {"ids": ["x"]}}).state == "completed"
    assert [asked(call) for call in sink.calls] == ["0", "2"]


def test_a_shorter_list_leaves_nothing_of_the_longer_one(features: FeatureRuns, sink: Sink) -> None:
    run = looped(features, sink)
    again = resumed(features, run, results={"main/list": {"ids": ["a"]}})
    assert (again.state, again.output, len(sink.calls)) == ("completed", [{"of": "a"}], 0), again.error
    assert "main/each#2" not in states(again)


def test_a_list_that_is_made_anew_is_not_what_the_items_were_made_of(features: FeatureRuns, sink: Sink) -> None:
    definition = chain(event("list", rollback=undo(input={"q": "back"})), event("each", **EACH), output="$Step{each}")
    features.make("order", definition)
    sink.answering = answers([["a", "b", "bad"], ["x", "y"]], "bad")
    run = features.now("order")
    assert (run.state, states(run)["main/list"]) == ("rolled_back", "rolled_back")
    again = resumed(features, run)
    assert (again.state, again.output) == ("completed", [{"of": "x"}, {"of": "y"}]), again.error


def test_a_loop_whose_items_were_taken_back_is_done_anew(features: FeatureRuns, sink: Sink) -> None:
    back = undo(input={"q": "back"})
    each = event("each", **EACH, rollback=back)
    features.make("order", chain(event("list"), each, event("late", input={"q": "late"}), output="$Step{each}"))
    sink.answering = answers([["a", "b"]], "late")
    run = features.now("order")
    assert states(run)["main/each#1"] == "rolled_back"
    sink.calls.clear()
    sink.answering = answers([])
    again = resumed(features, run)
    assert (again.state, again.output) == ("completed", [{"of": "a"}, {"of": "b"}]), again.error
    assert [asked(call) for call in sink.calls] == ["a", "b", "late"]


def test_what_may_fail_and_failed_before_the_step_is_not_made_again(features: FeatureRuns, sink: Sink) -> None:
    may = event("may", input={"q": "may"}, allow_fail=True)
    each = event("each", for_each=["a", "no", "c"], input={"q": "$Item"}, allow_fail=True)
    late = event("late", input={"q": "late"})
    features.make("order", chain(may, each, late, output=["$Step{may}", "$Step{each}"], options={"rollback": "none"}))
    sink.answering = answers([], "may", "no", "late")
    run = features.now("order")
    assert (run.state, states(run)["main/may"], states(run)["main/each"]) == ("failed", "failed", "completed")
    sink.calls.clear()
    sink.answering = answers([])
    again = resumed(features, run)
    assert (again.state, again.output) == ("completed", [None, [{"of": "a"}, None, {"of": "c"}]]), again.error
    assert [asked(call) for call in sink.calls] == ["late"]
    assert step(again, "main/may").error == step(run, "main/may").error
    by_hand = resumed(features, run, results={"main/may": "by hand"})
    assert by_hand.output[0] == "by hand"
    assert (step(by_hand, "main/may").state, step(by_hand, "main/may").error) == ("completed", None)


def test_a_result_is_given_to_what_was_skipped(features: FeatureRuns, sink: Sink) -> None:
    skipped = event("maybe", condition="1 == 2")
    features.make("order", chain(skipped, event("late", input={"q": "$Step{maybe}{n}"}), output="$Step{late}"))
    run = features.now("order")
    again = resumed(features, run, from_step="main/late", results={"main/maybe": {"n": 5}})
    assert (again.state, asked(sink.calls[-1])) == ("completed", "5"), again.error


def test_K1_what_signals_brought_to_a_loop_survives_a_resume(features: FeatureRuns, sink: Sink) -> None:
    asks = {"tag": "ask", "type": "wait_signal", "event": "go", "for_each": [1, 2]}
    use = event("use", "echo", input={"id": "1", "note": "$Step{ask}{0}{password} $Step{ask}{1}{password}"})
    features.make("order", chain(asks, use))
    run = features.start("order")
    for word in ("canary-one", "canary-two"):
        signals.send_signal(features.actor, run, "go", {"password": word})
    run = features.execute(run)
    assert run.state == "completed", run.error
    assert "canary-one canary-two" in sink.calls[0].body
    again = resumed(features, run, from_step="main/use")
    assert again.state == "completed", again.error
    assert "canary-one canary-two" in sink.calls[1].body


def test_R9_a_key_stands_for_what_is_resumed_from_where_and_with_what(features: FeatureRuns, sink: Sink) -> None:
    features.make("order", chain(event("list"), event("late", input={"q": "late"}), options={"rollback": "none"}))
    sink.answering = answers([["a"]], "late")
    run = features.now("order", idempotency_key="k")

    def resume(key: str, **given: Any) -> Run:
        return repair.resume_run(features.actor, run, idempotency_key=key, **given).run

    with pytest.raises(Conflict, match="key"):
        resume("k")
    first = resume("r")
    assert resume("r").pk == resume("r", from_step="main/late").pk == first.pk
    for other in ({"from_step": "main/list"}, {"results": {"main/list": 1}}):
        with pytest.raises(Conflict, match="key"):
            resume("r", **other)
    assert resume("s", results={"main/list": 1}).pk not in {run.pk, first.pk}


def test_R9_the_key_of_a_start_is_not_that_of_a_repetition(features: FeatureRuns) -> None:
    features.make("order", chain({"tag": "p", "type": "checkpoint"}))
    run = features.now("order", idempotency_key="k")
    with pytest.raises(Conflict, match="key"):
        runs.replay_run(features.actor, run, idempotency_key="k")
    with pytest.raises(Conflict, match="key"):
        repair.restart_run(features.actor, run, {}, idempotency_key="k")
    again = runs.replay_run(features.actor, run, idempotency_key="again")
    assert not runs.replay_run(features.actor, run, idempotency_key="again").created
    with pytest.raises(Conflict, match="key"):
        repair.restart_run(features.actor, run, {}, idempotency_key="again")
    with pytest.raises(Conflict, match="key"):
        runs.replay_run(features.actor, again.run, idempotency_key="again")
