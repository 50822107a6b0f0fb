"""What changes, grows or disappears while runs of features are under way; what their data may not become; who hears."""

from __future__ import annotations

import json

import pytest

from processors.live import topics, wire
from processors.live.announcer import Announcer
from processors.live.publish import valkey
from processors.models import Run, RunDefinition
from processors.runtime import loop
from processors.services import signals
from products.models import Feature, Secret
from products.services.secrets import create_secret
from tests.patience import until
from tests.people import Cast
from tests.processors.feature_runs import FeatureRuns, chain, event, states, step, undo
from tests.processors.scene import Scene
from tests.processors.sink import Reply, Sink
from tests.processors.test_feature_faults import settled
from tests.processors.wide_feature import make_wide, markers, named, whole

pytestmark = pytest.mark.django_db(transaction=True)
NAP = {"tag": "nap", "type": "sleep", "input": "1h"}
WAIT = {"tag": "ask", "type": "wait_signal", "event": "go"}
SUB = {"tag": "sub", "type": "feature", "event": "kid"}


def go_on(features: FeatureRuns, run: Run) -> Run:
    """What the run waits for has come."""
    signals.send_signal(features.actor, run, "go", {})
    return settled(run)


# What is changed meanwhile -------------------------------------------------------------------------------------------


def in_flight(features: FeatureRuns) -> Run:
    """Waits at its beginning; after that come a loop, a call and a child."""
    features.make("kid", chain(named("k1"), output="old kid"))
    after = (named("each", "item-$Item", for_each=[1, 2]), named("b"), SUB)
    features.make("order", chain(named("a"), WAIT, *after, output="$Step{sub}"))
    run = features.now("order")
    assert run.state == "waiting"
    return run


def test_R19_a_child_that_is_edited_while_its_parent_waits_is_run_as_it_was(features: FeatureRuns, sink: Sink) -> None:
    run = in_flight(features)
    for tag in ("kid", "order"):
        row = Feature.objects.get(tag=tag)
        row.definition = chain(named("other"), output="new")
        row.save()
    go_on(features, run)
    assert (run.state, run.output) == ("completed", "old kid"), run.error
    assert markers(sink) == ["a", "item-1", "item-2", "b", "k1"]
    assert features.now("order").output == "new"


def test_R19_features_that_are_deleted_meanwhile_run_to_their_end(features: FeatureRuns, sink: Sink) -> None:
    run = in_flight(features)
    Feature.objects.all().delete()
    go_on(features, run)
    assert (run.state, run.output) == ("completed", "old kid"), run.error
    with pytest.raises(Exception, match="no feature"):
        features.start("order")


def test_R19_an_action_that_is_edited_or_deleted_meanwhile_is_called_as_it_was(
    features: FeatureRuns, sink: Sink, scene: Scene
) -> None:
    first, second = in_flight(features), features.now("order")
    row = scene.actions["echo"]
    row.path, row.spec = "/elsewhere/{id}", {**row.spec, "path": "/elsewhere/{id}"}
    row.save()
    go_on(features, first)
    row.delete()
    go_on(features, second)
    assert (first.state, second.state) == ("completed", "completed"), second.error
    assert {call.path.rpartition("/")[0] for call in sink.calls} == {"/echo"}


def test_R19_a_secret_that_is_deleted_meanwhile_fails_the_run_with_its_name_and_takes_back_what_was_done(
    features: FeatureRuns, sink: Sink, people: Cast
) -> None:
    create_secret(people.as_(people.alice), key="TOKEN", value="canary-of-a-secret-that-goes")
    use = event("use", "echo", input={"id": "1", "note": "$Secret{TOKEN}"})
    features.make("order", chain(named("a"), WAIT, use, named("b")))
    run = features.now("order")
    Secret.objects.all().delete()
    go_on(features, run)
    assert run.state == "rolled_back", run.error
    assert "TOKEN" in run.error["message"]
    assert markers(sink) == ["a", "undo-a"]


# What was written before ---------------------------------------------------------------------------------------------


def test_R20_a_definition_of_the_version_before_is_read_as_it_was_meant(features: FeatureRuns, sink: Sink) -> None:
    """What came into compositions since features could first be run is missing in it."""
    make_wide(features)
    run = features.start("wide")
    row = RunDefinition.objects.get(pk=run.definition_id)
    content = {key: value for key, value in row.content.items() if key not in {"caches", "cache", "environment"}}
    for call in content["calls"].values():
        for younger in ("verify_tls", "cache", "login", "auth"):
            call.pop(younger, None)
    for one in content["features"].values():
        one.pop("description", None)
    RunDefinition.objects.filter(pk=row.pk).update(content=content)
    settled(run)
    whole(run, sink)


