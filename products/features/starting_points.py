"""What a new feature may begin with: small documents that are right for the product they are offered in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from products.features.action_inputs import wrong_action_input
from products.features.checking import World
from products.lib.jsontypes import JsonObject

MOST_LOOKED_AT = 50  # actions, for one that needs no input


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """A definition to begin with, and what to tell of it."""

    key: str
    name: str
    says: str
    definition: JsonObject


def starting_points(world: World) -> list[StartingPoint]:
    """Those that can be saved as they are: calls are offered where an action is connected that needs no input."""
    call = _first_call(world)
    return [
        StartingPoint("empty", "Empty", "One checkpoint to build on.", _definition([_checkpoint("start")])),
        *([] if call is None else _with_calls(call)),
        StartingPoint("approval", "Ask a person", "Waits up to a day for a yes or a no.", _APPROVAL),
        StartingPoint("later", "Wait, then go on", "Sleeps without holding a worker.", _LATER),
    ]


def _with_calls(call: JsonObject) -> list[StartingPoint]:
    once = {"tag": "call", **call, "retries": 3, "timeout": "30s", "input": {}}
    each = {"tag": "call", **call, "for_each": "$Input{items}", "concurrency": 5, "input": {}}
    first, second = {"tag": "one", **call, "input": {}}, {"tag": "two", **call, "input": {}, "allow_fail": True}
    return [
        StartingPoint("call", "Call an action", "Tried again when it fails for a while.", _definition([once])),
        StartingPoint(
            "each",
            "Call an action for each item",
            "Five at once, over a list of the input.",
            {**_definition([each]), "input": {"items": {"type": "array", "required": True}}},
        ),
        StartingPoint(
            "beside",
            "Two calls side by side",
            "One of them may fail.",
            _definition([first, second], mode="concurrent"),
        ),
    ]


def _first_call(world: World) -> JsonObject | None:
    """An action that can be called with nothing."""
    named = ((tag, action) for tag, one in sorted(world.connections.items()) for action in sorted(one.actions))
    first = list(islice(named, MOST_LOOKED_AT))
    specs = world.specs(first)
    for app, action in first:
        spec = specs.get((app, action))
        if spec is None or not any(wrong_action_input(spec, {}, "")):
            return {"type": "action", "app": app, "event": action}
    return None


def _definition(events: list[JsonObject], **more: str) -> JsonObject:
    return {"input": {}, "sequences": [{"tag": "main", **more, "events": list(events)}], "options": {}}


def _checkpoint(tag: str) -> JsonObject:
    return {"tag": tag, "type": "checkpoint"}


_APPROVAL: JsonObject = {
    "input": {"reason": {"type": "string", "required": True}},
    "sequences": [
        {
            "tag": "ask",
            "events": [
                {"tag": "manager", "type": "wait_signal", "event": "approve", "approval": True, "timeout": "24h"}
            ],
        },
        {
            "tag": "then",
            "parents": ["ask"],
            "events": [
                {
                    "tag": "refused",
                    "type": "fail",
                    "condition": "$Sequence{ask}{manager}{approved} == false",
                    "input": {"message": "Refused.", "code": "refused"},
                },
                _checkpoint("approved"),
            ],
        },
    ],
    "output": {"comment": "$Sequence{ask}{manager}{comment}"},
    "options": {},
}
_LATER: JsonObject = _definition([{"tag": "wait", "type": "sleep", "input": "5m"}, _checkpoint("after")])
