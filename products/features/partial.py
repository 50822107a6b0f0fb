"""A part of a feature: all that comes before one of its events, and the event itself."""

from __future__ import annotations

from typing import Any

from products.features.definition import StepName
from products.lib.jsontypes import JsonObject


def up_to(definition: JsonObject, name: StepName) -> JsonObject | None:
    """The definition that ends after this event and gives its result; None where there is no such event.

    Kept are the sequences that its own waits for, and of its own what stands before it; what runs side by side with it
    is left out. The definition is one that can be read, and is not changed.
    """
    sequences: list[Any] = definition.get("sequences") or []
    by_tag = {one["tag"]: one for one in sequences}
    own = by_tag.get(name.sequence)
    events = _events(own, name.event) if own else []
    if own is None or not events:
        return None
    kept = _with_parents(by_tag, name.sequence)
    shortened = [{**one, "events": events} if one is own else one for one in sequences if one["tag"] in kept]
    return {**definition, "sequences": shortened, "output": f"$Sequence{{{name.sequence}}}{{{name.event}}}"}


def _events(sequence: JsonObject, last: str) -> list[JsonObject]:
    events: list[JsonObject] = sequence["events"]
    place = next((place for place, event in enumerate(events) if event["tag"] == last), None)
    if place is None:
        return []
    return [events[place]] if sequence.get("mode") == "concurrent" else events[: place + 1]


def _with_parents(by_tag: dict[str, JsonObject], tag: str) -> set[str]:
    found: set[str] = set()
    waiting = [tag]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += by_tag[one].get("parents") or []
    return found