def test_R20_a_definition_that_this_version_cannot_read_fails_the_run_and_the_worker_goes_on(
    features: FeatureRuns, sink: Sink
) -> None:
    make_wide(features)
    strange = features.start("wide")
    row = RunDefinition.objects.get(pk=strange.definition_id)
    content = json.loads(json.dumps(row.content))
    content["features"]["wide"]["definition"]["sequences"][0]["events"][0]["type"] = "teleport"
    RunDefinition.objects.filter(pk=row.pk).update(content=content)
    settled(strange)
    assert (strange.state, strange.error["code"]) == ("failed", "platform_failed")
    assert sink.calls == []
    features.make("plain", chain(named("a")))
    assert features.now("plain").state == "completed"


# What is too much ----------------------------------------------------------------------------------------------------


def test_R26_a_feature_that_starts_itself_ends_at_the_tenth_with_the_reason(features: FeatureRuns, sink: Sink) -> None:
    features.make("again", chain(named("a"), {"tag": "sub", "type": "feature", "event": "again"}))
    run = settled(features.now("again"))
    assert run.state == "rolled_back"
    assert "10 deep" in run.error["message"]
    assert Run.objects.count() == 10
    until(lambda: not Run.objects.filter(finished_at=None).exists(), what="all have ended")
    assert {row.state for row in Run.objects.all()} == {"rolled_back"}
    assert markers(sink) == ["a"] * 10 + ["undo-a"] * 10
    assert max(Run.objects.values_list("depth", flat=True)) == 9


def test_R26_two_features_that_start_each_other_end_too(features: FeatureRuns, sink: Sink) -> None:
    features.make("ping", chain({"tag": "sub", "type": "feature", "event": "pong"}))
    features.make("pong", chain({"tag": "sub", "type": "feature", "event": "ping"}))
    run = settled(features.now("ping"))
    assert run.state == "failed"
    assert "10 deep" in run.error["message"]
    assert Run.objects.count() == 10


def test_R26_a_loop_over_too_many_items_calls_nothing_and_takes_back_what_was_done(
    features: FeatureRuns, sink: Sink
) -> None:
    much = {"input": {"items": {"type": "array"}}}
    loop_ = named("each", "item-$Item", for_each="$Input{items}")
    features.make("order", {**much, **chain(named("a"), loop_)})
    run = settled(features.now("order", {"items": list(range(10_001))}))
    assert run.state == "rolled_back"
    assert "10000 items" in run.error["message"]
    assert markers(sink) == ["a", "undo-a"]


def test_R26_a_loop_of_children_gives_each_item_its_own(features: FeatureRuns, sink: Sink) -> None:
    kid = {"input": {"n": {"type": "number"}}, **chain(named("k", "kid-$Input{n}"), output="$Input{n}")}
    features.make("kid", kid)
    each = {**SUB, "for_each": [1, 2, 3, 4, 5], "concurrency": 2, "input": {"n": "$Item"}}
    features.make("order", chain(each, named("after"), output="$Step{sub}"))
    run = settled(features.now("order"))
    assert (run.state, run.output) == ("completed", [1, 2, 3, 4, 5]), run.error
    assert sorted(markers(sink)[:-1]) == [f"kid-{n}" for n in (1, 2, 3, 4, 5)]
    assert Run.objects.filter(parent_id=run.pk, state="completed").count() == 5


# What is gone --------------------------------------------------------------------------------------------------------


def test_R27_a_child_that_a_restored_backup_does_not_have_fails_its_step_by_name(
    features: FeatureRuns, sink: Sink
) -> None:
    features.make("kid", chain(WAIT))
    features.make("order", chain(named("a"), SUB, named("b")))
    run = features.now("order")
    until(lambda: Run.objects.filter(parent_id=run.pk, state="waiting").exists(), what="the child waits")
    Run.objects.filter(parent_id=run.pk).delete()
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)
    settled(run)
    assert run.state == "rolled_back"
    assert "not there any more" in run.error["message"]
    assert markers(sink) == ["a", "undo-a"]


# What data may not become --------------------------------------------------------------------------------------------

HOSTILE = "$Secret{TOKEN} {{secret.TOKEN}} $Input{x} $Concat(['a', $Secret{TOKEN}]) ${TOKEN} {0.__class__}"


