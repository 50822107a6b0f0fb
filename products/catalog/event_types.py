"""The types of events that features are made of: what each does, its fields, and an example that can be saved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from products.catalog.event_fields import FIELDS, EventField
from products.features.types import keys_of
from products.lib.jsontypes import Json, JsonObject

_PLACES: Final = {name: place for place, name in enumerate(dict.fromkeys(name for _, name in FIELDS))}
_WIDTH = 88


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event, for its page of the help."""

    name: str
    title: str
    icon: str
    summary: str
    text: tuple[str, ...]  # paragraphs
    result: str
    sample: JsonObject

    @property
    def slug(self) -> str:
        """Of its page."""
        return f"event-{self.name.replace('_', '-')}"

    @property
    def fields(self) -> tuple[EventField, ...]:
        """Those that the reader takes for this type, what it is first, then what it is given, then how it is done."""
        known = sorted(keys_of(self.name), key=_PLACES.__getitem__)
        return tuple(FIELDS.get((self.name, key)) or FIELDS["", key] for key in known)

    @property
    def example(self) -> str:
        """An event as it stands in a definition."""
        return written(self.sample)


def written(value: Json, indent: int = 0) -> str:
    """JSON as a person would write it: what fits on a line stands on one."""
    short = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, (dict, list)) or len(short) + indent <= _WIDTH:
        return short
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {written(one, indent + 2)}" for key, one in value.items()]
    else:
        parts = [written(one, indent + 2) for one in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return f"{first}\n{inner}" + f",\n{inner}".join(parts) + f"\n{' ' * indent}{last}"


EVENT_TYPES: Final[tuple[EventType, ...]] = (
    EventType(
        "action",
        "Action",
        "api",
        "Calls an action of a connected app.",
        (
            "The call is the same as that of a run of the action alone: the connection says where it leads in this "
            "environment, with which variables and credentials, and the action's schema says where each field of the "
            "input belongs.",
            "Every try that may change something carries an `Idempotency-Key`, the same for this step of this run, so "
            "that a remote side that honours it does the thing once, even when a worker died during the call.",
            "A remote side that honours no such key, and must not be asked twice, gets `when_unknown`: `ask`. When "
            "nobody knows whether a call had its effect, the run then waits until a person says what came of it.",
        ),
        "The answer's body.",
        {
            "tag": "payment", "type": "action", "app": "shop", "event": "create-payment",
            "input": {"amount": "$Input{amount}"}, "retries": 3, "timeout": "10s", "critical": True,
            "rollback": {"type": "action", "app": "shop", "event": "refund-payment",
                         "input": {"payment_id": "$Step{payment}{id}"}},
        },
    ),
    EventType(
        "feature",
        "Feature",
        "git-branch",
        "Starts another feature of the product and waits for its end.",
        (
            "The child is a run of its own, with its own steps, log and page; each of the two leads to the other. It "
            "runs what its parent runs: a feature of the same release, or of the draft as it stood.",
            "A feature may start itself. How deep runs may start each other is limited, so that this ends.",
            "It has no tries and no time limit of its own here: the events of the child have theirs, and its options a "
            "`timeout`.",
            "When the parent is cancelled or fails first, the child is cancelled too, and takes back what it did; with "
            "`after_parent`: `leave` it goes on by itself.",
        ),
        "The output of the child. The step fails with `child_failed` when the child does not complete.",
        {
            "tag": "invoice", "type": "feature", "event": "send-invoice",
            "input": {"order": "$Input{order_id}"}, "after_parent": "leave",
        },
    ),
    EventType(
        "db_action",
        "Database action",
        "database",
        "Runs an action of one of the product's databases.",
        (
            "`event` names the database and its action, as `orders-db:create-order`. The input gives the action's "
            "placeholders their values, which are bound as parameters and never become part of the statement.",
            "An action's statements are made in one transaction: all of them or none. A try of which nobody knows "
            "whether it was committed is asked of the database before it is made again.",
            "What a change did is taken back by another action of the database under `rollback`.",
        ),
        "`rows`, `count` of them, `changed` rows, and whether rows were `truncated`.",
        {
            "tag": "order", "type": "db_action", "event": "orders-db:create-order",
            "input": {"number": "$Input{order_id}", "total": "$Input{amount}"},
            "rollback": {"type": "db_action", "event": "orders-db:delete-order",
                         "input": {"number": "$Input{order_id}"}},
        },
    ),
    EventType(
        "storage",
        "Storage",
        "folder",
        "Saves, reads, lists, copies, signs or deletes files of one of the product's storages.",
        (
            "`event` names the storage and the operation, as `receipts:save`; the input has the operation's fields, "
            "which the help page of storages lists.",
            "A large file does not go through expressions: `read` gives a `file`, which another event's `save` takes.",
            "Saving under the same key again replaces the file, so that a try that is made twice leaves one.",
        ),
        "What the operation gives: of `save` the `key`, `size`, `content_type` and `etag`.",
        {
            "tag": "receipt", "type": "storage", "event": "receipts:save",
            "input": {"key": "receipts/$Input{order_id}.json", "json": {"total": "$Input{amount}"}},
            "rollback": {"type": "storage", "event": "receipts:delete",
                         "input": {"key": "receipts/$Input{order_id}.json"}},
        },
    ),
    EventType(
        "cache",
        "Cache",
        "bolt",
        "Gets, sets, counts up or forgets a value of one of the product's caches.",
        (
            "`event` names the cache and the operation, as `rates:get`. A value ends after the time that the input's "
            "`for` says, or the cache.",
            "To keep the result of another event, that event names the cache under its own `cache`; this type is for "
            "values of your own, as a counter that all runs share.",
        ),
        "What the operation gives: of `get` the `value`, whether it was `found`, and its `age_s`.",
        {
            "tag": "visits", "type": "cache", "event": "rates:increment",
            "input": {"key": "visits-$Input{order_id}", "by": 1, "for": "1d"},
        },
    ),
    EventType(
        "sleep",
        "Sleep",
        "clock",
        "Waits for a length of time, or until a date.",
        (
            "The input is a length of time (`10s`, `5m`, `2h`, `3d`, or a number of seconds), or an object with `for`, "
            "such a length, or `until`, a date as ISO 8601 text or in milliseconds. Without a zone a date is UTC. At "
            "most 366 days.",
            "Nothing is held meanwhile: the run is a row in the database, and survives whatever is restarted.",
        ),
        '`{"until": …}`, the moment it slept to.',
        {"tag": "grace", "type": "sleep", "input": {"for": "$Default($Input{grace}, '2h')"}},
    ),
    EventType(
        "wait_signal",
        "Wait for a signal",
        "bell",
        "Waits until a person or a program says something.",
        (
            "`event` is the signal's name. It is sent on the run's page or over REST, with a payload that is checked "
            "against `schema`. A signal that comes before the event waits for it is kept until it does.",
            "With `approval` it is a decision: a person says yes or no, may add a comment, and both are recorded with "
            "their name. A no is a result like any other: look at `approved` in the conditions that follow.",
            "`roles` says who may answer; nobody named: whoever may run. Without `timeout` it waits for ever; with one "
            "the step fails with `signal_timeout` unless it has `allow_fail`.",
        ),
        'The payload. Of an approval `{"approved": true, "by": …, "at": …, "comment": …}`.',
        {
            "tag": "consent", "type": "wait_signal", "event": "manager-consent", "approval": True,
            "roles": ["admin", "owner"], "timeout": "2d", "input": {"amount": "$Input{amount}"},
        },
    ),
    EventType(
        "checkpoint",
        "Checkpoint",
        "flag",
        "Marks how far a rollback goes back.",
        (
            "With the rollback strategy `to_checkpoint`, a run that fails takes back what came after the last "
            "checkpoint it had passed, and leaves what was done before it.",
            "Its input is kept as its result: a place for values that are worth a name.",
        ),
        "Its input.",
        {"tag": "paid", "type": "checkpoint", "input": {"total": "$Input{amount}"}},
    ),
    EventType(
        "fail",
        "Fail",
        "alert-triangle",
        "Ends the run as failed, and takes back what was done.",
        (
            "It stands with a `condition`: without one the run fails whenever it comes here. The input is the message, "
            "or an object with `message` and `code`, which stand in the run's error.",
        ),
        "None: what follows does not run, and the rollback begins.",
        {
            "tag": "too-much", "type": "fail", "condition": "$Input{amount} > 10000",
            "input": {"message": "Orders above 10000 are made by hand.", "code": "over_limit"},
        },
    ),
)  # fmt: skip
EVENT_TYPE_BY_SLUG: Final[dict[str, EventType]] = {each.slug: each for each in EVENT_TYPES}

# A whole definition: a payment that is taken back when the shipment fails.
FEATURE_EXAMPLE: Final[JsonObject] = {
    "input": {
        "order_id": {"type": "string", "required": True},
        "amount": {"type": "float", "required": True, "minimum": 0.01},
    },
    "sequences": [
        {"tag": "charge", "events": [
            {"tag": "payment", "type": "action", "app": "shop", "event": "create-payment", "retries": 3,
             "input": {"amount": "$Input{amount}"},
             "rollback": {"type": "action", "app": "shop", "event": "refund-payment",
                          "input": {"payment_id": "$Step{payment}{id}"}}}]},
        {"tag": "ship", "parents": ["charge"], "events": [
            {"tag": "parcel", "type": "action", "app": "shop", "event": "create-shipment",
             "input": {"order_id": "$Input{order_id}", "country": "NL"}}]},
    ],
    "output": {"payment": "$Step{payment}{id}", "parcel": "$Step{parcel}{id}"},
    "options": {"timeout": "5m", "rollback": "reverse_all"},
}  # fmt: skip
FEATURE_EXAMPLE_TEXT: Final = written(FEATURE_EXAMPLE)
