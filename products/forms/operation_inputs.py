"""The fields of what an operation of a resource is given: one for each that it declares, of an event or of its undo."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from products.features import World
from products.forms.panel_values import at_path
from products.forms.panels import Kind, PanelField, field_for
from products.lib.actions import Parameter
from products.lib.field_types import FIELD_TYPES, field_type
from products.lib.jsontypes import JsonObject
from products.lib.limit_words import type_words

Declared = Sequence[Parameter]
_MOST_OTHERS = 20
_PLAIN = re.compile(r"[^/\x00-\x1f]{1,63}")


def declared_by(kind: str, target: str, world: World) -> Declared | None:
    """The fields of an operation's input, None where they are not known: `target` is `orders-db:create-order`."""
    tag, _, name = target.partition(":")
    return world.resources.get(kind, {}).get(tag, {}).get(name)


def operation_inputs(row: JsonObject, at: str, kind: str, declared: Declared | None) -> list[PanelField] | None:
    """A field for each, and for what is given besides; None for an input that has to be written as a whole.

    `at` is "rollback/" for that of an undo.
    """
    given = at_path(row, f"{at}input")
    if declared is None or not isinstance(given, dict | None):
        return None
    names = {one.name for one in declared}
    others = [name for name in given or {} if name not in names]
    if len(others) > _MOST_OTHERS or not all(_PLAIN.fullmatch(name) for name in others):
        return None
    return [*(_field(row, at, kind, one) for one in declared), *(_other(row, at, name) for name in others)]


def declared_words(kind: str, declared: Declared | None) -> str:
    """The names of an input's fields, those that are needed marked with a star."""
    if declared is None:
        return ""
    word = "placeholders" if kind == "db_action" else "fields"
    names = ", ".join(f"{one.name}{'*' if one.required else ''}" for one in declared)
    return f"{word.capitalize()}: {names}" if names else f"It has no {word}."


def _other(row: JsonObject, at: str, name: str) -> PanelField:
    """What was given to another operation, say."""
    says = "It is given, and not asked for. Empty it to take it away."
    return field_for(row, f"{at}input/{name}", f"{name} (not there)", "value", says=says, lines=1)


def _field(row: JsonObject, at: str, kind: str, one: Parameter) -> PanelField:
    # Placeholders are called as the statement has them, fields of operations as people would.
    title = one.name if kind == "db_action" else f"{one.name[:1].upper()}{one.name[1:].replace('_', ' ')}"
    label = f"{title}{' *' if one.required else ''}"
    return field_for(row, f"{at}input/{one.name}", label, _kind(one), says=_says(one, kind), lines=1)


def _says(one: Parameter, kind: str) -> str:
    words = type_words(one)
    parts = (
        one.description,
        f"{words[:1].upper()}{words[1:]}." if words else "",
        "" if one.default in {None, ""} else f"Usually {json.dumps(one.default)}.",
        "Empty: null." if kind == "db_action" and not one.required else "",
    )
    return " ".join(part for part in parts if part)


def _kind(one: Parameter) -> Kind:
    """What is typed for a text stays one, though it looks like a number."""
    is_text = FIELD_TYPES[field_type(one.type)]["type"] == "string"
    return "expression" if is_text else "value"
