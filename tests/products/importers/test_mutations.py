"""Damaged documents become a draft or a DocumentError, never anything else."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from products.importers import AppDraft, DocumentError, difference, read_document
from products.lib.actions import action_from_json, to_json

from .corpus import document

SMALL = [
    "oai-petstore-expanded.yaml",
    "quirk-petstore-badref.json",
    "readme-schema-circular.json",
    "redocly-museum.yaml",
    "quirk-path-placeholder-no-param.yaml",
    "codegen-golang-fixture.json",
    "grafana-github-graphql.json",
    "bruno-oauth2.json",
    "xero-oauth2.json",
    "newman-multi-level-folders-v20.json",
]
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1e300, "", "x", "{{x}}", "{id}", "\x00", "\ud800", "#/paths", "#", "http://sink/x"),
    *([], {}, [None], [[]], [{}], {"$ref": "#"}, {"$ref": 1}, {"": None}, {"x": {"y": []}}, ["a", 1], {"type": "odd"}),
]


def load(name: str) -> Any:
    from products.lib.documents import load_document

    return load_document(document(name)).tree


TREES = {name: load(name) for name in SMALL}


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every container with every key in it."""
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node))
        found.extend((node, key) for key in keys)
        waiting.extend(node[key] for key in keys if isinstance(node[key], (dict, list)))
    return found


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    tree = copy.deepcopy(TREES[draw(st.sampled_from(SMALL))])
    for _ in range(draw(st.integers(1, 12))):
        spots = places(tree)
        if not spots:
            break
        node, key = spots[draw(st.integers(0, len(spots) - 1))]
        change = draw(st.sampled_from(["replace", "delete", "rename", "move"]))
        if change == "delete" and isinstance(node, dict):
            del node[key]
        elif change == "rename" and isinstance(node, dict):
            node[draw(st.sampled_from(["$ref", "x", "", "type", "in", "item", "request", "schema", "GET"]))] = node[key]
        elif change == "move":
            other, place = spots[draw(st.integers(0, len(spots) - 1))]
            node[key] = copy.deepcopy(other.get(place) if isinstance(other, dict) else None)
        else:
            node[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return json.dumps(tree).encode()


def outcome(data: bytes) -> AppDraft | None:
    try:
        return read_document(data)
    except DocumentError:
        return None


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(damaged())
def test_I15_damaged_documents_are_drafts_or_document_errors(data):
    draft = outcome(data)
    if draft is None:
        return
    specs = [action.spec for action in draft.actions]
    assert len({spec.tag for spec in specs}) == len(specs)
    stored = {spec.tag: action_from_json(json.loads(json.dumps(to_json(spec), allow_nan=False))) for spec in specs}
    assert list(stored.values()) == specs
    assert difference(stored, read_document(data)).empty


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SMALL), st.data())
def test_I15_bytes_cut_or_changed_anywhere_are_drafts_or_document_errors(name, data):
    raw = bytearray(document(name))
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    outcome(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
