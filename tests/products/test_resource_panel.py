"""The panel of events that use databases, storages and caches: chosen from what the product has, without JSON."""

from __future__ import annotations

import json
from typing import Any

from django.http import QueryDict

from products.catalog.resources import KINDS
from products.features import RUNNABLE, World, check_feature, read_feature
from products.forms.event_panel import event_panel
from products.forms.feature_acts import edited_draft
from products.forms.feature_bench import bench
from products.forms.feature_draft import Draft
from products.forms.panels import Panel, PanelField
from products.lib.database_actions import parameters, read_action
from products.lib.jsontypes import JsonObject

STORAGE = {each.name: each.input for each in KINDS["storage"].operations if not each.inner}
WORLD = World(resources={
    "db_action": {"orders-db": {"create-order": None}},
    "storage": {"receipts": STORAGE},
    "cache": {"rates": {}},
})  # fmt: skip
DOCUMENT: JsonObject = {"name": "One", "sequences": [{"tag": "main", "events": [{"tag": "a", "type": "checkpoint"}]}]}


def panel_of(event: JsonObject, world: World = WORLD) -> Panel:
    return event_panel({"tag": "one", **event}, world, sequences=["main"], sequence="main", pointer="")


def field(panel: Panel, key: str) -> PanelField:
    return next(one for part in panel.parts for one in part.fields if one.key == key)


def pressed(document: JsonObject, do: str = "", selected: str = "", world: World = WORLD, **panel: Any) -> JsonObject:
    """The document after a button, or after what was typed into the panel."""
    data = QueryDict(mutable=True)
    shown = {"document": json.dumps(document), "selected": selected, "do": do, **panel}
    for key, value in shown.items():
        data[key] = value
    return edited_draft(data, world).document or {}


def test_an_event_is_added_with_a_target_that_the_product_has() -> None:
    document = pressed(DOCUMENT, "add-event:storage")
    added = document["sequences"][0]["events"][1]
    assert added == {"tag": "storage", "type": "storage"}
    shown = panel_of(added)
    values = [value for value, _ in field(shown, "event").choices]
    assert {"receipts:save", "receipts:read"} <= set(values)
    assert "receipts:check" not in values  # that one is the dashboard's
    was = event_panel(added, WORLD, sequences=["main"], sequence="main", pointer="/sequences/0/events/1").was
    saved = pressed(document, "panel", "main/storage", was=was, **{"p:event": "receipts:save"})
    assert saved["sequences"][0]["events"][1]["event"] == "receipts:save"


def test_the_input_has_a_field_for_each_that_the_operation_declares() -> None:
    event: JsonObject = {"type": "storage", "event": "receipts:copy", "input": {"key": "$Run{id}"}}
    shown = panel_of(event)
    assert (field(shown, "input/key").value, field(shown, "input/key").expressive) == ("$Run{id}", True)
    assert field(shown, "input/to").label == "To *"
    document: JsonObject = {"name": "One", "sequences": [{"tag": "main", "events": [{"tag": "one", **event}]}]}
    was = event_panel({"tag": "one", **event}, WORLD, sequences=["main"], sequence="main", pointer="").was
    saved = pressed(document, "panel", "main/one", was=was, **{"p:input/key": "$Run{id}", "p:input/to": "b.txt"})
    assert saved["sequences"][0]["events"][0]["input"] == {"key": "$Run{id}", "to": "b.txt"}


def test_an_input_that_fields_would_not_show_is_written_as_a_whole() -> None:
    for given in ("$Input{all}", ["a"], {"key": "a", "an/other": 1}):
        shown = panel_of({"type": "storage", "event": "receipts:copy", "input": given})
        assert field(shown, "input").says == "Fields: key*, to*"
        assert field(shown, "input").value == given


def test_a_target_that_is_gone_is_still_seen() -> None:
    choices = field(panel_of({"type": "db_action", "event": "old-db:create"}), "event").choices
    assert choices[0] == ("old-db:create", "old-db:create (not there)")
    assert choices[1][0] == "orders-db:create-order"


def test_what_takes_an_event_back_may_be_an_operation() -> None:
    undo = {"type": "storage", "event": "receipts:delete"}
    shown = panel_of({"type": "db_action", "event": "orders-db:create-order", "rollback": undo})
    assert "storage" in [value for value, _ in field(shown, "rollback/type").choices]
    assert field(shown, "rollback/event").value == "receipts:delete"


def test_a_result_is_kept_in_a_cache_of_the_product() -> None:
    event = {"type": "action", "app": "a", "event": "b", "cache": {"name": "rates"}}
    assert field(panel_of(event), "cache/name").value == "rates"
    without = panel_of({"type": "action", "app": "a", "event": "b"}, World())
    assert not [one for part in without.parts for one in part.fields if one.key == "cache/name"]


