"""A feature as data: its parts, how it is read from JSON, and the graph that its sequences form."""

from products.features.checking import Connected, Findings, World, check_feature
from products.features.definition import (
    Call,
    Event,
    Feature,
    Options,
    Sequence,
    StepName,
    Strategy,
    Surplus,
    Tries,
    Undo,
)
from products.features.given import checked_input, seen_input
from products.features.reading import read_feature
from products.features.stored import BESIDE, RUNNABLE, read_stored, whole
from products.features.types import CONTROL_TYPES, EVENT_TYPES

__all__ = [
    "BESIDE",
    "CONTROL_TYPES",
    "EVENT_TYPES",
    "RUNNABLE",
    "Call",
    "Connected",
    "Event",
    "Feature",
    "Findings",
    "Options",
    "Sequence",
    "StepName",
    "Strategy",
    "Surplus",
    "Tries",
    "Undo",
    "World",
    "check_feature",
    "checked_input",
    "read_feature",
    "read_stored",
    "seen_input",
    "whole",
]
