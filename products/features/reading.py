"""Reads a feature from JSON and says everything that is wrong with its shape; what its expressions mean comes later."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import cast

from products.features.definition import (
    STRATEGIES,
    Call,
    Event,
    Feature,
    Mode,
    Options,
    Sequence,
    Strategy,
    Surplus,
    WhenFull,
)
from products.features.event_reading import duration, read_event
from products.features.graph import in_order
from products.features.input_fields import read_fields
from products.features.types import CONTROL_TYPES, EVENT_TYPES
from products.lib.errors import FieldProblem
from products.lib.fields import Fields, Problems
from products.lib.jsontypes import JsonObject
from products.lib.tags import TAG_PATTERN, slugify_tag

MAX_SEQUENCES = 500
MAX_EVENTS = 2_000
MAX_RUN_S = 366 * 86_400.0
TAG_SAY = "Use lower-case letters, digits, - and _, starting with a letter or digit, at most 63."
_KEYS = ("tag", "name", "description", "input", "sequences", "output", "options", "defs")
_SEQUENCE_KEYS = ("tag", "name", "mode", "parents", "events")
_OPTION_KEYS = ("timeout", "rollback", "concurrency")
_SURPLUS_KEYS = ("limit", "key", "surplus")


def read_feature(data: JsonObject, *, available: Collection[str]) -> tuple[Feature, tuple[FieldProblem, ...]]:
    """The feature, and what is wrong with it; with no problem it may be analysed and stored.

    `available` are the types of events that can be run by now, the control types aside.
    """
    problems = Problems()
    fields = Fields(data, problems, known=_KEYS)
    name = fields.text("name", most=200, required=True)
    defs = fields.object("defs")
    sequences = _sequences(fields, {*available, *CONTROL_TYPES})
    feature = Feature(
        tag=fields.text("tag", most=63, pattern=TAG_PATTERN.pattern, say=TAG_SAY) or slugify_tag(name),
        name=name,
        description=fields.text("description", most=10_000),
        input=read_fields(fields, "input", defs),
        sequences=in_order(sequences, problems),
        output=fields.json("output"),
        options=_options(fields),
        defs=defs,
    )
    return feature, tuple(problems.found)


def _sequences(fields: Fields, available: Collection[str]) -> list[Sequence]:
    found: list[Sequence] = []
    count = 0
    for row in fields.rows("sequences", most=MAX_SEQUENCES, known=_SEQUENCE_KEYS):
        tag = row.text("tag", most=63, required=True, pattern=TAG_PATTERN.pattern, say=TAG_SAY)
        if tag and any(one.tag == tag for one in found):
            row.wrong("tag", f"Another sequence is called “{tag}” already.", "duplicate")
        events = _events(row, tag, available)
        count += len(events)
        found.append(
            Sequence(
                tag=tag,
                events=events,
                parents=row.texts("parents", most=50, longest=63),
                mode=cast(Mode, row.choice("mode", ("ordered", "concurrent"), "ordered")),
                title=row.text("name", most=200),
            )
        )
    if count > MAX_EVENTS:
        fields.wrong("sequences", f"A feature may have at most {MAX_EVENTS} events; this one has {count}.", "too_long")
    elif not count and not fields.problems.found:
        fields.wrong("sequences", "A feature needs at least one event.", "required")
    return found


def _events(row: Fields, sequence: str, available: Collection[str]) -> tuple[Event, ...]:
    found: list[Event] = []
    seen: set[str] = set()
    for event_row in row.rows("events", most=MAX_EVENTS, known=()):
        event = read_event(event_row, sequence)
        _check_type(event_row, event.call, available)
        if event.name.event in seen:
            twin = f"Another event of this sequence is called “{event.name.event}” already."
            event_row.wrong("tag", twin, "duplicate")
        seen.add(event.name.event)
        if event.undo is not None:
            undo_row = Fields(event_row.object("rollback"), row.problems, pointer=f"{event_row.pointer}/rollback")
            _check_type(undo_row, event.undo.call, available)
        found.append(event)
    if not found and isinstance(row.data.get("events"), (list, tuple)):
        row.wrong("events", "A sequence needs at least one event.", "required")
    return tuple(found)


def _check_type(row: Fields, call: Call, available: Collection[str]) -> None:
    if not call.type:
        return
    if call.type not in EVENT_TYPES:
        near = get_close_matches(call.type, EVENT_TYPES, n=1)
        hint = f" Did you mean “{near[0]}”?" if near else f" Use one of: {', '.join(sorted(available))}."
        row.wrong("type", f"There is no type of event “{call.type[:40]}”.{hint}", "not_allowed")
    elif call.type not in available:
        row.wrong("type", f"Events of type “{call.type}” cannot be run by this version yet.", "not_available")


def _options(fields: Fields) -> Options:
    row = Fields(fields.object("options"), fields.problems, pointer=f"{fields.pointer}/options", known=_OPTION_KEYS)
    return Options(
        timeout_s=duration(row, "timeout", most=MAX_RUN_S),
        rollback=cast(Strategy, row.choice("rollback", STRATEGIES, "reverse_all")),
        surplus=_surplus(row) if row.data.get("concurrency") is not None else None,
    )


def _surplus(row: Fields) -> Surplus | None:
    inner = Fields(row.object("concurrency"), row.problems, pointer=f"{row.pointer}/concurrency", known=_SURPLUS_KEYS)
    limit = inner.number("limit", least=1, most=10_000, whole=True)
    if limit is None:
        inner.wrong("limit", "This field is required.", "required")
        return None
    then = inner.choice("surplus", ("wait", "drop", "cancel_older"), "wait")
    return Surplus(int(limit), inner.json("key"), cast(WhenFull, then))
