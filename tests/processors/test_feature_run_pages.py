"""The page of a feature's run: what it shows of every state, to whom, in how many queries."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from processors.models import Run, Step
from products.models import Environment
from tests.contracts.routes import signed_in
from tests.people import Cast
from tests.processors import feature_rows as rows
from tests.products.things import make_product

pytestmark = pytest.mark.django_db
MOST_QUERIES = 26


@pytest.fixture
def dev(cast: Cast) -> Environment:
    return make_product(cast.as_(cast.alice)).environments.get(slug="dev")


def url_of(run: Run, **query: Any) -> str:
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    return f"/w/acme/p/shop/runs/{run.pk}/" + (f"?{asked}" if asked else "")


def page(client: Client, run: Run, **query: Any) -> str:
    response = client.get(url_of(run, **query))
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def card(text: str, step: str) -> str:
    found = re.search(rf'data-step="{step}".*?</foreignObject>', text, re.DOTALL)
    assert found is not None, step
    return found[0]


def test_the_graph_shows_how_each_event_stands_and_the_page_why_it_waits(cast: Cast, dev: Environment) -> None:
    text = page(signed_in(cast.dev), rows.order_at_the_approval(dev))
    assert "Completed" in card(text, "charge/payment")
    assert "try 2" in card(text, "charge/payment")
    assert "3 items" in card(text, "reserve/stock")
    assert "Failed" in card(text, "reserve/audit")
    assert "Waiting" in card(text, "approve/manager")
    assert "Pending" in card(text, "tell/mail")
    assert "approve/manager waits for an approval" in text
    assert "the draft" in text


def test_who_cancels_is_told_what_is_taken_back_the_last_first(cast: Cast, dev: Environment) -> None:
    text = page(signed_in(cast.dev), rows.order_at_the_approval(dev), part="head")
    assert "Cancel and undo" in text
    assert text.index("charge/payment") < text.index("reserve/stock (3 items)")


def test_A_a_viewer_sees_the_run_and_no_button_and_a_stranger_nothing(cast: Cast, dev: Environment) -> None:
    run = rows.order_at_the_approval(dev)
    text = page(signed_in(cast.vera), run)
    assert "waits for an approval" in text
    for word in ("Approve</button>", "run-cancel", "/cancel/", "/replay/", "/restart/"):
        assert word not in text
    assert signed_in(cast.charlie).get(url_of(run)).status_code == 404


def test_A_a_viewer_sees_no_token_in_what_a_step_gave(cast: Cast, dev: Environment) -> None:
    run = rows.order_at_the_approval(dev)
    assert "tok-canary" in page(signed_in(cast.dev), run, step="charge/payment")
    shown = page(signed_in(cast.vera), run, step="charge/payment")
    assert "ch_3PqL" in shown
    assert "tok-canary" not in shown


def test_a_step_comes_alone_where_a_link_fills_its_place(cast: Cast, dev: Environment) -> None:
    run = rows.order_at_the_approval(dev)
    answer = signed_in(cast.dev).get(
        url_of(run, step="charge/payment"), headers={"HX-Request": "true", "HX-Target": "step"}
    )
    text = answer.content.decode()
    assert "<html" not in text
    assert "Attempt 1" in text
    assert "Attempt 2" in text
    assert signed_in(cast.dev).get(url_of(run, step="charge/nothing")).status_code == 404
    assert signed_in(cast.dev).get(url_of(run, step="charge%00")).status_code == 404


def test_what_could_not_be_taken_back_is_a_persons_with_the_button_that_helps(cast: Cast, dev: Environment) -> None:
    run = rows.order_rolled_back(dev)
    text = page(signed_in(cast.dev), run)
    assert "Not taken back: charge/payment. A person has to finish this." in text
    assert "The refund was refused." in text
    assert f"/steps/{rows.step_id(run, 'charge/payment~undo')}/undo/" in text
    assert "The refund was refused." in page(signed_in(cast.dev), run, step="charge/payment~undo")


def test_a_loop_is_one_line_with_counts_and_opens_by_pages_and_states(cast: Cast, dev: Environment) -> None:
    run = rows.feature_run(dev)
    rows.step(run, "reserve/stock", "running", took=None)
    Step.objects.bulk_create(
        Step(run=run, tag="reserve/stock", index=n, kind="action", state="failed" if n in {3, 170} else "completed",
             idempotency_key="k")
        for n in range(1, 251)
    )  # fmt: skip
    dev_page = signed_in(cast.dev)
    steps = page(dev_page, run, part="steps")
    assert "248 completed" in steps
    assert "2 failed" in steps
    first = page(dev_page, run, part="step", step="reserve/stock")
    assert first.count('scope="row"') == 100
    assert "after_item=100" in first
    failed = page(dev_page, run, part="step", step="reserve/stock", item_state="failed")
    assert failed.count('scope="row"') == 2
    assert "item 170" in failed
    later = page(dev_page, run, part="step", step="reserve/stock", after_item=200)
    assert later.count('scope="row"') == 50


def test_J_a_run_of_a_thousand_steps_asks_as_often_as_one_of_ten_and_draws_a_page_of_them(
    cast: Cast, dev: Environment
) -> None:
    few, many = (rows.feature_run(dev, rows.big(count), tag=f"big-{count}") for count in (10, 1000))
    for run, count in ((few, 10), (many, 1000)):
        Step.objects.bulk_create(
            Step(run=run, tag=f"long/event-{n}", kind="sleep", state="completed", idempotency_key="k",
                 started_at=run.started_at, finished_at=run.started_at)
            for n in range(count)
        )  # fmt: skip
    client = signed_in(cast.dev)
    asked = []
    for run in (few, many):
        client.get(url_of(run))
        with CaptureQueriesContext(connection) as caught:
            text = page(client, run)
        asked.append(len(caught))
        assert text.count('class="timeline-name"') <= 201
    assert asked[0] == asked[1] <= MOST_QUERIES
    assert "from 201 of 1,000 events" in page(client, many, part="steps", **{"from": 200})


def test_a_run_whose_definition_is_gone_still_has_a_page(cast: Cast, dev: Environment) -> None:
    run = rows.feature_run(dev)
    Run.objects.filter(pk=run.pk).update(definition="gone")
    assert "no longer kept" in page(signed_in(cast.dev), run)


def test_parent_children_and_repeats_are_linked(cast: Cast, dev: Environment) -> None:
    run = rows.feature_run(dev)
    child = rows.feature_run(dev, tag="child", parent_id=run.pk, trigger="parent")
    again = rows.feature_run(dev, replay_of=run.pk, trigger="restart")
    client = signed_in(cast.dev)
    related = page(client, run, part="related")
    assert url_of(child) in related
    assert url_of(again) in related
    assert url_of(run) in page(client, child, part="head")
    assert "Restart of" in page(client, again, part="head")


def test_it_says_what_it_waits_for_until_when_and_whom_it_asks(cast: Cast, dev: Environment) -> None:
    wait = {"tag": "boss", "type": "wait_signal", "event": "go", "approval": True, "roles": ["owner"]}
    document = {"sequences": [{"tag": "ask", "events": [wait]}]}
    run = rows.feature_run(dev, document, state="waiting")
    rows.step(run, "ask/boss", "waiting", kind="wait_signal", took=None, wake_at=timezone.now() + timedelta(hours=5))
    assert "It is for owner to answer." in page(signed_in(cast.dev), run, part="asks")
    asked = page(signed_in(cast.alice), run, part="asks")
    assert "Approve</button>" in asked
    assert "times out" in asked


def test_what_nobody_knows_the_outcome_of_is_asked_for(cast: Cast, dev: Environment) -> None:
    run = rows.in_doubt(dev)
    text = page(signed_in(cast.dev), run, part="asks")
    assert "Did tell/crm have its effect?" in text
    assert f"/steps/{rows.step_id(run, 'tell/crm')}/resolve/" in text


def test_K_what_a_checkpoint_or_a_signal_gave_is_shown_masked_to_everybody(cast: Cast, dev: Environment) -> None:
    events = [{"tag": "point", "type": "checkpoint", "input": "$Secret{KEY}"},
              {"tag": "code", "type": "wait_signal", "event": "code"}]  # fmt: skip
    run = rows.feature_run(dev, {"sequences": [{"tag": "main", "events": events}]}, state="failed")
    rows.step(run, "main/point", kind="checkpoint", input={"x": "•••"}, output={"x": "secret-canary"})
    rows.step(run, "main/code", kind="wait_signal", output={"token": "secret-canary"})
    for client in (signed_in(cast.dev), signed_in(cast.vera)):
        for step in ("main/point", "main/code"):
            assert "secret-canary" not in page(client, run, step=step)
    assert "secret-canary" not in signed_in(cast.dev).get(f"{url_of(run)}resume/").content.decode()
