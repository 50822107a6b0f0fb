"""Reads one event of a sequence."""

from __future__ import annotations

from typing import cast

from products.features.definition import AfterParent, Call, Event, Keep, Loop, StepName, Tries, Undo, Wait, WhenUnknown
from products.features.input_fields import read_fields
from products.features.types import CONTROL_TYPES, EVENT_TYPES, keys_of, why_not
from products.lib.fields import Fields
from products.lib.jsontypes import Json
from products.lib.periods import PeriodError, duration_seconds
from products.lib.tags import TAG_PATTERN
from products.lib.tries import LEAST_TRY_S, MAX_RETRIES, MAX_TRY_S

MAX_AT_ONCE = 1_000
MAX_DELAY_S = 86_400.0
MAX_WAIT_S = 366 * 86_400.0
MAX_KEEP_S = 366 * 86_400.0
ROLES = ("owner", "admin", "developer", "viewer")
_TAG_SAY = "Use lower-case letters, digits, - and _, starting with a letter or digit, at most 63."
_TARGET = 200
_CONDITION = 65_536
_UNDO_KEYS = ("type", "app", "event", "input", "retries", "retry_delay", "backoff", "timeout")
_TRIES = frozenset({"retries", "retry_delay", "backoff", "timeout"})
_KEEP_KEYS = ("for", "key", "name")


def read_event(row: Fields, sequence: str) -> Event:
    """The event at `row`; what is wrong with it is noted there."""
    kind = row.text("type", most=40, required=True)
    if kind in EVENT_TYPES:
        _refuse_unknown(row, kind)
    call = _call(row, kind)
    if kind in {"action"} and not call.app:
        row.wrong("app", "Which connection's action this is: its access tag is missing.", "required")
    if kind in EVENT_TYPES and kind not in CONTROL_TYPES and not call.event:
        row.wrong("event", "What is to happen: the tag of the target is missing.", "required")
    wait = _wait(row, call) if kind == "wait_signal" else None
    return Event(
        name=StepName(sequence, row.text("tag", most=63, required=True, pattern=TAG_PATTERN.pattern, say=_TAG_SAY)),
        call=call,
        title=row.text("name", most=200),
        condition=row.text("condition", most=_CONDITION),
        loop=_loop(row),
        tries=Tries() if wait else _tries(row),
        allow_fail=row.flag("allow_fail"),
        keep=_keep(row),
        undo=_undo(row),
        critical=row.flag("critical"),
        when_unknown=cast(WhenUnknown, row.choice("when_unknown", ("retry", "ask"), "retry")),
        wait=wait,
        after_parent=_after_parent(row),
        pointer=row.pointer,
    )


def duration(row: Fields, key: str, *, most: float, least: float = 0.0) -> float | None:
    """A length of time in seconds, given as a number of them or as `10s`, `5m`, `2h`; None where there is none."""
    given = row.data.get(key)
    if given is None:
        return None
    try:
        seconds = duration_seconds(given)
    except PeriodError as error:
        row.wrong(key, str(error))
        return None
    if not least <= seconds <= most:
        row.wrong(key, f"This must be between {least:g} and {most:g} seconds.", "out_of_range")
        return None
    return seconds


def _refuse_unknown(row: Fields, kind: str) -> None:
    known = keys_of(kind)
    for key in row.data:
        if key not in known:
            detail = f"An event of type “{kind}” has no field “{str(key)[:60]}”. {why_not(kind)}"
            row.wrong(key, detail.strip(), "unknown")


def _call(row: Fields, kind: str) -> Call:
    return Call(
        type=kind,
        app=row.text("app", most=63),
        event=row.text("event", most=_TARGET),
        input=row.json("input"),
    )


def _loop(row: Fields) -> Loop | None:
    at_once = row.number("concurrency", least=1, most=MAX_AT_ONCE, whole=True)
    items: Json = row.json("for_each")
    if items is None:
        if at_once is not None:
            row.wrong("concurrency", "This belongs to for_each, which is missing.", "unknown")
        return None
    if not isinstance(items, (list, str)):
        row.wrong("for_each", "This must be a list or an expression that gives one.", "type")
        return None
    return Loop(items, int(at_once or 1))


def _tries(row: Fields) -> Tries:
    retries = row.number("retries", least=0, most=MAX_RETRIES, whole=True)
    return Tries(
        retries=None if retries is None else int(retries),
        delay_s=duration(row, "retry_delay", most=MAX_DELAY_S),
        backoff=row.number("backoff", least=1, most=10),
        timeout_s=duration(row, "timeout", least=LEAST_TRY_S, most=MAX_TRY_S),
    )


def _keep(row: Fields) -> Keep | None:
    given = row.data.get("cache")
    if given is None:
        return None
    if isinstance(given, (str, int, float)) and not isinstance(given, bool):
        seconds = duration(row, "cache", most=MAX_KEEP_S)
        return Keep(seconds) if seconds else None
    inner = Fields(row.object("cache"), row.problems, pointer=f"{row.pointer}/cache", known=_KEEP_KEYS)
    name = inner.text("name", most=63)
    if name:
        if "for" in inner.data:
            inner.wrong("for", "The cache says itself how long it keeps.", "unknown")
        return Keep(key=inner.json("key"), name=name)
    seconds = duration(inner, "for", most=MAX_KEEP_S)
    if seconds is None:
        if "for" not in inner.data:
            inner.wrong("for", "How long the result is kept is missing, or the name of a cache.", "required")
        return None
    return Keep(seconds, inner.json("key"))


def _undo(row: Fields) -> Undo | None:
    if row.data.get("rollback") is None:
        return None
    inner = Fields(row.object("rollback"), row.problems, pointer=f"{row.pointer}/rollback", known=_UNDO_KEYS)
    kind = inner.text("type", most=40, required=True)
    call = _call(inner, kind)
    if kind in CONTROL_TYPES:
        inner.wrong("type", "An undo does something: it cannot wait, fail or mark a checkpoint.", "not_allowed")
    elif kind and not call.event:
        inner.wrong("event", "What takes the effect back: the tag of the target is missing.", "required")
    if kind == "feature":
        for key in sorted(_TRIES.intersection(inner.data)):
            inner.wrong(key, f"An undo of type “feature” has no field “{key}”. {why_not(kind)}", "unknown")
    return Undo(call, _tries(inner))


def _wait(row: Fields, call: Call) -> Wait:
    if not call.event:
        row.wrong("event", "The name of the signal is missing.", "required")
    roles = row.texts("roles", most=len(ROLES))
    for number, role in enumerate(roles):
        if role not in ROLES:
            row.wrong(f"roles/{number}", f"This must be one of: {', '.join(ROLES)}.", "not_allowed")
    return Wait(
        signal=call.event,
        timeout_s=duration(row, "timeout", most=MAX_WAIT_S),
        fields=read_fields(row, "schema", {}),
        approval=row.flag("approval"),
        roles=roles,
    )


def _after_parent(row: Fields) -> AfterParent:
    return cast(AfterParent, row.choice("after_parent", ("cancel", "leave"), "cancel"))
