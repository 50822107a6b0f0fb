"""What a declared field takes, in a few words: `string, from 3 to 80 characters`."""

from __future__ import annotations

from products.lib.actions import Parameter
from products.lib.field_types import field_type

NUMBERS = frozenset({"number", "float", "double"})


def type_words(parameter: Parameter) -> str:
    """Its type with its limits; "" for what takes anything."""
    if isinstance(parameter.schema.get("type"), list) and len(parameter.schema["type"]) > 2:
        return ""
    limits = limit_words(parameter)
    return limits or parameter.type


def limit_words(parameter: Parameter) -> str:
    """Its type and its limits; "" for what has none."""
    limits = bounds_words(parameter)
    return f"{parameter.type}, {limits}" if limits else ""


def bounds_words(parameter: Parameter) -> str:
    """Its limits alone; "" for what has none."""
    low, high = parameter.minimum, parameter.maximum
    if low is None and high is None:
        return ""
    kind = field_type(parameter.type)
    unit = "" if kind in NUMBERS else " item" if kind.startswith("array") else " character"
    if unit and (low if high is None else high) != 1:
        unit += "s"
    return f"{_between(low, high)}{unit}"


def _between(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return _number(low) if low == high else f"from {_number(low)} to {_number(high)}"
    return f"at least {_number(low)}" if low is not None else f"at most {_number(high or 0)}"


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:,}"
