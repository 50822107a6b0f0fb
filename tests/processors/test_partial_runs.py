"""Runs up to one event: the rest is not run, what repeats them ends there too, and their pages say so."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from processors.services import repair
from processors.services import runs as run_services
from processors.services.partial_runs import until_of
from products.access import Actor
from products.lib.errors import Conflict, Forbidden, Invalid
from tests.contracts.routes import signed_in
from tests.people import Cast
from tests.processors.feature_runs import FeatureRuns, chain, event, states, undo
from tests.processors.sink import Sink

pytestmark = pytest.mark.django_db(transaction=True)
ORDER = {
    "sequences": [
        {
            "tag": "pay",
            "events": [event("charge", "echo", input={"id": "1"}, rollback=undo()), event("look"), event("book")],
        },
        {"tag": "tell", "parents": ["pay"], "mode": "concurrent", "events": [event("a"), event("b")]},
    ],
    "output": {"all": "$Sequence{tell}{b}"},
}


def test_a_run_ends_after_the_event_and_gives_its_result(features: FeatureRuns, sink: Sink) -> None:
    features.make("order", ORDER)
    run = features.now("order", until="pay/look")
    assert (run.state, run.output) == ("completed", {"ok": True, "number": 2}), run.error
    assert states(run) == {"pay/charge": "completed", "pay/look": "completed"}
    assert len(sink.calls) == 2
    assert until_of(run) == "pay/look"
    whole = features.start("order")
    assert until_of(whole) == ""
    assert whole.definition_id != run.definition_id


def test_what_repeats_it_ends_there_too(features: FeatureRuns) -> None:
    features.make("order", ORDER)
    run = features.now("order", until="pay/charge")
    for again in (run_services.replay_run(features.actor, run), repair.restart_run(features.actor, run, {})):
        assert until_of(again.run) == "pay/charge"
        assert set(states(features.execute(again.run))) == {"pay/charge"}


def test_what_stands_beside_it_is_not_run(features: FeatureRuns) -> None:
    features.make("order", ORDER)
    assert set(states(features.now("order", until="tell/b"))) == {"pay/charge", "pay/look", "pay/book", "tell/b"}


@pytest.mark.parametrize("until", ["pay/no", "no/charge", "pay", "/", "pay/charge/x", "a\x00b/c"])
def test_an_event_that_is_not_there_is_said_to_be_missing(features: FeatureRuns, until: str) -> None:
    features.make("order", ORDER)
    with pytest.raises(Invalid) as caught:
        features.start("order", until=until)
    assert [one.pointer for one in caught.value.errors] == ["/until"]


def test_a_key_stands_for_one_end(features: FeatureRuns) -> None:
    features.make("order", ORDER)
    first = features.start("order", until="pay/look", idempotency_key="k")
    assert features.start("order", until="pay/look", idempotency_key="k").pk == first.pk
    with pytest.raises(Conflict):
        features.start("order", until="pay/charge", idempotency_key="k")


def test_a_feature_that_starts_itself_runs_only_as_a_whole(features: FeatureRuns) -> None:
    features.make("again", chain(event("one"), {"tag": "self", "type": "feature", "event": "again"}))
    assert until_of(features.start("again", until="main/one")) == "main/one"
    with pytest.raises(Invalid) as caught:
        features.start("again", until="main/self")
    assert "starts itself" in caught.value.errors[0].detail


def test_it_needs_what_every_run_needs(features: FeatureRuns, people: Cast) -> None:
    features.make("order", ORDER)
    vera: Actor = people.as_(people.vera)
    with pytest.raises(Forbidden):
        FeatureRuns(vera, features.scene).start("order", until="pay/look")
    elsewhere = replace(features.actor, environment_scope=frozenset({"stg"}))
    with pytest.raises(Forbidden, match="dev"):
        FeatureRuns(elsewhere, features.scene).start("order", until="pay/look")


def test_the_form_says_where_it_ends_and_the_runs_page_too(features: FeatureRuns, people: Cast) -> None:
    features.make("order", ORDER)
    client = signed_in(people.dev)
    product = f"/w/{people.workspace.tag}/p/shop/"
    form = f"{product}features/order/run/"
    shown = client.get(form, {"until": "pay/look", "env": "dev"}).content.decode()
    assert "It ends after <code>pay/look</code>" in shown
    assert "&quot;until&quot;: &quot;pay/look&quot;" in shown
    assert "has no event" in client.get(form, {"until": "pay/no", "env": "dev"}).content.decode()
    answer = client.post(f"{form}?env=dev", {"mode": "json", "json": "{}", "until": "pay/look"})
    assert answer.status_code == 302
    assert "only up to <code>pay/look</code>" in client.get(answer["Location"]).content.decode()
    refused = client.post(f"{form}?env=dev", {"mode": "json", "json": "{}", "until": "pay/no"})
    assert refused.status_code == 422
    assert "has no event “pay/no”" in refused.content.decode()
    editor = client.get(f"{product}features/order/", {"step": "pay/look", "env": "dev"}).content.decode()
    assert f"{form}?until=pay/look&amp;env=dev" in editor


def test_rest_takes_it_and_says_where_it_is_wrong(features: FeatureRuns, people: Cast) -> None:
    features.make("order", ORDER)
    client = signed_in(people.dev)
    body = {"product": "shop", "environment": "dev", "feature": "order", "until": "pay/look"}
    url = f"/api/v1/workspaces/{people.workspace.tag}/processor/feature/run"
    assert client.post(url, body, content_type="application/json").status_code == 202
    refused = client.post(url, {**body, "until": "pay/no"}, content_type="application/json")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/until"


def test_who_may_only_look_has_both_tabs_in_step_and_starts_nothing(features: FeatureRuns, people: Cast) -> None:
    features.make("order", {**ORDER, "input": {"sum": {"type": "float"}}})
    form = f"/w/{people.workspace.tag}/p/shop/features/order/run/"
    client = signed_in(people.vera)
    answer = client.post(form, {"to": "json", "in:sum": "5", "json": '{"other": 1}'}).json()
    assert json.loads(answer["json"]) == {"other": 1, "sum": 5}
    assert client.post(form, {"to": "fields", "json": '{"sum": 7}'}).json()["fields"] == {"in:sum": "7"}
    assert client.post(form, {"to": "elsewhere", "json": "{}", "mode": "json"}).status_code == 403
