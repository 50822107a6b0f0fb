"""The editor of features: what its panel and its buttons do to the unsaved document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import QueryDict

from products.features import Connected, Findings, World
from products.forms.feature_acts import edited_draft
from products.forms.feature_bench import Bench, bench
from products.forms.feature_draft import Draft
from products.forms.feature_order import as_written
from products.forms.panel_values import PanelError, text_of, value_of
from products.lib.errors import FieldProblem
from products.lib.jsontypes import Json, JsonObject

WORLD = World(connections={"shop": Connected(frozenset({"pay", "refund"})), "mail": Connected(frozenset({"send"}))})
PAY: JsonObject = {"tag": "pay", "type": "action", "app": "shop", "event": "pay", "input": {"sum": "$Input{sum}"}}
DOCUMENT: JsonObject = {
    "tag": "buy",
    "name": "Buy",
    "input": {"sum": {"type": "float", "minimum": 1}},
    "sequences": [
        {"tag": "main", "events": [PAY, {"tag": "note", "type": "checkpoint"}]},
        {"tag": "rest", "parents": ["main"], "events": [{"tag": "wait", "type": "sleep", "input": "5m"}]},
    ],
    "output": "$Sequence{main}{pay}{id}",
}


def form_of(found: Bench) -> dict[str, Any]:
    """What a browser would send that shows this."""
    assert found.panel is not None
    data: dict[str, Any] = {"document": found.draft.text, "selected": found.draft.selected, "was": found.panel.was}
    for one in (each for part in found.panel.parts for each in part.fields):
        if one.kind == "choices":
            data[one.name] = one.value or []
        elif one.kind != "flag" or one.value:
            data[one.name] = "yes" if one.kind == "flag" else one.text
    if found.panel.kind == "feature":
        for column in ("name", "type", "description"):
            data[f"r:{column}"] = [getattr(row, column) for row in found.rows]
        data["r:was"] = data["r:name"]
        data["r:required"] = ["yes" if row.required else "" for row in found.rows]
    return data


def sent(data: dict[str, Any], **more: Any) -> Draft:
    made = QueryDict(mutable=True)
    for key, value in {**data, **more}.items():
        made.setlist(key, value if isinstance(value, list) else [value])
    return edited_draft(made, WORLD)


def opened(selected: str, document: JsonObject = DOCUMENT) -> dict[str, Any]:
    return form_of(bench(sent({"document": json.dumps(document), "selected": selected}), Findings()))


def event(draft: Draft, sequence: int = 0, place: int = 0) -> JsonObject:
    assert draft.document is not None
    found: JsonObject = draft.document["sequences"][sequence]["events"][place]
    return found


@pytest.mark.parametrize("selected", ["", "main", "rest", "main/pay", "main/note", "rest/wait", "gone/away"])
def test_a_panel_that_nobody_touched_changes_nothing(selected: str) -> None:
    draft = sent(opened(selected))
    assert (draft.document, draft.rewritten, draft.errors) == (DOCUMENT, False, {})


def test_fields_of_an_event_go_into_the_document_with_their_types() -> None:
    typed = {
        "p:retries": "3", "p:timeout": "10s", "p:allow_fail": "yes", "p:condition": "$Input{sum} > 1",
        "p:for_each": "[1, 2]", "p:concurrency": "2", "p:cache/for": "1h", "p:input": '{"sum": 2}', "p:backoff": "1.5",
    }  # fmt: skip
    draft = sent(opened("main/pay"), **typed)
    assert event(draft) == {
        **PAY, "retries": 3, "timeout": "10s", "allow_fail": True, "condition": "$Input{sum} > 1", "for_each": [1, 2],
        "concurrency": 2, "cache": "1h", "input": {"sum": 2}, "backoff": 1.5,
    }  # fmt: skip
    assert (draft.rewritten, draft.redraw) == (True, False)
    assert json.loads(draft.text) == draft.document


def test_an_undo_appears_field_by_field_and_goes_as_a_whole() -> None:
    first = sent(opened("main/pay"), **{"p:rollback/type": "action"})
    assert first.redraw
    data = form_of(bench(first, Findings()))
    second = sent(data, **{"p:rollback/app": "shop", "p:rollback/event": "refund", "p:rollback/input": '{"a": 1}'})
    undo = {"type": "action", "app": "shop", "event": "refund", "input": {"a": 1}}
    assert event(second)["rollback"] == undo
    gone = sent(form_of(bench(second, Findings())), **{"p:rollback/type": ""})
    assert "rollback" not in event(gone)


def test_another_type_leaves_behind_what_only_the_old_one_knew() -> None:
    draft = sent(opened("main/pay"), **{"p:type": "sleep", "p:retries": "2"})
    assert event(draft) == {"tag": "pay", "type": "sleep", "input": {"sum": "$Input{sum}"}}


def test_a_value_that_cannot_be_read_stays_in_its_field_and_holds_up_other_steps() -> None:
    draft = sent(opened("main/pay"), **{"p:input": '{"sum": ', "p:retries": "many", "select": "rest/wait"})
    assert draft.document == DOCUMENT
    assert set(draft.errors) == {"input", "retries"}
    assert draft.selected == "main/pay"
    assert "correction" in draft.said
    shown = bench(draft, Findings())
    assert shown.panel is not None
    errors = {one.key: one.errors for part in shown.panel.parts for one in part.fields if one.errors}
    assert errors["retries"] == ["This must be a whole number."]


@pytest.mark.parametrize("tag", ["", "My tag", "a/b", "x" * 64])
@pytest.mark.parametrize("selected", ["main", "main/pay"])
def test_a_tag_that_is_none_stays_in_its_field(selected: str, tag: str) -> None:
    draft = sent(opened(selected), **{"p:tag": tag})
    assert (draft.document, draft.selected, set(draft.errors)) == (DOCUMENT, selected, {"tag"})


def test_a_sequence_that_is_not_there_takes_no_event() -> None:
    draft = sent(opened("main/pay"), **{"p:@sequence": "gone"})
    assert draft.document == DOCUMENT
    assert "no sequence" in draft.said


def test_missing_fields_are_added_from_the_input_where_it_has_them() -> None:
    draft = sent(opened("main/pay"), do="fill", hint=["sum", "email", "query:id"])
    assert event(draft)["input"] == {"email": None, "query:id": None, "sum": "$Input{sum}"}
    assert "object" in sent(opened("rest/wait"), do="fill", hint=["a"]).said


def test_a_panel_older_than_the_json_changes_nothing() -> None:
    data = opened("main/pay")
    newer = json.loads(json.dumps(DOCUMENT))
    newer["sequences"][0]["events"][0]["retries"] = 5
    draft = sent({**data, "document": json.dumps(newer)}, **{"p:timeout": "10s"})
    assert (draft.document, draft.redraw) == (newer, True)


def test_input_fields_keep_what_their_row_does_not_show() -> None:
    data = opened("")
    data["r:name"] = ["total", "who"]
    data["r:was"], data["r:type"] = ["sum", ""], ["float", "email_string"]
    data["r:required"], data["r:description"] = ["yes", ""], ["", "Whom to tell"]
    draft = sent(data)
    assert draft.document is not None
    assert draft.document["input"] == {
        "total": {"type": "float", "minimum": 1, "required": True},
        "who": {"type": "email_string", "description": "Whom to tell"},
    }


def test_options_of_the_feature_go_where_they_belong_and_away_again() -> None:
    draft = sent(opened(""), **{"p:options/timeout": "5m", "p:options/concurrency/limit": "2", "p:name": "Bought"})
    assert draft.document is not None
    assert draft.document["options"] == {"timeout": "5m", "concurrency": {"limit": 2}}
    assert draft.document["name"] == "Bought"
    data = {**form_of(bench(draft, Findings())), "p:options/timeout": "", "p:options/concurrency/limit": ""}
    assert "options" not in (sent(data).document or {})


@pytest.mark.parametrize(
    ("do", "tags", "selected"),
    [
        ("add-event:sleep", ["main/pay", "main/sleep", "main/note", "rest/wait"], "main/sleep"),
        ("add-sequence:fail", ["main/pay", "main/note", "rest/wait", "sequence/fail"], "sequence/fail"),
        ("down", ["main/note", "main/pay", "rest/wait"], "main/pay"),
        ("up:rest", ["rest/wait", "main/pay", "main/note"], "main/pay"),
        ("remove", ["main/note", "rest/wait"], "main"),
        ("remove:rest/wait", ["main/pay", "main/note"], "rest"),
    ],
)
def test_buttons_add_move_and_remove(do: str, tags: list[str], selected: str) -> None:
    draft = sent(opened("main/pay"), do=do)
    rows: Json = (draft.document or {})["sequences"]
    assert [f"{one['tag']}/{event['tag']}" for one in rows for event in one["events"]] == tags
    assert draft.selected == selected
    assert bench(draft, Findings()).panel is not None


def test_a_sequence_runs_side_by_side_at_a_press_and_waits_for_what_is_ticked() -> None:
    draft = sent(opened("rest"), do="mode:main", **{"p:parents": []})
    rows = (draft.document or {})["sequences"]
    assert (rows[0]["mode"], "parents" in rows[1]) == ("concurrent", False)


@pytest.mark.parametrize("do", ["add-event:nonsense", "up:gone", "remove:gone/away", "down:main/gone", "nonsense:x"])
def test_what_cannot_be_done_is_said_and_nothing_is_lost(do: str) -> None:
    draft = sent(opened("main/pay"), do=do)
    assert draft.document == DOCUMENT
    assert draft.said or do.startswith("nonsense")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"sequences": 5}', '{"sequences": [1, {"events": [2]}], "input": []}']
)
def test_whatever_is_typed_as_json_is_drawn_or_said(text: str) -> None:
    draft = sent({"document": text, "selected": "main/pay", "do": "examine"})
    shown = bench(draft, Findings())
    assert (shown.graph is None) == (draft.document is None)
    assert draft.document is not None or shown.troubles[0].detail


def test_a_key_that_is_there_twice_is_said_before_one_of_them_is_lost() -> None:
    draft = sent({"document": '{"name": "A", "name": "B"}', "do": "examine"})
    assert (draft.document, "name" in draft.broken) == (None, True)


def test_problems_stand_at_their_event_and_beside_their_field() -> None:
    draft = sent({"document": json.dumps(DOCUMENT), "selected": "main/pay", "do": "examine"})
    wrong = FieldProblem("/definition/sequences/0/events/0/input/sum", "unknown_field", "There is none.", "^")
    shown = bench(draft, Findings(errors=(wrong,)))
    assert [(one.pointer, one.step) for one in shown.troubles] == [("/sequences/0/events/0/input/sum", "main/pay")]
    assert shown.panel is not None
    assert next(one.errors for one in shown.panel.parts[0].fields if one.key == "input") == ["There is none."]
    assert shown.graph is not None
    assert shown.graph.groups[0].cards[0].problems == 1


@pytest.mark.parametrize(
    "value", [None, "", "5m", "10", "true", "$Input{a}", 10, 1.5, True, [], {"a": [None]}, '{"a"', " x"]
)
def test_a_value_comes_back_from_its_field_as_it_was(value: Json) -> None:
    assert value_of(text_of(value)) == (value.strip() if isinstance(value, str) and value[:1] == " " else value)


def test_a_value_that_looks_like_json_and_is_none_is_refused_with_its_place() -> None:
    with pytest.raises(PanelError, match="line 2"):
        value_of('{"a":\n1,,}')


def test_the_database_does_not_decide_the_order_in_which_people_read() -> None:
    shuffled: JsonObject = {"sequences": [{"events": [dict(sorted(PAY.items()))], "tag": "x"}], "zz": 1, "name": "B"}
    found = as_written(shuffled)
    assert list(found) == ["name", "sequences", "zz"]
    assert list(found["sequences"][0]["events"][0]) == ["tag", "type", "app", "event", "input"]
    assert found == shuffled
