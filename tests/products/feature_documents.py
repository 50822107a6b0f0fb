"""Definitions of features for tests, on top of `tests.products.things`: the app connected as `pay`."""

from __future__ import annotations

from typing import Any

from products.access import Actor
from products.lib.jsontypes import Json, JsonObject
from products.models import Feature, Product
from products.services.features import create_feature
from tests.products.things import COMPLETE, make_app, make_connection, make_product


def action(tag: str = "ping", given: Json = None, **more: Any) -> JsonObject:
    """An event that calls the app."""
    return {"tag": tag, "type": "action", "app": "pay", "event": "ping", "input": given, **more}


def child(feature: str, tag: str = "child") -> JsonObject:
    """An event that starts another feature."""
    return {"tag": tag, "type": "feature", "event": feature}


def one_sequence(*events: JsonObject, **more: Any) -> JsonObject:
    """A definition of one sequence, `main`."""
    return {"sequences": [{"tag": "main", "events": [*(events or [action()])]}], **more}


def wired_product(actor: Actor, tag: str = "shop") -> Product:
    """A product with the payments app connected in `dev`; `prd` is not mapped."""
    product = make_product(actor, tag)
    make_connection(actor, product, make_app(actor), dev=COMPLETE)
    return product


def make_feature(
    actor: Actor, product: Product, name: str = "Fulfil order", *events: JsonObject, **more: Any
) -> Feature:
    """A feature of one sequence."""
    return create_feature(actor, product, name=name, definition=one_sequence(*events), **more).row
