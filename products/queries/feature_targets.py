"""What the target of an event asks for: the input fields of an action, or of a feature."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from products.features import World
from products.lib.actions import INPUT_KEY, ActionSpec, action_from_json
from products.lib.jsontypes import Json, JsonObject
from products.lib.schema_rows import schema_rows
from products.models import Action, Connection, Product

MOST = 100


@dataclass(frozen=True, slots=True)
class TargetField:
    """One field of the input. ``name`` is its flat name: with the place before it where two are called the same."""

    name: str
    type: str
    required: bool
    says: str = ""


def target_fields(product: Product, world: World, event: JsonObject) -> list[TargetField]:
    """The fields that the target of an event takes, required ones first, at most 100; none for what has no target."""
    kind, app, tag = (str(event.get(key) or "") for key in ("type", "app", "event"))
    if kind == "feature":
        found = [TargetField(one.name, one.type, one.required, one.description) for one in world.inputs.get(tag, ())]
    elif kind == "action" and tag in getattr(world.connections.get(app), "actions", ()):
        found = _of_action(_spec(product, app, tag))
    else:
        return []
    return sorted(found, key=lambda one: not one.required)[:MOST]


def without(fields: list[TargetField], given: Json) -> list[TargetField]:
    """The required ones that the input does not have yet."""
    if given is not None and not isinstance(given, dict):
        return []
    return [one for one in fields if one.required and one.name not in (given or {})]


def _spec(product: Product, app: str, tag: str) -> ActionSpec | None:
    link = Connection.objects.filter(product=product, tag=app).values_list("app_id", flat=True)
    spec = Action.objects.filter(app__in=link, tag=tag).values_list("spec", flat=True).first()
    return action_from_json(spec) if spec else None


def _of_action(spec: ActionSpec | None) -> list[TargetField]:
    if spec is None:
        return []
    rows = [(INPUT_KEY[one.place], one.name, one.type, one.required, one.description) for one in spec.parameters]
    if spec.body is not None:
        body = [one for one in schema_rows(spec.body.schema, spec.defs) if one.depth == 0]
        rows += [("body", one.name, one.type, one.required, one.description) for one in body]
    often = Counter(row[1] for row in rows)
    return [
        TargetField(f"{place}:{name}" if often[name] > 1 else name, kind, required, says)
        for place, name, kind, required, says in rows
    ]
