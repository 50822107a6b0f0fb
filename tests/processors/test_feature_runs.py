"""Features through the whole runtime: rows, SQL, real calls; what the engine decides has tests of its own."""

from __future__ import annotations

import pytest

from processors.models import Attempt, LogLine, Run, Step
from products.expressions.kinds import type_name
from products.expressions.surroundings import RUN
from products.lib.errors import Conflict, Invalid, NotFound
from products.services.secrets import create_secret
from tests.patience import until
from tests.people import Cast
from tests.processors.canary import nothing_shows
from tests.processors.feature_runs import FeatureRuns, chain, event, states, step, undo
from tests.processors.sink import Reply, Sink

pytestmark = pytest.mark.django_db(transaction=True)
ORDER = {
    "input": {"amount": {"type": "float", "required": True}, "note": {"type": "string"}},
    "sequences": [
        {
            "tag": "pay",
            "events": [
                event(
                    "charge", "echo",
                    input={"id": "1", "amount": "$Input{amount}", "note": "$Default($Input{note}, '')"},
                    rollback=undo("get", input={"q": "$Sequence{pay}{charge}{number}"}),
                ),
                event("look", input={"q": "$Step{charge}{number}"}, condition="$Input{amount} > 5"),
            ],
        },
        {
            "tag": "tell", "parents": ["pay"], "mode": "concurrent",
            "events": [event("a"), event("b"), event("each", for_each=[1, 2, 3], input={"q": "$Item"})],
        },
    ],
    "output": {"charge": "$Sequence{pay}{charge}{number}", "run": "$Run{id}"},
}  # fmt: skip


def test_a_feature_runs_step_by_step(features: FeatureRuns, sink: Sink) -> None:
    features.make("order", ORDER)
    run = features.now("order", {"amount": 10})
    assert (run.state, run.error, run.kind, run.target) == ("completed", None, "feature", "order"), run.error
    assert run.output == {"charge": 1, "run": str(run.pk)}
    assert states(run) == {
        "pay/charge": "completed", "pay/look": "completed", "tell/a": "completed", "tell/b": "completed",
        "tell/each": "completed", "tell/each#1": "completed", "tell/each#2": "completed", "tell/each#3": "completed",
    }  # fmt: skip
    assert step(run, "pay/charge").input == {"id": "1", "amount": 10, "note": ""}
    assert step(run, "pay/charge").output == {"ok": True, "number": 1}
    assert len(sink.calls) == 7
    assert sink.calls[0].key == str(step(run, "pay/charge").pk)
    lines = list(LogLine.objects.filter(run=run).order_by("seq").values_list("seq", flat=True))
    assert lines == list(range(1, run.seq + 1))
    assert Attempt.objects.filter(run=run, state="completed").count() == 7


def test_a_run_says_of_itself_what_expressions_may_name(features: FeatureRuns) -> None:
    mark = {"tag": "mark", "type": "checkpoint"}
    call = {"tag": "one", "type": "feature", "event": "child"}
    features.make("child", chain(mark, output="$Merge($Run)"))
    features.make("order", chain(call, output=["$Merge($Run)", "$Step{one}"]))
    run = features.start("order")
    features.execute(run)
    until(lambda: Run.objects.get(pk=run.pk).ended, what="the run has ended")
    own, childs = Run.objects.get(pk=run.pk).output
    assert set(own) == set(childs) == set(RUN.fields or ())
    for said in (own, childs):
        assert all(type_name(said[key]) in shape.types for key, shape in (RUN.fields or {}).items())
    assert (own["feature"], own["parent"], childs["feature"], childs["parent"]) == ("order", None, "child", own["id"])


def test_R16_an_input_says_which_try_it_is(features: FeatureRuns, sink: Sink) -> None:
    features.make("order", chain(event("a", input={"q": "$Run{attempt}"}, retries=2, retry_delay="50ms")))
    sink.answering = lambda call, number: Reply(200 if "q=3" in call.path else 503, {"number": number})
    run = features.now("order")
    assert (run.state, step(run, "main/a").attempts) == ("completed", 3)
    assert [call.path.partition("?")[2] for call in sink.calls] == ["q=1", "q=2", "q=3"]
    assert len({call.key for call in sink.calls}) == 1


def test_a_condition_skips(features: FeatureRuns) -> None:
    features.make("order", ORDER)
    run = features.now("order", {"amount": 1})
    assert run.state == "completed"
    assert states(run)["pay/look"] == "skipped"


