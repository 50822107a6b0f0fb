"""The fields of events in words. Which type has which of them, `products.features.types` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class EventField:
    """One field of an event; `expressions` where its texts may hold some."""

    name: str
    kind: str
    text: str
    required: bool = False
    expressions: bool = False


_LENGTH = "length of time"
_ALL: tuple[EventField, ...] = (
    EventField("tag", "tag", "What the event is called in its sequence; references and steps name it.", required=True),
    EventField("name", "text", "A title for people."),
    EventField("type", "text", "One of the types of events.", required=True),
    EventField(
        "condition", "condition", "The event is skipped unless this holds; its result is null then. In a loop a "
        "condition that names `$Item` or `$Index` is asked of every item.", expressions=True,
    ),
    EventField("input", "anything", "What is given to it, to any depth.", expressions=True),
    EventField("app", "tag", "The access tag of the connection.", required=True),
    EventField("event", "tag", "The tag of what is called.", required=True),
    EventField(
        "for_each", "list", "Makes the event once for each element, which is `$Item`, at the place `$Index`. The "
        "result is the list of results.", expressions=True,
    ),
    EventField("concurrency", "1 to 1000", "How many items are worked on at once; 1 without it, one after the other."),
    EventField("retries", "0 to 10", "How often a call that failed is tried again; without it as the action says."),
    EventField("retry_delay", _LENGTH, "How long to wait before the first of these tries, up to a day."),
    EventField("backoff", "1 to 10", "By how much each wait is longer than the one before, up to a day."),
    EventField("timeout", _LENGTH, "How long one try may take."),
    EventField("allow_fail", "true or false", "The run goes on when the event fails; its result is null then."),
    EventField(
        "cache", "length of time, or object", "Keeps the result that long, and gives it without a call to whoever asks "
        'with an equal input; `{"for": …, "key": …}` with an equal key. `{"name": …}` keeps it in that cache of the '
        "product, which says itself how long.", expressions=True,
    ),
    EventField(
        "rollback", "object", "What takes the effect back: `type`, `app`, `event`, `input` and how it is tried. Its "
        "input may name the event's own result, and `$Error`: why the run failed.", expressions=True,
    ),
    EventField("critical", "true or false", "Is taken back under the strategy `critical_only` too."),
    EventField(
        "when_unknown", "retry or ask", "After a call of which nobody knows whether it had its effect: try again, "
        "which is the default, or ask a person.",
    ),
    EventField(
        "after_parent", "cancel or leave", "What becomes of the child when its parent is stopped first; cancel is the "
        "default.",
    ),
    EventField(
        "schema", "fields", "The fields of the signal's payload, declared as the feature's `input` is.",
    ),
    EventField("approval", "true or false", "The signal is a person's yes or no."),
    EventField("roles", "list of roles", "Who may answer: owner, admin, developer, viewer."),
)  # fmt: skip
_OF_ONE_TYPE: tuple[tuple[str, EventField], ...] = (
    ("action", EventField("event", "tag", "The tag of the action.", required=True)),
    ("feature", EventField("event", "tag", "The tag of the feature.", required=True)),
    (
        "db_action",
        EventField("event", "tag:tag", "The database and its action: `orders-db:create-order`.", required=True),
    ),
    ("storage", EventField("event", "tag:operation", "The storage and what to do: `receipts:save`.", required=True)),
    ("cache", EventField("event", "tag:operation", "The cache and what to do: `rates:get`.", required=True)),
    (
        "wait_signal",
        EventField(
            "event",
            "text",
            "The name of the signal, fixed text. Events of one name have the same roles and schema, and"
            " each takes a signal of its own.",
            required=True,
        ),
    ),
    ("wait_signal", EventField("timeout", _LENGTH, "How long it waits; without it for ever.")),
    ("checkpoint", EventField("event", "text", "A word for people; it changes nothing.")),
)
FIELDS: Final[dict[tuple[str, str], EventField]] = {
    **{("", each.name): each for each in _ALL},
    **{(of, each.name): each for of, each in _OF_ONE_TYPE},
}
