"""D5: import, export, import is identity: on every real document, on made-up ones, and on damaged ones."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest

from products.importers import AppDraft, difference, read_document
from products.importers.export import export_openapi
from products.lib.document_errors import DocumentError
from tests.fuzz.mutator import mutant
from tests.fuzz.sources import sources, trees

from .corpus import Entry, entries
from .documents import openapi, postman, request

GOOD = [entry for entry in entries() if not entry.malformed]


def written(draft: AppDraft) -> bytes:
    return json.dumps(export_openapi(draft), allow_nan=False).encode()


def parts(draft: AppDraft) -> dict[str, Any]:
    """Everything but the format it came in, the report, and the order, in which OpenAPI groups by path."""
    return {
        "title": draft.title,
        "description": draft.description,
        "auths": {each.tag: each for each in draft.auths},
        "default": draft.default_auths,
        "environments": {each.slug: each for each in draft.environments},
        "variables": {each.key: each for each in draft.variables},
        "folders": {each for each in draft.folders if each},
        "actions": {each.spec.tag: each for each in draft.actions},
    }


def check_same(before: AppDraft, after: AppDraft) -> None:
    old, new = parts(before), parts(after)
    actions, again = old.pop("actions"), new.pop("actions")
    assert new == old
    assert again.keys() == actions.keys()
    for tag, action in actions.items():
        assert again[tag].spec == action.spec, tag
        assert again[tag].samples == action.samples, tag
    stored = {tag: each.spec for tag, each in actions.items()}
    assert difference(stored, after).empty


@pytest.mark.parametrize("entry", GOOD, ids=lambda entry: entry.path.name)
def test_D5_an_export_imports_as_the_same_app(entry: Entry) -> None:
    draft = read_document(entry.data, filename=entry.path.name)
    check_same(draft, read_document(written(draft)))


def test_D5_an_export_exports_as_the_same_document() -> None:
    for entry in GOOD[::5]:
        once = export_openapi(read_document(entry.data))
        assert export_openapi(read_document(json.dumps(once).encode())) == once


def test_D5_damaged_documents_that_can_be_read_survive_the_round_too() -> None:
    documents = sources(random.Random(0), slices=1)
    grown = trees(documents)
    rounds = 0
    for number in range(150):
        data = mutant(documents, grown, random.Random(f"export/{number}"))
        try:
            draft = read_document(data)
        except DocumentError:
            continue
        once = read_document(written(draft))
        twice = read_document(written(once))
        assert {each.spec.tag for each in once.actions} == {each.spec.tag for each in draft.actions}
        assert difference({each.spec.tag: each.spec for each in once.actions}, twice).empty, number
        rounds += 1
    assert rounds > 60


def test_what_openapi_has_no_words_for_comes_back() -> None:
    rows = [{"key": "X-Off", "value": "1", "disabled": True}, {"key": "Accept", "value": "text/csv"}]
    script = {"listen": "test", "script": {"exec": ["pm.test()"]}}
    inner = {"name": "Inner", "item": [
        {**request("Same", header=rows), "event": [script]}, request("Same"), request("Odd", method="PURGE"),
        request("Query", body={"mode": "graphql", "graphql": {"query": "{a}"}}),
        request("File", body={"mode": "file", "file": {"src": "x"}}),
        request("Digest", url="https://{{a}}.example.com/{{b/c}}", auth={"type": "apikey", "apikey": [
            {"key": "key", "value": "k"}, {"key": "in", "value": "query"}]}),
    ]}  # fmt: skip
    draft = read_document(
        postman({"name": "Outer", "item": [inner]}, variable=[{"key": "n", "value": 3, "type": "number"}])
    )
    check_same(draft, read_document(written(draft)))
    assert draft.actions[0].spec.folder == ("Outer", "Inner")


def test_a_plain_document_is_exported_without_our_own_words_in_its_operations() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 9}}, "required": ["name"]}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}, "required": True}
    query = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}}
    operation = {
        "operationId": "make-pet",
        "summary": "Make a pet",
        "tags": ["Pets"],
        "parameters": [query],
        "requestBody": body,
    }
    document = export_openapi(
        read_document(openapi({"/pets": {"post": operation}}, components={"schemas": {"Pet": schema}}))
    )
    made = document["paths"]["/pets"]["post"]
    assert made["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Pet"}
    assert document["components"]["schemas"] == {"Pet": schema}
    assert made["parameters"] == [query]
    assert set(made) == {"operationId", "summary", "tags", "parameters", "requestBody"}


def test_definitions_of_one_name_that_differ_become_two() -> None:
    draft = read_document(openapi({"/a": {"post": {"requestBody": {"content": {"application/json": {"schema": {
        "$ref": "#/components/schemas/A"}}}}}}}, components={"schemas": {"A": {"type": "string"}}}))  # fmt: skip
    first = draft.actions[0]
    other = replace(first.spec, tag="other", path="/b", source_id="other", defs={"A": {"type": "integer"}})
    document = export_openapi(replace(draft, actions=(first, replace(first, spec=other))))
    assert document["components"]["schemas"] == {"A": {"type": "string"}, "A-2": {"type": "integer"}}
    ref = document["paths"]["/b"]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert ref == "#/components/schemas/A-2"


EVIL: list[Any] = [
    None,
    1,
    "x",
    [],
    {},
    [1],
    {"a": 1},
    True,
    "x" * 5000,
    "\x00",
    ["a", {}],
    {"status": "x"},
    "file:///etc",
    "../",
]
WORDS = [
    "tag",
    "folder",
    "base_url",
    "source_id",
    "scripts",
    "samples",
    "deprecated",
    "anonymous",
    "description",
    "method",
    "path",
]


@pytest.mark.parametrize("word", [*WORDS, "auths", "defs", "name"])
def test_the_extension_of_a_stranger_says_nothing_it_may_not(word: str) -> None:
    from tests.fuzz.probe import examine

    for value in EVIL:
        words = dict.fromkeys(("type", "enabled", "style", "minimum", "default"), value)
        body = dict.fromkeys(("format", "file_fields", "sample"), value)
        operation = {
            "operationId": "a",
            "x-ductape": {word: value},
            "parameters": [{"name": "q", "in": "query", "x-ductape": words}],
            "requestBody": {"content": {"text/plain": {}}, "x-ductape": body},
        }
        scheme = {"type": "http", "scheme": "bearer", "x-ductape": {"kind": value, "placements": value, "login": value}}
        extension = {"variables": [{"key": value, "type": value, "default": value}, value]}
        data = json.dumps({
            "openapi": "3.1.0", "info": {"title": "T"}, "paths": {"/a": {"post": operation}}, "x-ductape": extension,
            "servers": [{"url": "https://x.example", "x-ductape": {"slug": value, "base_url": value}}],
            "components": {"securitySchemes": {"s": scheme}},
        })  # fmt: skip
        draft = examine(data.encode())
        assert draft is not None
        spec = draft.actions[0].spec
        assert (spec.method, spec.path, spec.auths, spec.defs) == ("POST", "/a", (), {})
        assert spec.base_url == ""


def test_I14_an_export_masks_what_was_saved_by_people_too() -> None:
    from products.importers.masking import without_secrets
    from products.importers.report import Report

    draft = read_document(openapi({"/a": {"get": {"description": "plain"}}}))
    spec = replace(draft.actions[0].spec, description="Use Bearer abcdefgh12345678zz")
    saved = replace(draft, actions=(replace(draft.actions[0], spec=spec),))
    assert "abcdefgh12345678zz" not in json.dumps(export_openapi(without_secrets(saved, Report())))