def test_what_fails_is_rolled_back(features: FeatureRuns, sink: Sink) -> None:
    features.make("order", ORDER)
    sink.answering = lambda call, number: Reply(400 if "q=1" in call.path and number == 2 else 200, {"number": number})
    run = features.now("order", {"amount": 10})
    assert run.state == "rolled_back", run.error
    assert states(run) == {"pay/charge": "rolled_back", "pay/look": "failed", "pay/charge~undo": "completed"}
    assert run.error["details"]["rollback"] == {"undone": ["pay/charge"], "left": [], "unknown": []}
    assert sink.calls[-1].path.endswith("?q=1")


def test_an_input_is_checked_before_anything_is_written(features: FeatureRuns) -> None:
    features.make("order", ORDER)
    with pytest.raises(Invalid) as caught:
        features.start("order", {"amount": "x", "more": 1})
    assert {one.pointer for one in caught.value.errors} == {"/input/amount", "/input/more"}
    with pytest.raises(NotFound):
        features.start("nothing")
    features.make("lost", chain(event("a", "not-there")))
    with pytest.raises(NotFound, match="no action"):
        features.start("lost")
    features.make("broken", chain(event("a", condition="$Input{")))
    with pytest.raises(Conflict, match="cannot be run"):
        features.start("broken")
    assert not Run.objects.exists()


def test_K1_secrets_in_inputs_are_masked_everywhere(features: FeatureRuns, sink: Sink, people: Cast) -> None:
    secret = "canary-of-a-feature"
    create_secret(people.as_(people.alice), key="TOKEN", value=secret)
    given = {"id": "1", "note": "$Concat(['<', $Secret{TOKEN}, '>'], '')"}
    point = {"tag": "point", "type": "checkpoint", "input": {"kept": "$Secret{TOKEN}"}}
    end = ["$Step{say}", "$Step{point}", "$Secret{TOKEN}"]
    features.make("secretive", chain(event("say", "echo", input=given), point, output=end))
    sink.answering = lambda call, number: Reply(200, {"you said": call.body})
    run = features.now("secretive")
    assert run.state == "completed", run.error
    assert f"<{secret}>" in sink.calls[0].body
    nothing_shows(secret)
    no = {"tag": "no", "type": "fail", "input": {"message": "It is $Secret{TOKEN}."}}
    features.make("failing", chain(no))
    assert features.now("failing").state == "failed"
    nothing_shows(secret)


def test_definitions_in_use_never_change(features: FeatureRuns, sink: Sink) -> None:
    row = features.make("slow", chain(event("a"), {"tag": "nap", "type": "sleep", "input": "1h"}, event("b")))
    run = features.now("slow")
    assert run.state == "waiting"
    row.definition = chain(event("other"))
    row.save()
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)
    Step.objects.filter(run=run, tag="main/nap").update(wake_at=run.created_at)
    features.execute(run)
    run = settled(run)
    assert (run.state, list(states(run))) == ("completed", ["main/a", "main/nap", "main/b"])


def test_a_child_runs_and_its_parent_goes_on(features: FeatureRuns, sink: Sink) -> None:
    child = {"input": {"n": {"type": "number", "required": True}}, **chain(event("do", input={"q": "$Input{n}"}))}
    features.make("child", {**child, "output": {"got": "$Step{do}{number}"}})
    features.make(
        "parent",
        chain(
            {"tag": "sub", "type": "feature", "event": "child", "input": {"n": 4}}, event("after"), output="$Step{sub}"
        ),
    )
    run = features.now("parent")
    run = settled(run)
    assert (run.state, run.output) == ("completed", {"got": 1}), run.error
    kid = Run.objects.get(parent_id=run.pk)
    assert (kid.state, kid.target, kid.depth, kid.trigger) == ("completed", "child", 1, "parent")
    assert step(run, "main/sub").child == kid.pk


def test_a_child_that_fails_fails_its_parent(features: FeatureRuns, sink: Sink) -> None:
    features.make("child", chain({"tag": "no", "type": "fail", "input": {"message": "Not today."}}))
    features.make("parent", chain(event("a", rollback=undo()), {"tag": "sub", "type": "feature", "event": "child"}))
    run = settled(features.now("parent"))
    assert run.state == "rolled_back"
    assert "Not today" in run.error["message"]


def settled(run: Run) -> Run:
    """The run once it has ended; children and parents are carried by the runtime's own loop."""

    def ended() -> bool:
        run.refresh_from_db()
        return run.ended

    until(ended, what="the run has ended")
    return run
