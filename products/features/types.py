"""The types of events, and which parts of an event each of them knows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Those that stand for something outside the engine. Which of them can be used already, the catalogue says.
TARGET_TYPES = (
    "action", "db_action", "notification", "storage", "publish", "job", "feature", "function", "quota", "fallback",
    "cache", "webhook",
)  # fmt: skip
CONTROL_TYPES = ("sleep", "wait_signal", "checkpoint", "fail")
EVENT_TYPES = (*TARGET_TYPES, *CONTROL_TYPES)

ALWAYS = ("tag", "name", "type", "condition", "input")
_EFFECT = ("retries", "retry_delay", "backoff", "timeout", "allow_fail", "cache", "rollback", "critical", "for_each",
           "concurrency", "event", "when_unknown")  # fmt: skip
_OWN: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "action": (*_EFFECT, "app"),
    "feature": ("allow_fail", "rollback", "critical", "for_each", "concurrency", "event", "after_parent"),
    "sleep": ("for_each", "concurrency"),
    "wait_signal": ("event", "timeout", "allow_fail", "schema", "approval", "roles", "for_each", "concurrency"),
    "checkpoint": ("event",),
    "fail": (),
})  # fmt: skip
_WHY_NOT: Mapping[str, str] = MappingProxyType({
    "feature": "The events of that feature have their own tries and limits, and its options a timeout.",
    "sleep": "Sleeping calls nothing, so there is nothing to retry, keep or undo.",
    "wait_signal": "Waiting for a signal calls nothing, so there is nothing to retry, keep or undo.",
    "checkpoint": "A checkpoint calls nothing: it has a tag, a condition and an input to remember.",
    "fail": "This ends the run: it has a condition and an input with “message” and “code”.",
})


def keys_of(event_type: str) -> tuple[str, ...]:
    """The fields that an event of this type may have."""
    return (*ALWAYS, *_OWN.get(event_type, _EFFECT))


def why_not(event_type: str) -> str:
    """Why a field is not one of this type, in a sentence; "" where there is nothing to say."""
    return _WHY_NOT.get(event_type, "")
