"""What an expression may name at one place of a feature: for the completion of the editor's fields."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

from products.expressions import Shape, of_schema, surroundings
from products.expressions.kinds import ANY, types_in_words
from products.expressions.operators import OPERATORS
from products.expressions.references import REFERENCES
from products.expressions.surroundings import UNCOUNTED_RUN
from products.features.checking import World
from products.features.definition import Feature, Surplus
from products.features.places import Place, places
from products.lib.field_types import field_schema
from products.lib.jsontypes import JsonObject

MOST_NAMES = 3_000  # of one place: two for each of 1,000 events, and some keys
DEEPEST = 6
_NUMBER = Shape(frozenset({"number"}))
_TEXT = Shape(frozenset({"text"}))
_ERROR = Shape(frozenset({"object"}), {"message": _TEXT, "code": _TEXT, "step": _TEXT})
_BEFORE_A_RUN = frozenset({"Input", "Run"})  # what there is when runs are counted


def place_at(feature: Feature, pointer: str) -> Place | None:
    """The place of a field; of one that is still empty, what it would see. None where expressions never stand."""
    surplus = feature.options.surplus or Surplus(1)
    whole = replace(
        feature,
        output="" if feature.output is None else feature.output,
        options=replace(feature.options, surplus=replace(surplus, key=surplus.key or "")),
    )
    event, _, field = pointer.partition("/events/")
    number, _, field = field.partition("/")
    at_input = field in {"condition", "for_each", "cache/key"} or field.startswith("input/")
    of_undo = "rollback/" if field.startswith("rollback/input/") else ""
    beside = f"{event}/events/{number}/{of_undo}input" if at_input or of_undo else ""
    nearest = None
    for place in places(whole):
        if place.pointer == pointer:
            return place
        if place.pointer == beside:
            nearest = replace(place, in_loop=place.in_loop and field != "for_each")
    return nearest


def names_at(
    feature: Feature, world: World, pointer: str, seen: Mapping[tuple[str, ...], Shape] | None = None
) -> JsonObject:
    """{name: {is, in, text, form, needs}} of every reference that means something there, with the keys that are known.

    `in` has the keys below, `needs` says how many segments a reference asks for at least. `seen` is what a run has
    shown of values that are not described anywhere, by path: `("Sequence", "main", "pay")`. At most 3,000 names.
    """
    place = place_at(feature, pointer)
    roots = _roots(feature, world, place) if place else {}
    found = _tree(roots, seen or {})
    for name, node in found.items():
        kind = REFERENCES[name]
        node |= {"form": kind.form, "text": kind.text, "needs": 0 if kind.whole else len(kind.segments)}
    return found


def operators() -> list[JsonObject]:
    """Every operator with its signature and what it does."""
    return [
        {"name": one.name, "form": one.forms[0], "text": one.text, "arguments": len(one.parameters)}
        for one in OPERATORS.values()
    ]


def shape_of(value: object, depth: int = 0) -> Shape:
    """What a value shows of itself: its type, its keys, of a list those of its first element."""
    if isinstance(value, dict):
        inner = islice(value.items(), MOST_NAMES) if depth < DEEPEST else ()
        return Shape(frozenset({"object"}), {key: shape_of(one, depth + 1) for key, one in inner}, open=True)
    if isinstance(value, list):
        return Shape(frozenset({"list"}), items=shape_of(value[0], depth + 1) if value and depth < DEEPEST else None)
    if isinstance(value, bool):
        return Shape(frozenset({"boolean"}))
    return _TEXT if isinstance(value, str) else _NUMBER if isinstance(value, (int, float)) else Shape()


def _roots(feature: Feature, world: World, place: Place) -> dict[str, Shape]:
    more: dict[str, Shape] = {"Item": Shape(), "Index": _NUMBER} if place.in_loop else {}
    usual = surroundings(
        inputs={one.name: of_schema(field_schema(one)) for one in feature.input},
        variables={tag: one.variables for tag, one in world.connections.items() if one.variables},
        constants={tag: one.constants for tag, one in world.connections.items() if one.constants},
        secrets=world.secrets,
        more={**more, "Error": _ERROR} if place.in_undo else more,
    )
    roots = {**usual.roots, **place.sight.roots()}
    roots.pop("Auth", None)  # a feature has none
    roots["Run"] = UNCOUNTED_RUN if place.is_counting else roots["Run"]
    there = {name: one for name, one in roots.items() if one.fields is None or one.fields}
    return {name: one for name, one in there.items() if not place.is_counting or name in _BEFORE_A_RUN}


def _tree(roots: Mapping[str, Shape], seen: Mapping[tuple[str, ...], Shape]) -> dict[str, JsonObject]:
    """Level by level, so that a large branch leaves room for the others."""
    top: dict[str, JsonObject] = {}
    waiting: deque[tuple[dict[str, JsonObject], Mapping[str, Shape], tuple[str, ...]]] = deque([(top, roots, ())])
    left = MOST_NAMES
    while waiting and left > 0:
        into, fields, path = waiting.popleft()
        for name in islice(fields, left):
            here = (*path, name)
            shape = _told(fields[name], seen.get(here))
            into[name] = {"is": "" if shape.types == ANY else types_in_words(shape.types)}
            inner = _inside(shape) if len(here) < DEEPEST else {}
            if inner:
                waiting.append((into[name].setdefault("in", {}), inner, here))
        left -= len(into)
    return top


def _told(shape: Shape, seen: Shape | None) -> Shape:
    return seen if seen is not None and shape.fields is None and shape.items is None else shape


def _inside(shape: Shape) -> Mapping[str, Shape]:
    if shape.fields is not None:
        return shape.fields
    return {"0": shape.items or Shape(), "-1": shape.items or Shape()} if "list" in shape.types and shape.items else {}
