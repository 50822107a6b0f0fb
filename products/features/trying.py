"""The value that an expression would have had in a run that has been: computed as a real one, secrets never opened."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from products.expressions import Compiled, ExpressionError, Use, ValuesScope, compile_condition, compile_template
from products.expressions.values import NOTHING, found_in
from products.features.definition import Feature, StepName
from products.lib.jsontypes import Json, escape_pointer
from products.lib.redaction import MASK

SHOWN_MOST = 2_000  # characters of a value
HIDDEN = "It depends on a secret, which is not opened for this."
ROUGH = "Something that it is made of is masked here, so a run may see another value."


@dataclass(frozen=True, slots=True)
class Past:
    """What a run left: values by root, its moment (milliseconds since 1970 UTC), its id as the seed of UUIDs."""

    roots: Mapping[str, Json]
    now_ms: int = 0
    seed: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """The value as text, or what went wrong with the place below it; `note` says what else there is to know."""

    text: str = ""
    error: str = ""
    caret: str = ""
    note: str = ""


def tried(value: Json, past: Past, *, is_condition: bool = False) -> Tried | None:
    """None for what has no expression in it. Within the limits of every evaluation."""
    try:
        compiled = _compiled(value, is_condition=is_condition)
        if compiled.is_constant:
            return None
        if compiled.sensitive and is_condition:
            return Tried(note=HIDDEN)
        if compiled.sensitive:
            compiled = _compiled(_without(value, "", frozenset(compiled.sensitive)))
        found = compiled.evaluate(ValuesScope(past.roots, now=past.now_ms, seed=past.seed))
    except ExpressionError as error:
        return Tried(error=str(error), caret=error.caret())
    return Tried(_shown(found), note=ROUGH if _is_rough(compiled.uses, past.roots) else "")


def first_item(items: Json, past: Past) -> tuple[Json, int]:
    """The first element that a loop would go through, and how many there are; (None, 0) where that is not known."""
    try:
        compiled = _compiled(items)
        found = None if compiled.sensitive else compiled.evaluate(ValuesScope(past.roots, now=past.now_ms))
    except ExpressionError:
        return None, 0
    return (found[0], len(found)) if isinstance(found, list) and found else (None, 0)


def events_named(values: Iterable[tuple[Json, bool]], feature: Feature) -> set[StepName]:
    """The events whose results these values, each with whether it is a condition, refer to."""
    found = {use for value, is_condition in values for use in _uses(value, is_condition=is_condition)}
    by_tag: dict[str, list[StepName]] = {}
    for event in feature.events():
        by_tag.setdefault(event.name.event, []).append(event.name)
    there = {event.name for event in feature.events()}
    wanted: set[StepName] = set()
    for root, segments in found:
        for parts in (segments, tuple(".".join(segments).split("."))):
            if root == "Sequence" and len(parts) > 1:
                wanted.add(StepName(*parts[:2]))
            if root == "Step" and parts:
                wanted |= set(by_tag.get(parts[0], ()))
    return wanted & there


def _uses(value: Json, *, is_condition: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    try:
        yield from ((use.root, use.segments) for use in _compiled(value, is_condition=is_condition).uses)
    except ExpressionError:
        return


def _compiled(value: Json, *, is_condition: bool = False) -> Compiled:
    return compile_condition(str(value)) if is_condition else compile_template(value)


def _without(value: Json, pointer: str, hidden: frozenset[str]) -> Json:
    if pointer in hidden:
        return MASK
    if isinstance(value, dict):
        return {key: _without(inner, f"{pointer}/{escape_pointer(key)}", hidden) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, f"{pointer}/{index}", hidden) for index, inner in enumerate(value)]
    return value


def _is_rough(uses: Iterable[Use], roots: Mapping[str, Json]) -> bool:
    for use in uses:
        value = roots.get(use.root)
        for segment in use.segments:
            value = found_in(value, segment)
        if value is not NOTHING and MASK in json.dumps(value, ensure_ascii=False):
            return True
    return False


def _shown(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, (dict, list)) else None)
    return text if len(text) <= SHOWN_MOST else f"{text[:SHOWN_MOST]}… ({len(text):,} characters)"