def test_J4_J5_what_a_remote_side_answers_is_only_data_in_loops_children_conditions_and_undos(
    features: FeatureRuns, sink: Sink, people: Cast
) -> None:
    create_secret(people.as_(people.alice), key="TOKEN", value="canary-that-no-answer-may-read")
    say = lambda tag, value, **more: event(tag, "echo", input={"id": "1", "note": value}, **more)  # noqa: E731
    features.make("kid", {
        "input": {"x": {"type": "string"}, "deep": {"type": "object"}},
        **chain(say("k", "$Input{x}"), output={"$Input{x}": "$Input{x}", "deep": "$Input{deep}"}),
    })  # fmt: skip
    features.make("order", chain(
        say("first", "x", rollback=undo("echo", input={"id": "1", "note": "$Step{first}{texts}{0}"})),
        say("each", "$Item", for_each="$Step{first}{texts}", condition="$Item != '$Secret{TOKEN}'"),
        {**SUB, "input": {"x": "$Step{first}{texts}{1}", "deep": "$Step{first}{deep}"}},
        WAIT,
        say("told", "$Step{ask}{said}"),
        {"tag": "no", "type": "fail", "input": {"message": "$Step{sub}{deep}{note}", "code": "$Step{first}{texts}{2}"}},
        output="$Step{sub}",
    ))  # fmt: skip
    texts = [HOSTILE, "$Secret{TOKEN}", "{% import os %}"]
    sink.answering = lambda call, number: Reply(body={"texts": texts, "deep": {"note": HOSTILE, HOSTILE: [HOSTILE]}})
    run = features.now("order")
    until(lambda: Run.objects.get(pk=run.pk).asks == "signal", what="it waits")
    signals.send_signal(features.actor, run, "go", {"said": HOSTILE})
    settled(run)
    assert run.state == "rolled_back", run.error
    assert run.error["message"] == HOSTILE
    notes = [json.loads(call.body)["note"] for call in sink.calls]
    assert notes == ["x", HOSTILE, "{% import os %}", "$Secret{TOKEN}", HOSTILE, HOSTILE]
    kid = Run.objects.get(parent_id=run.pk)
    assert kid.output == {"$Input{x}": "$Secret{TOKEN}", "deep": {"note": HOSTILE, HOSTILE: [HOSTILE]}}
    assert states(run)["main/each#2"] == "skipped"
    assert "canary" not in json.dumps([call.body for call in sink.calls])


def test_J10_a_slow_pattern_in_a_condition_or_a_loop_is_decided_or_refused_and_holds_up_no_other(
    features: FeatureRuns, sink: Sink
) -> None:
    slow = "$Matches($Input{t}, '^(([a-z])+.)+[A-Z]([a-z])+$')"
    given = {"input": {"t": {"type": "string"}}}
    features.make("order", {**given, **chain(
        named("a", condition=slow), named("each", "item-$Item", for_each=[1, 2], condition=f"$Item > 1 || {slow}"),
    )})  # fmt: skip
    costly = {"t": "a" * 3_000_000}
    runs_ = [features.start("order", {"t": "a" * 100_000 + "!"}), features.start("order", costly)]
    for run in runs_:
        loop.start().submit(run.pk)
    features.make("quick", chain(named("quick")))
    assert features.now("quick").state == "completed"
    for run in runs_:
        settled(run)
        assert run.state == "completed" or run.error["code"].startswith("expression"), run.error


# Who hears -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every hint that this worker gives: its topic, and up to which number there is news."""
    given: list[tuple[str, int]] = []
    real = Announcer.changed

    def changed(self: Announcer, topic: topics.Topic, seq: int) -> None:
        given.append((str(topic), seq))
        real(self, topic, seq)

    monkeypatch.setattr(Announcer, "changed", changed)
    return given


def limited(features: FeatureRuns, surplus: str) -> None:
    """`order` starts `kid`, of which there may be one, and there is one already."""
    options = {"concurrency": {"limit": 1, "key": "$Run{environment}", "surplus": surplus}}
    features.make("kid", chain(WAIT, options=options))
    features.make("order", chain({**SUB, "allow_fail": True}, named("after")))
    assert features.now("kid").state == "waiting"


def test_R24_pages_hear_of_a_child_that_is_dropped(features: FeatureRuns, said: list[tuple[str, int]]) -> None:
    limited(features, "drop")
    said.clear()
    listener = valkey().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(wire.ENDED)
    run = settled(features.now("order"))
    kid = Run.objects.get(parent_id=run.pk)
    assert (run.state, kid.state, kid.seq) == ("completed", "cancelled", 1)
    for topic in (topics.run(kid.pk), topics.workspace(kid.workspace_id), topics.runs(kid.product_id, "dev")):
        assert (str(topic), kid.seq) in said
    of_run = [seq for name, seq in said if name == str(topics.run(run.pk))]
    assert of_run == sorted(of_run)
    assert of_run[-1] == run.seq
    assert step(run, "main/sub").state == "failed"
    ended: list[bytes] = []

    def both() -> bool:
        message = listener.get_message(timeout=0.05)
        ended.extend([bytes(message["data"])] if message else [])
        return {str(kid.pk).encode(), str(run.pk).encode()} <= set(ended)

    until(both, what="whoever waits for their ends hears of them")
    listener.close()


def test_R24_pages_hear_of_a_child_that_waits_its_turn(features: FeatureRuns, said: list[tuple[str, int]]) -> None:
    limited(features, "wait")
    said.clear()
    run = features.now("order")
    kid = Run.objects.get(parent_id=run.pk)
    assert (run.state, kid.state) == ("waiting", "queued")
    assert (str(topics.run(kid.pk)), 0) in said
    assert (str(topics.runs(kid.product_id, "dev")), 0) in said
