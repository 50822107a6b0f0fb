"""What every document must be, however damaged: refused in words, or a draft that everything after it can use."""

from __future__ import annotations

import json

from products.catalog.document_errors import DOCUMENT_ERRORS
from products.importers import AppDraft, DocumentError, difference, read_document
from products.lib import input_places, inputs, json_schemas
from products.lib.actions import ActionSpec, action_from_json, auth_from_json, to_json
from products.lib.inputs import InputError, validate_input
from products.lib.jsontypes import check_json, clean_json
from products.lib.schema_rows import schema_rows
from products.lib.tags import TAG_PATTERN

_CODES = {each.code for each in DOCUMENT_ERRORS}
_DEEPEST = 160  # a document may be nested 150 deep
_EXAMINED = 5  # actions of one document that are tried out


def examine(data: bytes, *, filename: str = "") -> AppDraft | None:
    """The draft of a document, or None when it was refused. Raises AssertionError, or whatever else went wrong."""
    try:
        draft = read_document(data, filename=filename)
    except DocumentError as error:
        _check_refusal(error)
        return None
    _check_app(draft)
    specs = [action.spec for action in draft.actions]
    assert len({spec.tag for spec in specs}) == len(specs)
    for spec in specs:
        _check_spec(spec)
    for spec in specs[:_EXAMINED]:
        _try_out(spec)
    stored = {spec.tag: spec for spec in specs}
    again = difference(stored, draft)
    assert again.empty
    return draft


def forget() -> None:
    """Empty the caches of definitions, so that one document's memory is not counted as another's."""
    for cache in (inputs._BODY_SCHEMAS, inputs._PARAM_SCHEMAS, input_places._FIELDS, json_schemas._VALIDATORS):
        cache._entries.clear()
    json_schemas._BY_CONTENT.clear()


def _check_refusal(error: DocumentError) -> None:
    assert error.code in _CODES, error.code
    assert 0 < len(error.message) < 1000


def _check_app(draft: AppDraft) -> None:
    assert 0 < len(draft.title) <= 200
    assert all(len(each.key) <= 120 for each in draft.variables)
    assert len({each.key for each in draft.variables}) == len(draft.variables)
    assert all(TAG_PATTERN.fullmatch(each.slug) for each in draft.environments)
    assert all(each.default is None for each in draft.variables if each.secret)
    for auth in draft.auths:
        stored = to_json(auth)
        check_json(stored)
        assert auth_from_json(json.loads(json.dumps(stored, allow_nan=False))) == auth
    for action in draft.actions:
        for sample in action.samples:
            assert 100 <= sample.status <= 999
            check_json(clean_json(sample.body), max_depth=_DEEPEST)
    check_json([[each.place, each.message, each.code] for each in draft.notices])
    check_json([[each.key, each.description, clean_json(each.default)] for each in draft.variables], max_depth=_DEEPEST)


def _check_spec(spec: ActionSpec) -> None:
    assert TAG_PATTERN.fullmatch(spec.tag), spec.tag
    assert 0 < len(spec.name) <= 200
    assert 0 < len(spec.method) <= 20
    assert spec.path.startswith("/")
    assert len(spec.path) <= 2000
    assert len(spec.base_url) <= 2000
    stored = to_json(spec)
    check_json(stored, max_depth=_DEEPEST)
    assert action_from_json(json.loads(json.dumps(stored, allow_nan=False))) == spec


def _try_out(spec: ActionSpec) -> None:
    """The console draws the form, and somebody presses Run."""
    if spec.body is not None:
        schema_rows(spec.body.schema, spec.defs)
    given = {"body": spec.body.sample} if spec.body is not None and spec.body.sample is not None else {}
    try:
        validate_input(spec, {**given, "query": {}, "params": {"id": "1"}})
    except InputError:
        return
