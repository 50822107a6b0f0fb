"""The fields of an event, by its type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from products.catalog.event_types import EVENT_TYPES
from products.features import CONTROL_TYPES, World
from products.features.event_reading import ROLES
from products.features.types import keys_of
from products.forms.operation_inputs import declared_by, declared_words, operation_inputs
from products.forms.panels import MOST_CHOICES, Panel, PanelField, Part, field_for, kept_row
from products.lib.jsontypes import JsonObject
from products.ui.graph_words import icon_of

TYPE_WORDS = {
    "action": "Call an action", "feature": "Start a feature", "db_action": "Use a database", "storage": "Use a storage",
    "cache": "Use a cache", "sleep": "Wait for a time",
    "wait_signal": "Wait for a signal", "checkpoint": "Checkpoint", "fail": "End as failed",
}  # fmt: skip
OFFERED = tuple(TYPE_WORDS)
_INPUT_SAYS = {
    "sleep": 'A length of time such as 5m or 2h, an expression, or {"until": a date}.',
    "fail": "An object with “message” and “code”.",
    "checkpoint": "What to remember here; a later rollback stops at this place.",
    "feature": "The input of the child, by its fields.",
}
_OPERATION_WORDS = {
    "db_action": ("Database", "action"), "storage": ("Storage", "operation"), "cache": ("Cache", "operation"),
}  # fmt: skip
_LENGTH = "10s, 5m, 2h"


def event_panel(event: JsonObject, world: World, *, sequences: Sequence[str], sequence: str, pointer: str) -> Panel:
    """The panel of one event of a document."""
    row, kind = kept_row(event), str(event.get("type", ""))
    shown = keys_of(kind)
    parts = [
        Part("", _first(row, kind, world)),
        Part("When and how often", _when(row, shown, sequences, sequence)),
        Part("Tries and time", _tries(row, shown)),
        Part("Undo", _undo(row, world) if "rollback" in shown else []),
        Part("If it fails, and what is kept", _rest(row, shown, world)),
    ]
    return Panel(
        kind="event",
        title=str(event.get("tag", "")),
        parts=[part for part in parts if part.fields],
        pointer=pointer,
        hint=TYPE_WORDS.get(kind, kind),
        icon=icon_of(kind),
        help=next((one.slug for one in EVENT_TYPES if one.name == kind), "features"),
    )


def _first(row: JsonObject, kind: str, world: World) -> list[PanelField]:
    types = [(one, TYPE_WORDS[one]) for one in OFFERED]
    fields = [
        field_for(row, "type", "Type", "choice", choices=_with(types, kind), redraw=True),
        field_for(row, "tag", "Tag", "text", says="Expressions follow when you change it.", redraw=True),
    ]
    fields += _target(row, "", kind, world)
    if kind == "wait_signal":
        return [*fields, *_wait(row)]
    declared = declared_by(kind, _text(row, "", "event"), world)
    inputs = operation_inputs(row, "", kind, declared)
    if inputs is not None:
        return [*fields, *inputs]
    says = _INPUT_SAYS.get(kind) or declared_words(kind, declared)
    return [*fields, field_for(row, "input", "For how long" if kind == "sleep" else "Input", "value", says=says)]


def _target(row: JsonObject, at: str, kind: str, world: World) -> list[PanelField]:
    """Which action or feature; `at` is "rollback/" for that of an undo."""
    if kind == "feature":
        tags = _with([(tag, tag) for tag in sorted(world.inputs)], _text(row, at, "event"))
        return [field_for(row, f"{at}event", "Feature", "choice", choices=tags, redraw=True)]
    if kind == "action":
        app = _text(row, at, "app")
        known = world.connections.get(app)
        actions = sorted(known.actions)[:MOST_CHOICES] if known else []
        apps = _with([(tag, tag) for tag in sorted(world.connections)], app)
        chosen = _with([(tag, tag) for tag in actions], _text(row, at, "event"))
        return [
            field_for(row, f"{at}app", "Connection", "choice", choices=apps, redraw=True),
            field_for(row, f"{at}event", "Action", "choice", choices=chosen, redraw=True),
        ]
    if kind in world.resources:
        return [_operation(row, at, kind, world)]
    return [] if kind in CONTROL_TYPES or not kind else [field_for(row, f"{at}event", "Target", "text")]


def _operation(row: JsonObject, at: str, kind: str, world: World) -> PanelField:
    """Which resource, and what is done with it."""
    title, what = _OPERATION_WORDS.get(kind, ("Resource", "operation"))
    targets = sorted(f"{tag}:{name}" for tag, operations in world.resources[kind].items() for name in operations)
    choices = _with([(one, one.replace(":", " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "))
                     for one in targets[:MOST_CHOICES]], _text(row, at, "event"))  # fmt: skip
    says = "" if targets else f"The product has no {title.lower()} with an {what} yet."
    return field_for(row, f"{at}event", f"{title} and {what}", "choice", choices=choices, redraw=True, says=says)


def _wait(row: JsonObject) -> list[PanelField]:
    return [
        field_for(row, "event", "Signal", "text", says="The name it is sent under."),
        field_for(row, "approval", "A person approves or refuses", "flag"),
        field_for(row, "roles", "Who may answer", "choices", choices=[(role, role) for role in ROLES],
                  says="None ticked: whoever may run."),
        field_for(row, "timeout", "Wait at most", "text", says=f"{_LENGTH}. Empty: for ever."),
        field_for(row, "schema", "Fields of the answer", "value", says='{"note": "string"}'),
        field_for(row, "input", "Shown to who answers", "value"),
    ]  # fmt: skip


def _when(row: JsonObject, shown: Iterable[str], sequences: Sequence[str], sequence: str) -> list[PanelField]:
    fields = [field_for(row, "condition", "Condition", "expression", says="It is skipped unless this is true.")]
    if "for_each" in shown:
        fields += [
            field_for(row, "for_each", "For each of", "value", says="A list, or an expression that gives one."),
            field_for(row, "concurrency", "Items at once", "whole"),
        ]
    if len(sequences) > 1:
        choices = [(tag, tag) for tag in sequences]
        fields.append(PanelField("@sequence", "In sequence", "choice", sequence, choices, redraw=True))
    return fields


def _tries(row: JsonObject, shown: Iterable[str]) -> list[PanelField]:
    if "retries" not in shown:
        return []
    return [
        field_for(row, "retries", "Retries", "whole", says="Empty: as the action says."),
        field_for(row, "retry_delay", "Delay before the first", "text", says=_LENGTH),
        field_for(row, "backoff", "Longer each time by", "decimal", says="2 doubles it."),
        field_for(row, "timeout", "Time of one try", "text", says=_LENGTH),
    ]


def _undo(row: JsonObject, world: World) -> list[PanelField]:
    kind = _text(row, "rollback/", "type")
    others = [(one, TYPE_WORDS[one]) for one in world.resources if one in TYPE_WORDS]
    kinds = _with([("", "Nothing takes it back"), ("action", "An action"), *others], kind)
    fields = [field_for(row, "rollback/type", "What takes it back", "choice", choices=kinds, redraw=True)]
    if not kind:
        return fields
    declared = declared_by(kind, _text(row, "rollback/", "event"), world)
    says = "$Error and the event's own result are known here."
    inputs = operation_inputs(row, "rollback/", kind, declared)
    whole = [field_for(row, "rollback/input", "Input of the undo", "value", says=says)]
    return [*fields, *_target(row, "rollback/", kind, world), *(whole if inputs is None else inputs)]


def _rest(row: JsonObject, shown: Iterable[str], world: World) -> list[PanelField]:
    unknown = [("retry", "Try again"), ("ask", "Ask a person")]
    after = [("cancel", "Is cancelled"), ("leave", "Goes on")]
    every = [
        field_for(row, "allow_fail", "The run goes on when this fails", "flag"),
        field_for(row, "critical", "Critical: undone also under “critical only”", "flag"),
        field_for(
            row, "when_unknown", "When nobody knows whether it happened", "choice", choices=unknown, usual="retry"
        ),
        field_for(row, "cache/for", "Keep the result for", "text", says="1h. The same input gets it again."),
        *_named_cache(row, world),
        field_for(row, "cache/key", "Kept under", "value", says="Empty: under the input."),
        field_for(
            row, "after_parent", "When the parent ends first, the child", "choice", choices=after, usual="cancel"
        ),
    ]
    return [one for one in every if one.key.partition("/")[0] in shown]


def _named_cache(row: JsonObject, world: World) -> list[PanelField]:
    """In which cache of the product a result is kept, where it has one."""
    tags = sorted(world.resources.get("cache", {}))
    name = _text(row, "cache/", "name")
    if not tags and not name:
        return []
    choices = _with([("", "None"), *((tag, tag) for tag in tags)], name)
    says = "It says itself how long; then no time stands above."
    return [field_for(row, "cache/name", "Or in the cache", "choice", choices=choices, says=says)]


def _text(row: JsonObject, at: str, key: str) -> str:
    inner = row.get(at.rstrip("/")) if at else row
    return str(inner.get(key) or "") if isinstance(inner, dict) else ""


def _with(choices: list[tuple[str, str]], chosen: str) -> list[tuple[str, str]]:
    """What is written down can always be seen, also when it is not there any more."""
    if any(value == chosen for value, _ in choices):
        return choices
    return [(chosen, f"{chosen} (not there)" if chosen else "Choose one"), *choices]
