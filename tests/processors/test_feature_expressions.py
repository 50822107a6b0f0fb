"""What the expression fields of the editor ask: names that may stand there, and values of a run that has been."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from processors.models import Run
from products import access
from products.lib.jsontypes import JsonObject
from products.models import Feature
from products.services import vault
from products.services.resources import create_resource
from tests import app_objects, objects, run_objects
from tests.contracts.routes import signed_in
from tests.people import Cast
from tests.processors.feature_rows import feature_run, step

pytestmark = pytest.mark.django_db
ONE = "/w/acme/p/shop-acme/features/nightly-acme/"
NAMES, VALUES = f"{ONE}names/", f"{ONE}values/"
PAUSE: JsonObject = {"sequences": [{"tag": "main", "events": [{"tag": "first", "type": "checkpoint"}]}]}


@pytest.fixture
def row(cast: Cast) -> Feature:
    return app_objects.feature(cast.workspace)


@pytest.fixture
def dev(cast: Cast, row: Feature) -> Client:
    return signed_in(cast.dev)


def document(row: Feature, *events: JsonObject, **changes: Any) -> str:
    sequences = [{"tag": "main", "events": list(events)}]
    return json.dumps({"tag": row.tag, "name": row.name, "sequences": sequences, **changes})


def test_the_names_are_those_of_the_unsaved_document(dev: Client, row: Feature) -> None:
    first, second = ({"tag": tag, "type": "checkpoint"} for tag in ("first", "second"))
    sent = {"document": document(row, first, second, input={"sum": {"type": "float"}}), "selected": "main/second"}
    found = dev.post(NAMES, {**sent, "field": "input"}).json()
    assert set(found["names"]["Step"]["in"]) == {"first"}
    assert set(found["names"]["Input"]["in"]) == {"sum"}
    assert "$Uppercase(text)" in [one["form"] for one in found["operators"]]


def test_who_may_only_look_and_strangers_get_no_names(cast: Cast, row: Feature) -> None:
    assert signed_in(cast.vera).post(NAMES, {"document": "{}"}).status_code == 403
    assert signed_in(cast.charlie).post(NAMES, {"document": "{}"}).status_code == 404


def test_a_broken_document_gives_no_names_and_no_error(dev: Client) -> None:
    for text in ("{", "[]", "", '{"sequences": 5}'):
        assert dev.post(NAMES, {"document": text, "selected": "a/b", "field": "input"}).json()["names"] == {}, text


def past(row: Feature, **columns: Any) -> Run:
    """A run of the feature that completed, with one result."""
    made = feature_run(
        objects.environment(row.product.workspace), PAUSE, tag=row.tag, state="completed", input={"sum": 12}, **columns
    )
    step(made, "main/first", state="completed", kind="action", output={"id": "p1"})
    return made


def looked(row: Feature, **event: Any) -> JsonObject:
    """What the editor sends with this event selected behind one that gave {"id": "p1"}."""
    first, last = {"tag": "first", "type": "checkpoint"}, {"tag": "last", "type": "checkpoint", **event}
    return {"document": document(row, first, last, input={"sum": {"type": "float"}}), "selected": "main/last"}


def value(answer: str, field: str = "input") -> str:
    found = re.search(rf'<div id="p-{field}-value"[^>]*>(.*?)</div>', answer, re.DOTALL)
    assert found, answer
    return re.sub(r"<[^>]+>", "", html.unescape(found[1])).strip()


def test_a_field_shows_what_it_would_have_given_in_the_chosen_run(dev: Client, row: Feature) -> None:
    sent = {**looked(row, input="$Step{first}{id} of $Input{sum}", condition="$Input{sum} > 20"), "past": past(row).pk}
    answer = dev.post(VALUES, sent).content.decode()
    assert value(answer) == '= "p1 of 12"'
    assert value(answer, "condition") == "= false"
    wrong = dev.post(VALUES, {**sent, **looked(row, input="$Step{first}{no}")}).content.decode()
    assert "no" in value(wrong)
    assert "^" in value(wrong)
    assert value(dev.post(VALUES, {**sent, "past": ""}).content.decode()) == ""


def test_the_fields_of_an_operation_know_the_first_item_of_a_loop(dev: Client, row: Feature) -> None:
    create_resource(access.system(row.product.workspace), row.product.tag, "cache", {"name": "Rates"})
    event = {
        "type": "cache", "event": "rates:set", "for_each": ["a", "b"], "input": {"key": "of $Item", "value": "$Index"},
        "rollback": {"type": "cache", "event": "rates:delete", "input": {"key": "of $Item"}},
    }  # fmt: skip
    answer = dev.post(VALUES, {**looked(row, **event), "past": past(row).pk}).content.decode()
    assert value(answer, "input-key").startswith('= "of a"')
    assert "first of 2 items" in value(answer, "input-value")
    assert value(answer, "rollback-input-key").startswith('= "of a"')


def test_an_input_is_shown_as_the_last_try_saw_it(dev: Client, row: Feature) -> None:
    run = past(row)
    step(run, "main/last", kind="action", attempts=3)
    event = {"input": "try $Run{attempt}", "condition": "$Run{attempt} == 1"}
    answer = dev.post(VALUES, {**looked(row, **event), "past": run.pk}).content.decode()
    assert (value(answer), value(answer, "condition")) == ('= "try 3"', "= true")
    rolled = {**event, "type": "action", "app": "api", "event": "get", "for_each": [1, 2], "rollback": {
        "type": "action", "app": "api", "event": "get", "input": "try $Run{attempt} of $Item",
    }}  # fmt: skip
    step(run, "main/last~undo", kind="action", index=1, attempts=2)
    answer = dev.post(VALUES, {**looked(row, **rolled), "past": run.pk}).content.decode()
    assert value(answer).startswith('= "try 1"')
    assert value(answer, "rollback-input").startswith('= "try 2 of 1"')


def test_a_secret_is_neither_shown_nor_opened(dev: Client, row: Feature, monkeypatch: pytest.MonkeyPatch) -> None:
    key = objects.secret(row.product.workspace).key
    sent = {**looked(row, input=f"Bearer $Secret{{{key}}}"), "past": past(row).pk}
    monkeypatch.setattr(vault, "sealer", _refuse)
    assert value(dev.post(VALUES, sent).content.decode()) == '= "•••"'


def _refuse(*_args: Any, **_more: Any) -> Any:
    raise AssertionError("something was opened")


def test_only_runs_of_this_feature_can_be_looked_at(dev: Client, cast: Cast, row: Feature) -> None:
    other = feature_run(objects.environment(row.product.workspace), PAUSE, tag="other", state="completed")
    theirs = run_objects.run(cast.elsewhere)
    for url in (VALUES, NAMES):
        for strange in (other.pk, theirs.pk, uuid4(), "no-id"):
            assert dev.post(url, {**looked(row), "past": strange}).status_code == 404, strange
    assert signed_in(cast.charlie).post(VALUES, {**looked(row), "past": past(row).pk}).status_code == 404
    assert signed_in(cast.vera).post(VALUES, {**looked(row), "past": past(row).pk}).status_code == 403


def test_the_newest_that_completed_is_chosen_by_itself(dev: Client, row: Feature) -> None:
    slug = objects.environment(row.product.workspace).slug
    assert "<select" not in dev.get(VALUES, {"env": slug}).content.decode()
    past(row)
    good = past(row)
    bad = feature_run(objects.environment(row.product.workspace), PAUSE, tag=row.tag, state="failed")
    shown = dev.get(VALUES, {"env": slug}).content.decode()
    assert f'value="{good.pk}" selected' in shown
    assert f'value="{bad.pk}"' in shown
    assert shown.count(" selected") == 1


def test_the_names_know_the_keys_that_the_chosen_run_has_shown(dev: Client, row: Feature) -> None:
    event = {"type": "action", "app": "shop", "event": "pay"}
    first, last = {"tag": "first", **event}, {"tag": "last", "type": "checkpoint"}
    sent = {"document": document(row, first, last), "selected": "main/last", "field": "input", "past": past(row).pk}
    assert set(dev.post(NAMES, sent).json()["names"]["Step"]["in"]["first"]["in"]) == {"id"}
    assert "in" not in dev.post(NAMES, {**sent, "past": ""}).json()["names"]["Step"]["in"]["first"]


def test_a_result_that_is_very_large_is_not_read(dev: Client, row: Feature, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = {**looked(row, input="$Step{first}{id}"), "past": past(row).pk}
    monkeypatch.setattr("processors.queries.feature_past.LARGEST", 1)
    assert "p1" not in dev.post(VALUES, sent).content.decode()
