"""Pages of features: who sees and changes them, nothing typed is lost, and nobody saves over somebody else unawares."""

from __future__ import annotations

import gzip
import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from processors.models import Run
from products.lib.actions import Parameter, to_json
from products.lib.jsontypes import JsonObject
from products.models import Action, Feature
from products.services.features import create_feature, update_feature
from products.services.products import create_product
from tests import app_objects, objects, run_objects
from tests.contracts.lists import assert_constant_queries
from tests.contracts.routes import signed_in
from tests.people import Cast

pytestmark = pytest.mark.django_db
PAUSE: JsonObject = {"sequences": [{"tag": "main", "events": [{"tag": "wait", "type": "sleep", "input": "1m"}]}]}
HTMX = {"HX-Request": "true"}
LIST, ONE = "/w/acme/p/shop-acme/features/", "/w/acme/p/shop-acme/features/nightly-acme/"


@pytest.fixture
def row(cast: Cast) -> Feature:
    return app_objects.feature(cast.workspace)


@pytest.fixture
def dev(cast: Cast, row: Feature) -> Client:
    return signed_in(cast.dev)


def document(row: Feature, **changes: Any) -> str:
    return json.dumps({"tag": row.tag, "name": row.name, **row.definition, **changes})


def stamp(row: Feature) -> str:
    row.refresh_from_db()
    return row.updated_at.isoformat()


def text_in(answer: str) -> Any:
    """The document that an answer brings."""
    found = re.search(r'data-text="([^"]*)"', answer)
    assert found
    return json.loads(html.unescape(found[1]))


def test_the_list_shows_the_last_run_and_is_searched(cast: Cast, row: Feature) -> None:
    client = signed_in(cast.vera)
    assert "none" in client.get(LIST).content.decode()
    place = objects.environment(cast.workspace)
    made = run_objects.run(cast.workspace)
    Run.objects.filter(pk=made.pk).update(kind="feature", target=row.tag, state="failed", environment=place)
    shown = client.get(LIST, {"env": place.slug}).content.decode()
    assert "state-bad" in shown
    assert str(made.pk) in shown
    assert "No feature has this name or tag" in client.get(LIST, {"q": "other"}, headers=HTMX).content.decode()
    assert str(made.pk) in client.get(f"{ONE}runs/", {"env": place.slug}).content.decode()


def test_the_list_asks_as_often_for_many_as_for_one(cast: Cast, row: Feature) -> None:
    actor = cast.as_(cast.alice)

    def add(number: int) -> None:
        create_feature(actor, row.product, name=f"More {number}", definition=PAUSE)

    assert_constant_queries(signed_in(cast.vera), LIST, add)


def test_a_new_feature_begins_with_what_was_chosen(cast: Cast, dev: Client) -> None:
    shown = dev.get("/w/acme/p/shop-acme/feature-new/").content.decode()
    assert "Call an action for each item" in shown
    made = {"name": "Ask first", "tag": "ask-first", "description": "", "start": "approval"}
    answer = dev.post("/w/acme/p/shop-acme/feature-new/", made)
    assert answer.headers["Location"] == "/w/acme/p/shop-acme/features/ask-first/"
    page = dev.get(answer.headers["Location"]).content.decode()
    assert "approval, 1" in page
    again = dev.post("/w/acme/p/shop-acme/feature-new/", {**made, "name": "Kept"})
    assert (again.status_code, 'value="Kept"' in again.content.decode()) == (422, True)


def test_a_product_without_connections_offers_what_can_be_saved_there(cast: Cast) -> None:
    create_product(cast.as_(cast.alice), name="Bare", tag="bare")
    shown = signed_in(cast.dev).get("/w/acme/p/bare/feature-new/").content.decode()
    assert "Ask a person" in shown
    assert "Call an action" not in shown


def test_a_viewer_reads_everything_and_changes_nothing(cast: Cast, row: Feature) -> None:
    vera = signed_in(cast.vera)
    shown = vera.get(ONE, {"step": "main/list"}).content.decode()
    assert 'aria-current="step"' in shown
    assert "ledger-acme" in shown
    assert "<textarea" not in shown
    assert 'value="save"' not in shown
    answer = vera.post(ONE, {"do": "save", "document": document(row, name="Hers"), "stamp": stamp(row)})
    row.refresh_from_db()
    assert (answer.status_code, row.name) == (403, "Nightly")


def test_a_stranger_finds_nothing(cast: Cast, row: Feature) -> None:
    assert {signed_in(cast.charlie).get(where).status_code for where in (LIST, ONE, f"{ONE}runs/")} == {404}


def test_what_is_typed_is_examined_and_drawn_without_being_saved(dev: Client, row: Feature) -> None:
    wrong = document(row, output="$Sequence{main}{lost}")
    answer = dev.post(ONE, {"do": "examine", "document": wrong}, headers=HTMX)
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert 'data-trouble="/output"' in shown
    assert "data-unsaved" in shown
    assert "<html" not in shown
    assert Feature.objects.get(pk=row.pk).definition == row.definition


def test_text_that_is_no_json_says_where_and_leaves_the_graph_as_it_was(dev: Client) -> None:
    shown = dev.post(ONE, {"do": "examine", "document": '{"tag": "x",\n  !'}, headers=HTMX).content.decode()
    assert "line 2" in shown
    assert 'id="bench-graph"' not in shown


