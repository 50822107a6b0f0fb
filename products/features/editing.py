"""Changes of a feature's document, as its editor makes them: each takes a document and gives a changed copy."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Literal

from products.features.definition import StepName
from products.lib.jsontypes import Json, JsonObject
from products.lib.tags import unique_tag

_NEW_TAGS = {"action": "call", "feature": "child", "wait_signal": "wait"}


class EditError(ValueError):
    """The change cannot be made; the message says why, for people."""


def sequences_of(document: JsonObject) -> list[JsonObject]:
    """The sequences that are objects; whatever else somebody typed there is passed over."""
    given = document.get("sequences")
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def events_of(sequence: JsonObject) -> list[JsonObject]:
    """The events that are objects."""
    given = sequence.get("events")
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def sequence_at(document: JsonObject, tag: str) -> JsonObject:
    """The sequence with this tag, itself. Raises EditError."""
    for one in sequences_of(document):
        if one.get("tag") == tag:
            return one
    raise EditError(f"There is no sequence “{tag[:63]}” any more.")


def event_at(document: JsonObject, name: StepName) -> JsonObject:
    """The event with this name, itself. Raises EditError."""
    for one in events_of(sequence_at(document, name.sequence)):
        if one.get("tag") == name.event:
            return one
    raise EditError(f"There is no event “{str(name)[:130]}” any more.")


def add_event(document: JsonObject, sequence: str, kind: str, *, after: str = "") -> tuple[JsonObject, StepName]:
    """A new event of this type at the end of a sequence, or after one of its events. Raises EditError."""
    changed = deepcopy(document)
    found = sequence_at(changed, sequence)
    events = events_of(found)
    tag = unique_tag(_new_tag(kind), _tags(changed))
    places = [place for place, one in enumerate(events) if one.get("tag") == after]
    events.insert(places[0] + 1 if places else len(events), _new_event(tag, kind))
    found["events"] = list(events)
    return changed, StepName(sequence, tag)


def add_sequence(document: JsonObject, kind: str, *, after: str = "") -> tuple[JsonObject, StepName]:
    """A new sequence with one event of this type, behind another one or at the start."""
    changed = deepcopy(document)
    rows = sequences_of(changed)
    tag = unique_tag("sequence", {str(one.get("tag")) for one in rows})
    event = unique_tag(_new_tag(kind), _tags(changed))
    made: JsonObject = {"tag": tag, "events": [_new_event(event, kind)]}
    if after:
        sequence_at(changed, after)
        made["parents"] = [after]
    changed["sequences"] = [*rows, made]
    return changed, StepName(tag, event)


def change_event(document: JsonObject, name: StepName, changes: Mapping[str, Json]) -> tuple[JsonObject, StepName]:
    """Sets fields of an event; None takes one away. Expressions follow a new tag. Raises EditError."""
    changed = deepcopy(document)
    event = event_at(changed, name)
    _assign(event, changes)
    tag = str(event.get("tag", ""))
    renamed = StepName(name.sequence, tag)
    return (changed if renamed == name else _followed(document, changed, name, renamed)), renamed


def change_sequence(document: JsonObject, tag: str, changes: Mapping[str, Json]) -> tuple[JsonObject, str]:
    """Sets fields of a sequence; None takes one away. Parents and expressions follow a new tag. Raises EditError."""
    changed = deepcopy(document)
    sequence = sequence_at(changed, tag)
    _assign(sequence, changes)
    new = str(sequence.get("tag", ""))
    if new == tag:
        return changed, tag
    for one in sequences_of(changed):
        if tag in _parents(one):
            one["parents"] = [new if parent == tag else parent for parent in _parents(one)]
    return _renamed(changed, f"$Sequence{{{tag}}}", f"$Sequence{{{new}}}"), new


def change_feature(document: JsonObject, changes: Mapping[str, Json]) -> JsonObject:
    """Sets parts of the whole: name, input, output, options. None takes one away."""
    changed = deepcopy(document)
    _assign(changed, changes)
    return changed


def move_event(document: JsonObject, name: StepName, way: Literal["up", "down"]) -> JsonObject:
    """One place up or down in its sequence; at the end of the way nothing changes. Raises EditError."""
    changed = deepcopy(document)
    found = sequence_at(changed, name.sequence)
    found["events"] = list(_moved(events_of(found), event_at(changed, name), way))
    return changed


def move_sequence(document: JsonObject, tag: str, way: Literal["up", "down"]) -> JsonObject:
    """One place up or down in the document; what it waits for stays as it is. Raises EditError."""
    changed = deepcopy(document)
    changed["sequences"] = list(_moved(sequences_of(changed), sequence_at(changed, tag), way))
    return changed


def regroup_event(document: JsonObject, name: StepName, sequence: str) -> tuple[JsonObject, StepName]:
    """Takes an event to the end of another sequence; expressions follow it. Raises EditError."""
    if sequence == name.sequence:
        return document, name
    others = events_of(sequence_at(document, sequence))
    tag = unique_tag(name.event, {str(one.get("tag")) for one in others})
    moved = deepcopy(event_at(document, name))
    moved["tag"] = tag
    changed = remove_event(document, name)
    found = sequence_at(changed, sequence)
    found["events"] = [*events_of(found), moved]
    return _followed(document, changed, name, StepName(sequence, tag)), StepName(sequence, tag)


def remove_event(document: JsonObject, name: StepName) -> JsonObject:
    """Takes an event out, and its sequence with it when it was the last one there. Raises EditError."""
    changed = deepcopy(document)
    event, found = event_at(changed, name), sequence_at(changed, name.sequence)
    found["events"] = [one for one in events_of(found) if one is not event]
    return changed if found["events"] else remove_sequence(changed, name.sequence)


def remove_sequence(document: JsonObject, tag: str) -> JsonObject:
    """Takes a sequence out; those that waited for it wait for what it waited for. Raises EditError."""
    changed = deepcopy(document)
    gone = sequence_at(changed, tag)
    kept = [one for one in sequences_of(changed) if one is not gone]
    for one in kept:
        if tag in _parents(one):
            heirs = [other for parent in _parents(one) for other in (_parents(gone) if parent == tag else [parent])]
            _assign(one, {"parents": list(dict.fromkeys(heirs)) or None})
    changed["sequences"] = list(kept)
    return changed


def may_follow(document: JsonObject, tag: str) -> list[str]:
    """The sequences that this one may wait for: all but itself and those that wait for it. In their order."""
    behind, grown = {tag}, True
    while grown:
        more = {str(one.get("tag")) for one in sequences_of(document) if behind.intersection(_parents(one))}
        grown = not more <= behind
        behind |= more
    tags = [str(one.get("tag")) for one in sequences_of(document)]
    return [one for one in tags if one not in behind]


def _new_tag(kind: str) -> str:
    return _NEW_TAGS.get(kind, kind.replace("_", "-"))


def _new_event(tag: str, kind: str) -> JsonObject:
    """With what its type cannot do without, where that can be guessed."""
    event: JsonObject = {"tag": tag, "type": kind}
    if kind == "sleep":
        event["input"] = "1m"
    elif kind == "wait_signal":
        event |= {"event": "approve", "approval": True, "timeout": "24h"}
    elif kind == "fail":
        event["input"] = {"message": "Say why the run ends here.", "code": "stopped"}
    return event


def _assign(row: JsonObject, changes: Mapping[str, Json]) -> None:
    for key, value in changes.items():
        if value is None:
            row.pop(key, None)
        else:
            row[key] = value


def _parents(sequence: JsonObject) -> list[str]:
    given = sequence.get("parents")
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []


def _moved(rows: list[JsonObject], row: JsonObject, way: Literal["up", "down"]) -> list[JsonObject]:
    place = next(place for place, one in enumerate(rows) if one is row)
    target = max(0, min(len(rows) - 1, place + (1 if way == "down" else -1)))
    rows.insert(target, rows.pop(place))
    return rows


def _tags(document: JsonObject) -> list[str]:
    """Those of all events: `$Step{tag}` means one that no other event has."""
    return [str(event.get("tag")) for one in sequences_of(document) for event in events_of(one)]


def _followed(before: JsonObject, changed: JsonObject, old: StepName, new: StepName) -> JsonObject:
    """Every expression that named an event names it by its new tag or place."""
    whole = f"$Sequence{{{new.sequence}}}{{{new.event}}}"
    changed = _renamed(changed, f"$Sequence{{{old.sequence}}}{{{old.event}}}", whole)
    if _tags(before).count(old.event) != 1:
        return changed
    short = f"$Step{{{new.event}}}" if _tags(changed).count(new.event) == 1 else whole
    return _renamed(changed, f"$Step{{{old.event}}}", short)


def _renamed(document: JsonObject, old: str, new: str) -> JsonObject:
    found = _replaced(document, old, new)
    return found if isinstance(found, dict) else document


def _replaced(value: Json, old: str, new: str) -> Json:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, dict):
        return {key: _replaced(one, old, new) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, old, new) for one in value]
    return value
