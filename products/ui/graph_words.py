"""What a card of a feature's graph says of its event: icon, label, target, marks."""

import re
from collections.abc import Mapping
from typing import Final

from products.features import Event
from products.features.definition import Wait
from products.ui.formats import duration_text

_ICONS: Final[Mapping[str, str]] = {
    "action": "plug-connected", "db_action": "database", "notification": "mail", "storage": "folder",
    "publish": "messages", "job": "clock-play", "feature": "route", "function": "code", "quota": "adjustments",
    "fallback": "shield-half", "cache": "bolt", "webhook": "webhook", "sleep": "clock", "wait_signal": "hand-stop",
    "checkpoint": "flag", "fail": "circle-x",
}  # fmt: skip
_TIMES: Final = "\N{MULTIPLICATION SIGN}"
_INTO: Final = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "
_LAST_KEY: Final = re.compile(r"\{([^{}]{1,40})\}[^{}]*\Z")


def icon_of(event_type: str) -> str:
    """Return the name of the icon, in the sprite, of a type of event."""
    return _ICONS.get(event_type, "square")


def label_of_event(event: Event) -> str:
    """Return the tag, and over what it loops: "stock", times, "items"."""
    if event.loop is None:
        return event.name.event
    items = event.loop.items
    if isinstance(items, list):
        return f"{event.name.event} {_TIMES} {len(items)}"
    key = _LAST_KEY.search(str(items))
    return f"{event.name.event} {_TIMES} {key[1] if key else 'each'}"


def target_of(event: Event) -> str:
    """Return what the event is about in a few words: connection and action, ``signal approve, 24 h``."""
    call = event.call
    if event.wait is not None:
        return _wait(event.wait)
    if call.type == "sleep":
        return _sleep(event)
    if call.type in {"checkpoint", "fail"}:
        return "what is done stays done" if call.type == "checkpoint" else "ends the run as failed"
    words = _INTO.join(part for part in (call.app, *call.event.split(":")) if part)
    return f"feature {words}" if call.type == "feature" else words


def marks_of(event: Event) -> list[tuple[str, str]]:
    """Return (icon, words) of what is special about an event, in a fixed order."""
    tries, undo = event.tries.retries, event.undo
    given = (
        (event.condition, "filter", f"Only if {event.condition[:200]}"),
        (event.loop, "repeat", f"For each item, {event.loop.concurrency if event.loop else 1} at once"),
        (tries, "refresh", f"Tried again up to {tries} time{'' if tries == 1 else 's'}"),
        (undo, "arrow-back-up", f"Undone by {undo.call.target if undo else ''}"),
        (event.keep, "bolt", "Its result is kept"),
        (event.allow_fail, "circle-dashed", "May fail: the run goes on"),
        (event.critical, "shield-lock", "Critical"),
    )
    return [(icon, words) for holds, icon, words in given if holds]


def _wait(wait: Wait) -> str:
    roles = f" by {', '.join(wait.roles)}" if wait.roles else ""
    limit = f", {duration_text(wait.timeout_s * 1_000)}" if wait.timeout_s else ""
    return f"approval{roles}{limit}" if wait.approval else f"signal {wait.signal}{limit}"


def _sleep(event: Event) -> str:
    given = event.call.input
    if isinstance(given, dict):
        return f"until {given['until']}" if given.get("until") else str(given.get("for", ""))
    return "" if given is None else str(given)
