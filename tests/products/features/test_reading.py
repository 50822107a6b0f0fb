"""A feature is read from JSON, and everything wrong with its shape is said with its place."""

from __future__ import annotations

import copy

import pytest

from products.features import EVENT_TYPES, StepName, read_feature
from products.lib.jsontypes import Json, JsonObject

ALL = set(EVENT_TYPES)
FULFIL: JsonObject = {
    "tag": "fulfil-order",
    "name": "Fulfil order",
    "input": {
        "order_id": {"type": "uuid", "required": True},
        "email": {"type": "EMAIL_STRING"},
        "amount": {"type": "float"},
        "items": {"type": "array"},
    },
    "sequences": [
        {
            "tag": "tell",
            "parents": ["charge", "reserve"],
            "events": [
                {
                    "tag": "mail",
                    "type": "notification",
                    "event": "notify-users:order-paid",
                    "condition": "$Input{email} != null",
                    "input": {"email": {"to": ["$Input{email}"]}},
                }
            ],
        },
        {
            "tag": "charge",
            "events": [
                {
                    "tag": "payment",
                    "type": "action",
                    "app": "stripe-us",
                    "event": "create-charge",
                    "input": {"amount": "$Input{amount}"},
                    "retries": 3,
                    "timeout": "10s",
                    "rollback": {
                        "type": "action",
                        "app": "stripe-us",
                        "event": "refund",
                        "input": {"charge": "$Sequence{charge}{payment}{id}"},
                    },
                }
            ],
        },
        {
            "tag": "reserve",
            "mode": "concurrent",
            "events": [
                {
                    "tag": "stock",
                    "type": "db_action",
                    "event": "orders-db:reserve",
                    "for_each": "$Input{items}",
                    "input": {"sku": "$Item{sku}"},
                },
                {
                    "tag": "audit",
                    "type": "publish",
                    "event": "order-events:reserved",
                    "input": {"id": "$Input{order_id}"},
                    "allow_fail": True,
                },
            ],
        },
    ],
    "output": {"charge": "$Sequence{charge}{payment}{id}"},
    "options": {"timeout": "5m", "rollback": "reverse_all"},
}


def test_the_feature_of_the_domain_is_read_with_its_sequences_after_their_parents() -> None:
    feature, problems = read_feature(FULFIL, available=ALL)
    assert not problems
    assert [sequence.tag for sequence in feature.sequences] == ["charge", "reserve", "tell"]
    assert feature.ancestors()["tell"] == {"charge", "reserve"}
    payment = next(event for event in feature.events() if event.name == StepName("charge", "payment"))
    assert (payment.tries.retries, payment.tries.timeout_s, payment.call.target) == (3, 10.0, "stripe-us:create-charge")
    assert payment.undo is not None
    assert payment.undo.call.event == "refund"
    assert payment.pointer == "/sequences/1/events/0"
    assert feature.options.timeout_s == 300
    assert [param.type for param in feature.input] == ["uuid", "email_string", "float", "array"]


def test_what_cannot_be_run_yet_is_refused_in_a_sentence() -> None:
    _, problems = read_feature(FULFIL, available=("action",))
    assert [(one.pointer, one.code) for one in problems] == [
        ("/sequences/0/events/0/type", "not_available"),
        ("/sequences/2/events/0/type", "not_available"),
        ("/sequences/2/events/1/type", "not_available"),
    ]
    assert problems[0].detail == "Events of type “notification” cannot be run by this version yet."


def changed(path: str, value: Json) -> JsonObject:
    """The feature with one value put in its place; `...` takes it away."""
    made = copy.deepcopy(FULFIL)
    *way, last = path.strip("/").split("/")
    box = made
    for part in way:
        box = box[int(part)] if isinstance(box, list) else box[part]
    if value is ...:
        del box[last]
    elif isinstance(box, list):
        box[int(last)] = value
    else:
        box[last] = value
    return made


