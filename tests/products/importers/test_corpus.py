"""Every real document of the corpus comes in whole, twice the same, and in a shape the rest can use."""

from __future__ import annotations

import json
import re
from functools import cache

import jsonschema_rs
import pytest

from products.importers import AppDraft, DocumentError, difference, read_document
from products.lib.actions import action_from_json, auth_from_json, to_json
from products.lib.field_types import FIELD_TYPES
from products.lib.tags import TAG_PATTERN

from .corpus import Entry, document, entries

GOOD = [entry for entry in entries() if not entry.malformed]
every_document = pytest.mark.parametrize("entry", GOOD, ids=lambda entry: entry.path.name)


@cache
def draft_of(entry: Entry) -> AppDraft:
    return read_document(entry.data, filename=entry.path.name)


def compiles(schema: dict, defs: dict) -> None:
    jsonschema_rs.Draft202012Validator({**schema, "$defs": defs}, offline=True)


def test_I7_the_corpus_is_complete():
    assert len(entries()) == 43
    assert sum(entry.malformed for entry in entries()) == 1


@every_document
def test_I7_every_operation_becomes_an_action(entry):
    draft = draft_of(entry)
    assert len(draft.actions) == entry.operations
    assert draft.format == entry.format
    assert draft.title
    assert draft.environments
    for action in draft.actions:
        assert action.spec.method == action.spec.method.upper() != ""
        assert action.spec.path.startswith("/")
        assert action.spec.name.strip()


@every_document
def test_I7_tags_and_sources_are_unique_and_valid(entry):
    specs = [action.spec for action in draft_of(entry).actions]
    assert len({spec.tag for spec in specs}) == len(specs)
    assert len({spec.source_id for spec in specs}) == len(specs)
    assert all(TAG_PATTERN.fullmatch(spec.tag) for spec in specs)


@every_document
def test_I7_a_second_import_differs_in_nothing(entry):
    stored = {action.spec.tag: json.dumps(to_json(action.spec)) for action in draft_of(entry).actions}
    kept = {tag: action_from_json(json.loads(text)) for tag, text in stored.items()}
    again = difference(kept, read_document(entry.data))
    assert again.empty
    assert len(again.same) == entry.operations


@every_document
def test_actions_and_auths_survive_their_json(entry):
    draft = draft_of(entry)
    for action in draft.actions:
        assert action_from_json(json.loads(json.dumps(to_json(action.spec)))) == action.spec
    for auth in draft.auths:
        assert auth_from_json(json.loads(json.dumps(to_json(auth)))) == auth


@every_document
def test_every_schema_compiles_on_its_own(entry):
    for action in draft_of(entry).actions:
        spec = action.spec
        schemas = [parameter.schema for parameter in spec.parameters] + ([spec.body.schema] if spec.body else [])
        for schema in schemas:
            compiles(schema, spec.defs)
        assert "#/components" not in json.dumps(schemas) + json.dumps(spec.defs)


@every_document
def test_parameters_fit_the_path_and_the_field_types(entry):
    for action in draft_of(entry).actions:
        spec = action.spec
        assert {parameter.type for parameter in spec.parameters} <= FIELD_TYPES.keys()
        in_path = set(re.findall(r"(?<!\{)\{([^{}/]+)\}(?!\})", spec.path))
        assert in_path == {parameter.name for parameter in spec.parameters if parameter.place == "path"}
        assert all(parameter.required for parameter in spec.parameters if parameter.place == "path")


@every_document
def test_auths_named_by_actions_exist(entry):
    draft = draft_of(entry)
    tags = {auth.tag for auth in draft.auths}
    assert len(tags) == len(draft.auths)
    assert set(draft.default_auths) <= tags
    assert all(set(action.spec.auths) <= tags for action in draft.actions)


@every_document
def test_nothing_in_a_draft_is_unstorable(entry):
    text = json.dumps([to_json(action.spec) for action in draft_of(entry).actions], allow_nan=False)
    assert "\\u0000" not in text
    samples = [sample.body for action in draft_of(entry).actions for sample in action.samples]
    json.dumps(samples, allow_nan=False)


def test_I7_a_malformed_file_names_line_and_column():
    with pytest.raises(DocumentError) as caught:
        read_document(document("quirk-broken.json"), filename="quirk-broken.json")
    assert (caught.value.line, caught.value.column) == (5, 5)
    assert "line 5, column 5" in caught.value.message


def test_paths_with_a_fragment_stay_separate_actions():
    specs = [action.spec for action in read_document(document("box.json")).actions]
    shared = [spec for spec in specs if spec.method == "PUT" and spec.path == "/files/{file_id}"]
    assert len(shared) > 1
    assert len({spec.tag for spec in shared}) == len(shared)
    assert not any("#" in spec.path for spec in specs)


def test_servers_of_single_operations_replace_the_base_url():
    specs = {action.spec.tag: action.spec for action in read_document(document("box.json")).actions}
    assert specs["post_files_upload_sessions"].base_url == "https://upload.box.com/api/2.0"
    assert specs["get_files_id"].base_url == ""


def test_collection_auth_is_the_default_and_its_value_is_not_kept():
    draft = read_document(document("adyen-transfers-v4.json"))
    [auth] = [auth for auth in draft.auths if auth.tag in draft.default_auths]
    assert (auth.kind, auth.placements[0].place, auth.placements[0].key) == ("api_key", "header", "X-API-Key")
    assert auth.placements[0].value == "{{api_key}}"


def test_I13_odd_methods_are_kept_and_empty_ones_become_get():
    odd = {action.spec.method for action in read_document(document("codegen-golang-fixture.json")).actions}
    assert {"PROPFIND", "UNLINK", "COPY"} <= odd
    draft = read_document(document("quirk-many-import-issues.json"))
    assert len([action for action in draft.actions if action.spec.method == "GET"]) == 31
    assert sum(notice.code == "no-method" for notice in draft.notices) == 30
