"""Runs and events that name a cache: equal inputs get the kept result, and a cache never fails a run."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.test import Client

from processors.models import Attempt, LogLine, Run, Step
from processors.runtime import loop
from processors.services import operations
from processors.services.operations import OperationRequest
from products.lib.errors import Conflict, Invalid, NotFound
from products.models import Resource
from products.queries.callable_resources import Wanted
from products.services import resources
from tests.patience import until
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.feature_runs import FeatureRuns, event, step
from tests.processors.scene import Scene
from tests.processors.sink import Reply, Sink

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cache(runs: Runs) -> Resource:
    """`rates`, in the Valkey of the installation, in `dev`."""
    wanted = {"name": "Rates", "shared": {"for": "1h"}, "environments": {"dev": {"provider": "builtin"}}}
    return resources.create_resource(runs.actor, "shop", "cache", wanted)


def use(runs: Runs, operation: str, **given: Any) -> Any:
    """The output of one operation of `rates`."""
    request = OperationRequest("shop", "dev", Wanted("cache", "rates", operation), given)
    run = runs.execute(operations.start_operation(runs.actor, request).run)
    assert run.state == "completed", run.error
    return run.output


def test_values_are_set_got_counted_and_forgotten_by_runs(runs: Runs, cache: Resource) -> None:
    use(runs, "set", key="eur", value={"usd": 1.25})
    assert use(runs, "get", key="eur")["value"] == {"usd": 1.25}
    assert [use(runs, "increment", key="visits")["value"] for _ in range(2)] == [1, 2]
    assert use(runs, "delete", key="eur")["existed"] is True
    assert use(runs, "get", key="eur")["found"] is False


@pytest.mark.parametrize("value", [None, ""], ids=repr)
def test_null_and_nothing_are_values_that_found_tells_from_a_miss(runs: Runs, cache: Resource, value: Any) -> None:
    use(runs, "set", key="eur", value=value)
    assert use(runs, "get", key="eur")["value"] == value
    assert use(runs, "get", key="eur")["found"] is True
    assert (use(runs, "get", key="usd")["value"], use(runs, "get", key="usd")["found"]) == (None, False)


def test_null_is_kept_from_the_page_and_over_rest(runs: Runs, cache: Resource, people: Cast) -> None:
    client = Client()
    client.force_login(people.dev)
    page = "/w/acme/p/shop/resources/cache/rates/try/?operation=set&env=dev"
    assert client.post(page, {"in:key": "page", "in:value": "null"}).status_code == 302
    for text, words in (("", "required"), ('{"a":', "This is not JSON")):
        refused = client.post(page, {"in:key": "page", "in:value": text})
        assert (refused.status_code, words in refused.content.decode()) == (422, True)
    sent = {"product": "shop", "environment": "dev", "cache": "rates", "input": {"key": "rest", "value": None}}
    answer = client.post(
        "/api/v1/workspaces/acme/processor/cache/set", sent, content_type="application/json",
    )  # fmt: skip
    assert answer.status_code == 202, answer.content
    for run in Run.objects.filter(kind="cache", state="queued"):
        assert runs.execute(run).state == "completed"
    assert [use(runs, "get", key=key)["found"] for key in ("page", "rest", "none")] == [True, True, False]


def test_J12_a_value_that_is_left_out_is_not_null(runs: Runs, cache: Resource) -> None:
    with pytest.raises(Invalid) as caught:
        use(runs, "set", key="eur")
    assert [problem.pointer for problem in caught.value.errors] == ["/input/value"]


def test_a_run_that_names_a_cache_calls_once_for_equal_inputs(runs: Runs, cache: Resource, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(body={"number": number})
    first, second = (runs.now(given={"query": {"a": "1"}}, cache="rates") for _ in range(2))
    other = runs.now(given={"query": {"a": "2"}}, cache="rates")
    plain = runs.now(given={"query": {"a": "1"}})
    assert first.output == second.output != other.output
    assert plain.output != first.output
    assert len(sink.calls) == 3
    assert (
        "A result of the cache “rates”" in LogLine.objects.filter(run=second, message__contains="rates").get().message
    )
    assert Attempt.objects.get(run=second).request is None


def test_a_hundred_equal_runs_at_once_make_one_call(runs: Runs, cache: Resource, sink: Sink) -> None:
    may_answer = threading.Event()
    sink.answering = lambda call, number: Reply(body={"number": number}, hold=may_answer)
    made = [runs.start(cache="rates") for _ in range(100)]
    futures = [loop.start().submit(run.pk) for run in made]
    until(lambda: Run.objects.filter(state="running").count() == 100, what="all are under way")
    may_answer.set()
    for future in futures:
        future.result(120)
    assert set(Run.objects.values_list("state", flat=True)) == {"completed"}
    assert [run.output for run in Run.objects.all()] == [{"number": 1}] * 100
    assert len(sink.calls) == 1


def test_a_failed_call_is_not_kept(runs: Runs, cache: Resource, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(status=500) if number == 1 else Reply(body={"number": number})
    assert runs.now(cache="rates").state == "failed"
    assert runs.now(cache="rates").output == {"number": 2}


def test_an_event_keeps_its_result_in_a_cache_for_all_features(
    runs: Runs, cache: Resource, scene: Scene, people: Cast, sink: Sink
) -> None:
    sink.answering = lambda call, number: Reply(body={"number": number})
    made = FeatureRuns(people.as_(people.dev), scene)
    rate = event("rate", cache={"name": "rates", "key": "$Input{of}"})
    definition = {
        "input": {"of": {"type": "string"}},
        "sequences": [{"tag": "all", "events": [rate]}],
        "output": "$Step{rate}{number}",
    }
    made.make("one", definition)
    made.make("two", definition)
    first, second, other = (
        made.now("one", {"of": "eur"}),
        made.now("two", {"of": "eur"}),
        made.now("two", {"of": "usd"}),
    )
    assert [first.output, second.output, other.output] == [1, 1, 2]
    assert step(second, "all/rate").state == "completed"
    assert not Attempt.objects.filter(run=second).exists()


def test_a_feature_that_names_a_cache_runs_once_for_equal_inputs(
    runs: Runs, cache: Resource, scene: Scene, people: Cast, sink: Sink
) -> None:
    sink.answering = lambda call, number: Reply(body={"number": number})
    made = FeatureRuns(people.as_(people.dev), scene)
    definition = {"input": {"of": {"type": "string"}}, "sequences": [{"tag": "all", "events": [event("rate")]}],
                  "output": "$Step{rate}{number}"}  # fmt: skip
    made.make("one", definition)
    first, second = (made.now("one", {"of": "eur"}, cache="rates") for _ in range(2))
    other, plain = made.now("one", {"of": "usd"}, cache="rates"), made.now("one", {"of": "eur"})
    assert [run.output for run in (first, second, other, plain)] == [1, 1, 2, 3]
    assert not Step.objects.filter(run=second).exists()


def test_a_feature_that_fails_is_not_kept(runs: Runs, cache: Resource, scene: Scene, people: Cast, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(status=500) if number == 1 else Reply(body={"number": number})
    made = FeatureRuns(people.as_(people.dev), scene)
    made.make("one", {"sequences": [{"tag": "all", "events": [event("rate")]}], "output": "$Step{rate}{number}"})
    assert made.now("one", cache="rates").state == "failed"
    assert made.now("one", cache="rates").output == 2


def test_J12_input_of_another_type_is_refused_before_the_run(runs: Runs, cache: Resource) -> None:
    with pytest.raises(Invalid) as refused:
        use(runs, "get", key={"$gt": ""})
    assert refused.value.errors[0].pointer == "/input/key"


def test_what_is_not_configured_is_said_by_name(runs: Runs) -> None:
    resources.create_resource(runs.actor, "shop", "cache", {"name": "Rates"})
    with pytest.raises(Conflict, match="not configured in “dev”"):
        runs.start(cache="rates")
    with pytest.raises(NotFound, match="no cache “other”"):
        runs.start(cache="other")


def test_R21_a_cache_that_is_away_fails_no_run(runs: Runs, sink: Sink, settings: Any) -> None:
    settings.EGRESS_ALLOW = [sink.allowed, "127.0.0.1:1"]
    away = {"provider": "redis", "settings": {"host": "127.0.0.1", "port": 1, "tls": "off"}}
    resources.create_resource(runs.actor, "shop", "cache", {"name": "Rates", "environments": {"dev": away}})
    run = runs.now(cache="rates")
    assert run.state == "completed"
    assert LogLine.objects.filter(run=run, level="warn").exists()