@pytest.mark.parametrize(
    ("path", "value", "pointer", "words"),
    [
        ("/name", ..., "/name", "required"),
        ("/tag", "Fulfil Order", "/tag", "lower-case"),
        ("/stages", [], "/stages", "no field “stages”"),
        ("/sequences", [], "/sequences", "at least one event"),
        ("/sequences/1/events", [], "/sequences/1/events", "at least one event"),
        ("/sequences/0/parents", ["chrage"], "/sequences/0/parents/0", "Did you mean “charge”?"),
        ("/sequences/1/parents", ["tell"], "/sequences/", "wait for each other"),
        ("/sequences/2/tag", "charge", "/sequences/2/tag", "called “charge” already"),
        ("/sequences/2/events/1/tag", "stock", "/sequences/2/events/1/tag", "called “stock” already"),
        ("/sequences/1/events/0/type", "actoin", "/sequences/1/events/0/type", "Did you mean “action”?"),
        ("/sequences/1/events/0/type", ..., "/sequences/1/events/0/type", "required"),
        ("/sequences/1/events/0/app", ..., "/sequences/1/events/0/app", "access tag"),
        ("/sequences/1/events/0/event", ..., "/sequences/1/events/0/event", "target is missing"),
        ("/sequences/1/events/0/retries", 99, "/sequences/1/events/0/retries", "between 0 and 10"),
        ("/sequences/1/events/0/retries", True, "/sequences/1/events/0/retries", "whole number"),
        ("/sequences/1/events/0/timeout", "5 parsecs", "/sequences/1/events/0/timeout", "Unknown period"),
        ("/sequences/1/events/0/timeout", "3h", "/sequences/1/events/0/timeout", "between 0.1 and 3600"),
        ("/sequences/1/events/0/concurrency", 3, "/sequences/1/events/0/concurrency", "for_each, which is missing"),
        ("/sequences/2/events/0/for_each", 3, "/sequences/2/events/0/for_each", "list or an expression"),
        ("/sequences/1/events/0/cache", {"key": 1}, "/sequences/1/events/0/cache/for", "How long"),
        ("/sequences/1/events/0/rollback/type", "sleep", "/sequences/1/events/0/rollback/type", "cannot wait"),
        ("/sequences/1/events/0/rollback/condition", "x", "/sequences/1/events/0/rollback/condition", "no field"),
        ("/sequences/1/events/0/allow_fail", "yes", "/sequences/1/events/0/allow_fail", "true or false"),
        ("/input/amount/type", "money", "/input/amount/type", "Unknown type “money”"),
        ("/input/amount/default", "ten", "/input/amount/default", "no value for the field"),
        ("/input/amount", 3, "/input/amount", "a type or an object"),
        ("/options/rollback", "all", "/options/rollback", "one of: reverse_all"),
        ("/options/timeout", -1, "/options/timeout", "above zero"),
        ("/options/concurrency", {"surplus": "drop"}, "/options/concurrency/limit", "required"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(path: str, value: Json, pointer: str, words: str) -> None:
    _, problems = read_feature(changed(path, value), available=ALL)
    assert problems, "nothing was found"
    assert any(one.pointer.startswith(pointer) and words in one.detail for one in problems), problems


def test_a_control_event_has_nothing_to_retry_or_undo() -> None:
    nap: JsonObject = {"tag": "nap", "type": "sleep", "input": "5m", "retries": 2}
    _, problems = read_feature({"name": "F", "sequences": [{"tag": "s", "events": [nap]}]}, available=ALL)
    assert problems[0].detail == (
        "An event of type “sleep” has no field “retries”. "
        "Sleeping calls nothing, so there is nothing to retry, keep or undo."
    )


@pytest.mark.parametrize("value", [None, 1, "x", [], {"a": 1}, [1], [[]], {"": {}}, True])
@pytest.mark.parametrize("path", ["/sequences", "/sequences/1/events", "/sequences/1/events/0", "/input", "/options",
                                  "/sequences/1/events/0/rollback", "/sequences/1/events/0/cache",
                                  "/sequences/0/parents",
                                  "/sequences/1/events/0/tag", "/output", "/defs"])  # fmt: skip
def test_J12_no_value_in_any_place_breaks_the_reader(path: str, value: Json) -> None:
    read_feature(changed(path, value), available=ALL)


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"retries": 2}, "/sequences/0/events/0/retries"),
        ({"timeout": "5s"}, "/sequences/0/events/0/timeout"),
        ({"cache": "5s"}, "/sequences/0/events/0/cache"),
        ({"rollback": {"type": "sleep", "input": "1s"}}, "/sequences/0/events/0/rollback/type"),
    ],
)
def test_what_a_child_feature_would_not_do_is_refused(more: JsonObject, pointer: str) -> None:
    event = {"tag": "a", "type": "feature", "event": "bill", **more}
    document: JsonObject = {"name": "F", "sequences": [{"tag": "main", "events": [event]}]}
    assert [one.pointer for one in read_feature(document, available=("action", "feature"))[1]] == [pointer]
