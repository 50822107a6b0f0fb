"""The parts of a feature, frozen. Strings inside `input`, `condition`, `for_each` and `output` may be expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from products.lib.actions import Parameter
from products.lib.jsontypes import Json, JsonObject

Mode = Literal["ordered", "concurrent"]
Strategy = Literal["reverse_all", "critical_only", "to_checkpoint", "none"]
AfterParent = Literal["cancel", "leave"]
WhenFull = Literal["wait", "drop", "cancel_older"]
WhenUnknown = Literal["retry", "ask"]

STRATEGIES: tuple[Strategy, ...] = ("reverse_all", "critical_only", "to_checkpoint", "none")


class StepName(NamedTuple):
    """Where an event stands in its feature."""

    sequence: str
    event: str

    def __str__(self) -> str:
        return f"{self.sequence}/{self.event}"


@dataclass(frozen=True, slots=True)
class Call:
    """What an event, or its undo, does: its type, its target, and the input as it is written."""

    type: str
    app: str = ""  # of an action: the connection's access tag
    event: str = ""  # the action, database action, message, signal, feature … of that type
    input: Json = None

    @property
    def target(self) -> str:
        """The target as runs and logs name it."""
        return f"{self.app}:{self.event}" if self.app else self.event


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a call is tried, and how long one try may take; None: as the target says."""

    retries: int | None = None
    delay_s: float | None = None
    backoff: float | None = None
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """What takes an event's effect back."""

    call: Call
    tries: Tries = field(default_factory=Tries)


@dataclass(frozen=True, slots=True)
class Loop:
    """`for_each`: the list, as an expression or written out, and how many items are worked on at once."""

    items: Json
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class Keep:
    """`cache`: how long a result is kept, in seconds, or in which cache of the product; without a key by the input."""

    seconds: float = 0.0
    key: Json = None
    name: str = ""  # of a cache, which says itself how long


@dataclass(frozen=True, slots=True)
class Wait:
    """What a `wait_signal` waits for. Without `timeout_s` for ever; `approval`: a person says yes or no."""

    signal: str
    timeout_s: float | None = None
    fields: tuple[Parameter, ...] = ()
    approval: bool = False
    roles: tuple[str, ...] = ()  # who may answer; nobody named: whoever may run


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a sequence. `pointer` is its place in the document (RFC 6901)."""

    name: StepName
    call: Call
    title: str = ""
    condition: str = ""
    loop: Loop | None = None
    tries: Tries = field(default_factory=Tries)
    allow_fail: bool = False
    keep: Keep | None = None
    undo: Undo | None = None
    critical: bool = False
    when_unknown: WhenUnknown = "retry"  # after a call of which nobody knows whether it had its effect
    wait: Wait | None = None
    after_parent: AfterParent = "cancel"  # of a child feature, when its parent ends first
    pointer: str = ""

    def calls(self) -> Iterator[Call]:
        """What it does, and what takes it back."""
        yield self.call
        if self.undo is not None:
            yield self.undo.call


@dataclass(frozen=True, slots=True)
class Sequence:
    """Events in order, or side by side; it starts when its parents are done."""

    tag: str
    events: tuple[Event, ...]
    parents: tuple[str, ...] = ()
    mode: Mode = "ordered"
    title: str = ""


@dataclass(frozen=True, slots=True)
class Surplus:
    """How many runs go at once, for each value of `key`, and what happens to more of them."""

    limit: int
    key: Json = None
    then: WhenFull = "wait"


@dataclass(frozen=True, slots=True)
class Options:
    """What holds for a whole run. Without `timeout_s` a run may take as long as it takes."""

    timeout_s: float | None = None
    rollback: Strategy = "reverse_all"
    surplus: Surplus | None = None


@dataclass(frozen=True, slots=True)
class Feature:
    """A workflow. The sequences stand so that each comes after its parents."""

    tag: str
    name: str
    description: str = ""
    input: tuple[Parameter, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    output: Json = None
    options: Options = field(default_factory=Options)
    defs: JsonObject = field(default_factory=dict)

    def events(self) -> Iterator[Event]:
        """Every event, in the order of the document's sequences."""
        for sequence in self.sequences:
            yield from sequence.events

    def starts(self) -> Iterator[str]:
        """The tags of the features that its events, and what takes them back, start."""
        for event in self.events():
            yield from (call.event for call in event.calls() if call.type == "feature")

    def ancestors(self) -> Mapping[str, frozenset[str]]:
        """Of each sequence, all that are done before it starts."""
        before: dict[str, frozenset[str]] = {}
        for sequence in self.sequences:
            above = [before[parent] for parent in sequence.parents]
            before[sequence.tag] = frozenset(sequence.parents).union(*above)
        return before