ACTION = {
    "type": "create",
    "sql": "INSERT INTO t VALUES ({{number:STRING:3:80}}, {{total:FLOAT:0:1000000}}, {{note:STRING?}})",
}
PLACEHOLDERS = World(resources={"db_action": {"orders-db": {
    "create": parameters(read_action(ACTION)), "all": parameters(read_action({"type": "read", "sql": "SELECT 1"})),
    "gone": None,
}}})  # fmt: skip


def test_a_database_action_has_a_field_for_each_placeholder_with_its_type_and_its_limits() -> None:
    given = {"number": "$Run{id}", "total": 5}
    shown = panel_of({"type": "db_action", "event": "orders-db:create", "input": given}, PLACEHOLDERS)
    fields = [one for part in shown.parts for one in part.fields if one.key.startswith("input")]
    assert [(one.key, one.label, one.says, one.text) for one in fields] == [
        ("input/number", "number *", "String, from 3 to 80 characters.", "$Run{id}"),
        ("input/total", "total *", "Float, from 0 to 1,000,000.", "5"),
        ("input/note", "note", "String. Empty: null.", ""),
    ]
    assert all(one.expressive for one in fields)


def test_J12_what_is_typed_for_a_text_stays_one_though_it_looks_like_a_number() -> None:
    event: JsonObject = {"tag": "one", "type": "db_action", "event": "orders-db:create"}
    document: JsonObject = {"name": "One", "sequences": [{"tag": "main", "events": [event]}]}
    was = event_panel(event, PLACEHOLDERS, sequences=["main"], sequence="main", pointer="").was
    typed = {"p:input/number": "007", "p:input/total": "7", "p:input/note": '{"a": 1}'}
    saved = pressed(document, "panel", "main/one", world=PLACEHOLDERS, was=was, **typed)
    assert saved["sequences"][0]["events"][0]["input"] == {"number": "007", "total": 7, "note": '{"a": 1}'}
    was = event_panel(
        saved["sequences"][0]["events"][0], PLACEHOLDERS, sequences=["main"], sequence="main", pointer=""
    ).was
    emptied = pressed(saved, "panel", "main/one", world=PLACEHOLDERS, was=was, **{**typed, "p:input/note": ""})
    assert emptied["sequences"][0]["events"][0]["input"] == {"number": "007", "total": 7}


def test_what_an_undo_is_given_has_fields_too() -> None:
    undo = {"type": "db_action", "event": "orders-db:create", "input": {"number": "$Run{id}"}}
    shown = panel_of({"type": "db_action", "event": "orders-db:all", "rollback": undo}, PLACEHOLDERS)
    assert (field(shown, "rollback/input/number").text, field(shown, "rollback/input/number").expressive) == (
        "$Run{id}", True,
    )  # fmt: skip
    keys = [one.key for part in shown.parts for one in part.fields]
    assert "rollback/input" not in keys
    assert "input" not in keys  # that action has no placeholders


def test_an_action_that_cannot_be_read_is_given_json() -> None:
    assert field(panel_of({"type": "db_action", "event": "orders-db:gone"}, PLACEHOLDERS), "input").says == ""
    whole = panel_of({"type": "db_action", "event": "orders-db:create", "input": "$Input{all}"}, PLACEHOLDERS)
    assert field(whole, "input").says == "Placeholders: number*, total*, note"


def test_what_was_given_to_another_action_can_be_seen_and_taken_away() -> None:
    event: JsonObject = {"tag": "one", "type": "db_action", "event": "orders-db:all", "input": {"numbr": 1}}
    shown = event_panel(event, PLACEHOLDERS, sequences=["main"], sequence="main", pointer="")
    assert (field(shown, "input/numbr").label, field(shown, "input/numbr").text) == ("numbr (not there)", "1")
    document: JsonObject = {"name": "One", "sequences": [{"tag": "main", "events": [event]}]}
    saved = pressed(document, "panel", "main/one", world=PLACEHOLDERS, was=shown.was, **{"p:input/numbr": ""})
    assert "input" not in saved["sequences"][0]["events"][0]


def test_an_error_stands_at_its_own_field_and_not_at_one_called_for() -> None:
    cache = {each.name: each.input for each in KINDS["cache"].operations if not each.inner}
    world = World(resources={"cache": {"rates": cache}})
    event: JsonObject = {"tag": "one", "type": "cache", "event": "rates:set", "input": {"key": 5, "value": 1}}
    document: JsonObject = {"tag": "one", "name": "One", "sequences": [{"tag": "main", "events": [event]}]}
    draft = Draft(json.dumps(document), document, world, selected="main/one")
    feature, _ = read_feature(document, available=RUNNABLE)
    shown = bench(draft, check_feature(feature, world)).panel
    assert shown is not None
    errors = {one.key: list(one.errors) for part in shown.parts for one in part.fields if one.errors}
    assert errors == {"input/key": ["This must be text, not a number."]}
