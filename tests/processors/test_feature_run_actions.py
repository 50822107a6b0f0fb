"""What people do to runs of features from their pages, and how they start them: forms, effects, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from processors.models import Run, RunInput, RunSignal, Step
from products.models import Environment, Feature
from products.services import vault
from tests.contracts.routes import signed_in
from tests.people import Cast
from tests.processors import feature_rows as rows
from tests.processors.scene import make_scene

pytestmark = pytest.mark.django_db
GREET: dict[str, Any] = {
    "input": {
        "name": {"type": "string", "required": True, "maximum": 20},
        "count": {"type": "number", "default": 2, "minimum": 1},
        "loud": {"type": "boolean"},
        "to": {"type": "array-string"},
        "mood": {"type": "string", "enum": ["glad", "sad"]},
        "token": {"type": "string"},
    },
    "sequences": [{"tag": "main", "events": [{"tag": "hello", "type": "checkpoint", "input": "$Input{name}"}]}],
}


@pytest.fixture
def environment(cast: Cast) -> Environment:
    made = make_scene(cast.workspace, "http://127.0.0.1:9")
    for tag, definition in (("greet", GREET), ("order", rows.ORDER)):
        Feature.objects.create(product=made.product, tag=tag, name=tag.capitalize(), definition=definition)
    return made.environment


@pytest.fixture
def dev(cast: Cast) -> Client:
    return signed_in(cast.dev)


FORM = "/w/acme/p/shop/features/greet/run/?env=dev"


def run_url(run: Run, what: str = "", step: str = "") -> str:
    below = f"steps/{rows.step_id(run, step)}/" if step else ""
    return f"/w/acme/p/shop/runs/{run.pk}/{below}{what}"


def text_of(answer: HttpResponse) -> str:
    return answer.content.decode()


def sealed_input(run: Run) -> Any:
    row = RunInput.objects.get(run=run)
    return json.loads(vault.open_sealed(run.workspace, row, "sealed", bytes(row.sealed)))


def newest(trigger: str) -> Run:
    return Run.objects.filter(trigger=trigger).latest("id")


# The form by which a feature is run --------------------------------------------------------------------------------


def test_fields_become_values_of_their_types_and_lead_to_the_run(environment: Environment, dev: Client) -> None:
    given = {"mode": "fields", "in:name": "Ada", "in:count": "3", "in:loud": "true", "in:to": "a, b",
             "in:mood": "sad", "in:token": "tok-canary"}  # fmt: skip
    answer = dev.post(FORM, given)
    run = newest("page")
    assert answer.headers["Location"] == run_url(run)
    assert (run.kind, run.target) == ("feature", "greet")
    assert sealed_input(run) == {"name": "Ada", "count": 3, "loud": True, "to": ["a", "b"], "mood": "sad",
                                 "token": "tok-canary"}  # fmt: skip
    again = text_of(dev.get(f"{FORM}&run={run.pk}"))
    assert 'value="Ada"' in again
    assert "tok-canary" not in again


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(environment: Environment, dev: Client) -> None:
    answer = dev.post(FORM, {"mode": "fields", "in:name": "A name far too long for this", "in:count": "many"})
    text = text_of(answer)
    assert answer.status_code == 422
    assert 'id="in_in:name_error"' in text
    assert 'id="in_in:count_error"' in text
    assert 'value="many"' in text
    assert not Run.objects.exists()
    empty = dev.post(FORM, {"mode": "fields"})
    assert 'id="in_in:name_error"' in text_of(empty)


def test_the_same_as_json_and_what_is_wrong_in_it(environment: Environment, dev: Client) -> None:
    for text, words in (("[1", "This is not JSON"), ('{"nam": 1}', "Did you mean"), ('{"name": "•••"}', "is masked")):
        answer = dev.post(FORM, {"mode": "json", "json": text})
        assert answer.status_code == 422
        assert words in text_of(answer)
    assert dev.post(FORM, {"mode": "json", "json": '{"name": "Ada"}'}).status_code == 302
    assert sealed_input(newest("page")) == {"name": "Ada", "count": 2}


def test_the_same_key_gives_the_first_run_again(environment: Environment, dev: Client) -> None:
    given = {"mode": "json", "json": '{"name": "Ada"}', "idempotency_key": "once"}
    assert dev.post(FORM, given).headers["Location"] == dev.post(FORM, given).headers["Location"]
    assert Run.objects.count() == 1


def test_the_call_is_shown_as_the_client_and_rest_take_it(environment: Environment, dev: Client) -> None:
    text = text_of(dev.get(FORM))
    assert "/api/v1/workspaces/acme/processor/feature/run" in text
    assert "ductape.processor.feature.run(feature=" in text


def test_a_feature_that_the_environment_cannot_run_says_why(environment: Environment, dev: Client) -> None:
    Feature.objects.filter(tag="greet").update(definition={"sequences": []})
    text = text_of(dev.get(FORM))
    assert "cannot be run" in text
    assert "Run in dev" not in text
    assert dev.get("/w/acme/p/shop/features/nothing/run/").status_code == 404


def test_A_a_viewer_may_look_at_the_form_and_not_run(environment: Environment, cast: Cast) -> None:
    vera = signed_in(cast.vera)
    assert "Run in dev" not in text_of(vera.get(FORM))
    assert vera.post(FORM, {"mode": "json", "json": '{"name": "Ada"}'}).status_code == 403
    assert signed_in(cast.charlie).get(FORM).status_code == 404
    assert not Run.objects.exists()


# Answers -----------------------------------------------------------------------------------------------------------


def test_an_approval_is_told_with_its_comment(environment: Environment, dev: Client) -> None:
    run = rows.order_at_the_approval(environment)
    url = run_url(run, "signal/", "approve/manager")
    assert "The run goes on at once" in text_of(dev.get(url))
    refused = dev.post(url, {"comment": "Well?"})
    assert refused.status_code == 422
    assert "Approve or reject" in text_of(refused)
    assert not RunSignal.objects.exists()
    assert dev.post(url, {"comment": "Known customer.", "approved": "no"}).status_code == 302
    signal = RunSignal.objects.get(run=run)
    assert signal.payload["approved"] is False
    assert signal.payload["comment"] == "Known customer."
    assert signal.by == "dev@example.com"


def test_a_signal_has_its_fields_and_their_problems(environment: Environment, dev: Client) -> None:
    wait = {
        "tag": "code",
        "type": "wait_signal",
        "event": "code",
        "schema": {"digits": {"type": "number", "required": True}},
    }
    run = rows.feature_run(environment, {"sequences": [{"tag": "ask", "events": [wait]}]}, state="waiting")
    rows.step(run, "ask/code", "waiting", kind="wait_signal", took=None)
    url = run_url(run, "signal/", "ask/code")
    answer = dev.post(url, {"in:digits": "none"})
    assert answer.status_code == 422
    assert 'id="in_in:digits_error"' in text_of(answer)
    assert dev.post(url, {"in:digits": "42"}).status_code == 302
    assert RunSignal.objects.get(run=run).payload == {"digits": 42}


def test_what_came_of_a_call_is_said_once_with_its_result(environment: Environment, dev: Client) -> None:
    run = rows.in_doubt(environment)
    url = run_url(run, "resolve/", "tell/crm")
    assert "There was no result within 10 s." in text_of(dev.get(url))
    assert dev.post(url, {"outcome": "done", "output": "{no"}).status_code == 422
    assert dev.post(url, {"outcome": "done", "output": '{"id": 9}'}).status_code == 302
    assert RunSignal.objects.get(run=run).payload == {"as": "done", "output": {"id": 9}}
    again = dev.post(url, {"outcome": "retry"})
    assert again.status_code == 422
    assert "Nobody has to decide" in text_of(again)


def test_an_undo_is_tried_again_and_only_one_that_failed(environment: Environment, dev: Client) -> None:
    run = rows.order_rolled_back(environment)
    assert dev.post(run_url(run, "undo/", "charge/payment~undo")).status_code == 302
    run.refresh_from_db()
    assert run.state == "waiting"
    assert Step.objects.get(run=run, tag="charge/payment~undo").state == "pending"
    assert dev.post(run_url(run, "undo/", "charge/payment~undo")).status_code == 409


def test_an_undo_that_was_done_by_hand_is_said_with_a_button(environment: Environment, dev: Client) -> None:
    run = rows.order_rolled_back(environment)
    assert "Done by hand" in text_of(dev.get(run_url(run)))
    assert dev.post(run_url(run, "undone/", "charge/payment~undo"), {"note": "At the desk."}).status_code == 302
    run.refresh_from_db()
    assert run.state == "waiting"
    undone = Step.objects.get(run=run, tag="charge/payment~undo")
    assert (undone.state, undone.output["note"]) == ("completed", "At the desk.")
    assert dev.post(run_url(run, "undone/", "charge/payment~undo")).status_code == 409


# Again, otherwise --------------------------------------------------------------------------------------------------


def test_a_restart_sends_only_what_was_changed_or_the_whole(environment: Environment, dev: Client) -> None:
    dev.post(FORM, {"mode": "json", "json": '{"name": "Ada", "token": "tok-canary"}'})
    first = newest("page")
    shown = {**first.input, "count": 5}
    assert shown["token"] == "•••"
    url = run_url(first, "restart/")
    assert "tok-canary" not in text_of(dev.get(url))
    whole = dev.post(url, {"input": json.dumps(shown), "merge": "no"})
    assert whole.status_code == 422
    assert "is masked" in text_of(whole)
    assert dev.post(url, {"input": json.dumps(shown), "merge": "yes"}).status_code == 302
    assert sealed_input(newest("restart")) == {"name": "Ada", "count": 5, "token": "tok-canary"}
    assert newest("restart").replay_of == first.pk
    wrong = dev.post(url, {"input": json.dumps({**shown, "count": 0}), "merge": "yes"})
    assert wrong.status_code == 422
    assert "count: " in text_of(wrong)
    gone = dev.post(url, {"input": '{"name": "Ada"}', "merge": "yes"})
    assert "choose that this is the whole input" in text_of(gone)


def test_a_resumed_run_keeps_results_and_takes_what_was_corrected(environment: Environment, dev: Client) -> None:
    dev.post("/w/acme/p/shop/features/greet/run/?env=dev", {"mode": "json", "json": '{"name": "Ada"}'})
    run = newest("page")
    url = run_url(run, "resume/")
    Run.objects.filter(pk=run.pk).update(state="failed", error={"code": "x", "message": "Broken."})
    rows.step(run, "main/hello", "failed", kind="checkpoint")
    assert "Go on from" in text_of(dev.get(url))
    assert dev.post(url, {"from_step": "main/nothing", "results": "{}"}).status_code == 422
    refused = dev.post(url, {"from_step": "main/hello", "results": '{"main/hello": 1}'})
    assert "main/hello: This event is made again" in text_of(refused)
    assert dev.post(url, {"from_step": "main/hello", "results": "{}"}).status_code == 302
    assert newest("resume").replay_of == run.pk


def test_A_a_viewer_may_do_none_of_it(environment: Environment, cast: Cast) -> None:
    run, vera = rows.order_at_the_approval(environment), signed_in(cast.vera)
    for url in (run_url(run, "signal/", "approve/manager"), run_url(run, "restart/"), run_url(run, "resume/")):
        assert vera.get(url).status_code == 403
        assert vera.post(url, {"approved": "yes"}).status_code == 403
    assert not RunSignal.objects.exists()


# Two beside each other ---------------------------------------------------------------------------------------------


def test_two_runs_stand_beside_each_other_with_what_differs(environment: Environment, dev: Client) -> None:
    good = rows.feature_run(environment, state="completed")
    rows.step(good, "charge/payment", took=1, output={"id": "ch_0"}, input={"amount": 1})
    rows.step(good, "tell/mail", took=1, output={"ok": 1})
    bad = rows.order_rolled_back(environment)
    text = text_of(dev.get(f"/w/acme/p/shop/runs/compare/?a={good.pk}&b={bad.pk}&step=charge/payment"))
    assert "steps differ" in text
    assert "ch_0" in text
    assert "ch_1" in text
    assert "The provider said 503." in text
    assert "charge/payment~undo" in text
    picked = dev.get(f"/w/acme/p/shop/runs/compare/?run={good.pk}&run={bad.pk}")
    assert picked.status_code == 200
    assert f"/runs/compare/?a={good.pk}&amp;b={bad.pk}" in text_of(dev.get(run_url(bad)))


def test_A_runs_of_others_cannot_be_compared(environment: Environment, cast: Cast, dev: Client) -> None:
    mine = rows.feature_run(environment)
    theirs = rows.feature_run(make_scene(cast.elsewhere, "http://127.0.0.1:9").environment)
    assert dev.get(f"/w/acme/p/shop/runs/compare/?a={mine.pk}&b={theirs.pk}").status_code == 404
    for query in ("", f"a={mine.pk}", f"a={mine.pk}&b={mine.pk}", "a=1&b=2"):
        assert dev.get(f"/w/acme/p/shop/runs/compare/?{query}").status_code == 302
