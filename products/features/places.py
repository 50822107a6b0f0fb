"""Every place of a feature where expressions may stand, and what has run before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from products.expressions import Shape, of_schema
from products.features.definition import Event, Feature
from products.features.operation_results import result_of
from products.features.sight import Ground, Sight
from products.lib.field_types import field_schema
from products.lib.jsontypes import Json

_TEXT = Shape(frozenset({"text"}))
_APPROVAL = Shape(frozenset({"object"}), {"approved": Shape(frozenset({"boolean"})), "comment": _TEXT}, open=True)


@dataclass(frozen=True, slots=True)
class Place:
    """A value of the document that may hold expressions, and which events they may refer to."""

    pointer: str
    value: Json
    sight: Sight
    is_condition: bool = False
    in_loop: bool = False
    in_undo: bool = False
    is_list: bool = False  # what it gives has to be one
    is_counting: bool = False  # it is evaluated when a run is counted, before there is one


def places(feature: Feature) -> Iterator[Place]:
    """In the order in which they are evaluated."""
    ground = Ground(feature, {event.name: _shape(event) for event in feature.events()})
    for event in feature.events():
        yield from _of_event(event, ground)
    if feature.output is not None:
        yield Place("/output", feature.output, Sight(ground))
    surplus = feature.options.surplus
    if surplus is not None and surplus.key is not None:
        yield Place("/options/concurrency/key", surplus.key, Sight(ground, is_blind=True), is_counting=True)


def _of_event(event: Event, ground: Ground) -> Iterator[Place]:
    sight = Sight(ground, event.name)
    at, has_loop = event.pointer, event.loop is not None
    if event.loop is not None:
        yield Place(f"{at}/for_each", event.loop.items, sight, is_list=True)
    if event.condition:
        yield Place(f"{at}/condition", event.condition, sight, is_condition=True, in_loop=has_loop)
    yield Place(f"{at}/input", event.call.input, sight, in_loop=has_loop)
    if event.keep is not None and event.keep.key is not None:
        yield Place(f"{at}/cache/key", event.keep.key, sight, in_loop=has_loop)
    if event.undo is not None:
        own = Sight(ground, event.name, own=Shape())  # in a loop, the item's own result
        yield Place(f"{at}/rollback/input", event.undo.call.input, own, in_loop=has_loop, in_undo=True)


def _shape(event: Event) -> Shape:
    """What is known of an event's result before it has one."""
    shape = _plain_shape(event)
    if event.loop is not None:
        shape = Shape(frozenset({"list"}), items=shape)
    return shape.or_null() if event.allow_fail or (event.condition and event.loop is None) else shape


def _plain_shape(event: Event) -> Shape:
    if event.call.type == "sleep":
        return Shape(frozenset({"object"}), {"until": _TEXT})
    if event.wait is not None and event.wait.approval:
        return _APPROVAL
    if event.wait is not None and event.wait.fields:
        fields = {
            one.name: of_schema(field_schema(one)) if one.required else of_schema(field_schema(one)).or_null()
            for one in event.wait.fields
        }
        return Shape(frozenset({"object"}), fields, open=True)
    return result_of(event.call)
