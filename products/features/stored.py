"""A feature as it is kept: its tag, name and description beside the definition, and how to read it."""

from __future__ import annotations

from products.features.definition import Feature
from products.features.reading import read_feature
from products.lib.errors import FieldProblem
from products.lib.jsontypes import JsonObject

# Event types that call something; those that the engine does by itself come besides.
RUNNABLE = ("action", "feature", "db_action", "storage", "cache")
BESIDE = ("tag", "name", "description")  # parts of a feature that stand beside its definition


def whole(document: JsonObject) -> JsonObject:
    """The one object that `read_feature` reads, of a document whose definition stands by itself."""
    return {**document["definition"], **{key: document[key] for key in BESIDE if key in document}}


def read_stored(tag: str, document: JsonObject) -> tuple[Feature, tuple[FieldProblem, ...]]:
    """One feature of a composition or release, {name, description, definition}, and what is wrong with it."""
    return read_feature(whole({**document, "tag": tag}), available=RUNNABLE)