def test_a_saved_feature_is_stored_and_its_page_says_so(dev: Client, row: Feature) -> None:
    given = {"do": "save", "document": document(row, name="At night"), "stamp": stamp(row)}
    shown = dev.post(ONE, given, headers=HTMX).content.decode()
    row.refresh_from_db()
    assert row.name == "At night"
    assert "Saved" in shown
    assert "data-unsaved" not in shown
    assert f'name="stamp" value="{stamp(row)}"' in shown


def test_a_refused_feature_keeps_what_was_typed_and_says_why(dev: Client, row: Feature) -> None:
    broken = document(row, sequences=[{"tag": "main", "events": [{"tag": "x", "type": "action"}]}])
    answer = dev.post(ONE, {"do": "save", "document": broken, "stamp": stamp(row)})
    shown = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert broken in shown
    assert 'data-trouble="/sequences/0/events/0/app"' in shown
    assert "Nothing was saved" in shown


@pytest.mark.parametrize("change", [{"name": 5}, {"description": []}, {"name": None}, {"name": ""}, {"tag": 1}])
def test_what_stands_beside_the_definition_is_text(dev: Client, row: Feature, change: dict[str, Any]) -> None:
    answer = dev.post(ONE, {"do": "save", "document": document(row, **change), "stamp": stamp(row)}, headers=HTMX)
    assert answer.status_code == 422
    assert f'data-trouble="/{next(iter(change))}"' in answer.content.decode()


def test_the_panel_says_what_the_action_asks_for(dev: Client, row: Feature) -> None:
    action = app_objects.action(row.product.workspace)
    asked = [to_json(Parameter(name="page", place="query", type="number", required=True))]
    Action.objects.filter(pk=action.pk).update(spec={**action.spec, "parameters": asked})
    shown = dev.post(ONE, {"select": "main/list", "document": document(row)}, headers=HTMX).content.decode()
    assert "<code>page</code>" in shown
    given = {"do": "fill", "hint": ["page"], "selected": "main/list", "document": document(row)}
    filled = text_in(dev.post(ONE, given, headers=HTMX).content.decode())
    assert filled["sequences"][0]["events"][0]["input"] == {"page": None}


def test_a_tag_stays_as_it_is(dev: Client, row: Feature) -> None:
    answer = dev.post(ONE, {"do": "save", "document": document(row, tag="other"), "stamp": stamp(row)})
    assert answer.status_code == 422
    assert "A tag is fixed" in answer.content.decode()


def test_nobody_saves_over_somebody_else_unawares(cast: Cast, dev: Client, row: Feature) -> None:
    opened = stamp(row)
    update_feature(cast.as_(cast.alice), row, name="Hers")
    given = {"do": "save", "document": document(row, name="Mine"), "stamp": opened}
    shown = dev.post(ONE, given, headers=HTMX)
    assert shown.status_code == 422
    assert "Somebody else saved" in shown.content.decode()
    assert Feature.objects.get(pk=row.pk).name == "Hers"
    dev.post(ONE, {**given, "do": "overwrite"}, headers=HTMX)
    assert Feature.objects.get(pk=row.pk).name == "Mine"


def test_a_button_changes_the_document_that_comes_back(dev: Client, row: Feature) -> None:
    given = {"do": "add-event:checkpoint", "document": document(row), "selected": "main/list"}
    shown = dev.post(ONE, given, headers=HTMX).content.decode()
    assert [event["tag"] for event in text_in(shown)["sequences"][0]["events"]] == ["list", "checkpoint"]
    assert 'value="main/checkpoint"' in shown


def test_everything_works_as_a_plain_form_too(dev: Client, row: Feature) -> None:
    shown = dev.post(ONE, {"select": "main/list", "document": document(row)}).content.decode()
    assert "<html" in shown
    assert 'name="p:app"' in shown


def test_a_deleted_feature_is_gone(dev: Client, row: Feature) -> None:
    assert dev.post(f"{ONE}delete/").headers["Location"] == LIST
    assert dev.get(ONE).status_code == 404


def test_X1_what_a_feature_says_is_text_on_its_page(dev: Client, row: Feature) -> None:
    evil = '"><script>alert(1)</script>'
    call = {"tag": "list", "type": "sleep", "input": evil, "condition": evil, "name": evil}
    bad = document(row, name=evil, output=evil, sequences=[{"tag": evil, "name": evil, "events": [call]}])
    for asked in ({"do": "examine"}, {"select": "main/list"}, {"select": evil}, {"open": evil, "opened": evil}):
        assert "<script>alert" not in dev.post(ONE, {**asked, "document": bad}).content.decode()


@pytest.mark.parametrize("sequences", [20, 100])
def test_J_the_editor_of_a_large_feature_is_small_on_the_wire(dev: Client, row: Feature, sequences: int) -> None:
    event = {"type": "sleep", "input": "1m", "condition": "$Default($Input{sum}, 5) > 2"}
    made = [
        {"tag": f"s{n}", "name": f"Part {n}", "events": [{"tag": f"e-{n}-{m}", **event} for m in range(10)]}
        for n in range(sequences)
    ]
    definition = {"input": {"sum": {"type": "float"}}, "sequences": made}
    Feature.objects.filter(pk=row.pk).update(definition=definition)
    packed = {"Accept-Encoding": "gzip"}
    page = dev.get(ONE, headers=packed)
    assert page["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in page["Vary"]
    assert len(page.content) < 100_000
    answer = dev.post(ONE, {"document": document(row), "select": "main/list"}, headers={**packed, **HTMX})
    assert answer["Content-Encoding"] == "gzip"
    whole = gzip.decompress(page.content).decode()
    assert "e-0-0" in whole
    assert whole.count("<textarea") < 10  # the panel of one thing, not of every event
    assert whole.count('class="graph-card') < 450
