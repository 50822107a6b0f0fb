"""A feature ready to be run: every expression parsed, every call with its policy; made once and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from processors.engine.retry import RetryPolicy
from processors.engine.step import StepError, StepFailed
from products.expressions import Compiled, ExpressionError, Scope
from products.features import Call, Event, Feature, Sequence, StepName
from products.lib.jsontypes import Json


@dataclass(frozen=True, slots=True)
class Written:
    """A value of the definition that may hold expressions."""

    compiled: Compiled

    def value(self, scope: Scope) -> Json:
        """What it is here. Raises StepFailed, saying what in which expression went wrong."""
        try:
            return self.compiled.evaluate(scope)
        except ExpressionError as error:
            raise StepFailed(_failed(error)) from None

    def holds(self, scope: Scope) -> bool:
        """Whether it is true, for a condition. Raises StepFailed."""
        return self.value(scope) is True

    def mentions(self, *roots: str) -> bool:
        """Whether one of these references is in it."""
        return any(use.root in roots for use in self.compiled.uses)


@dataclass(frozen=True, slots=True)
class CompiledCall:
    """A call with its input as a template. `timeout_s` is what one try may take."""

    call: Call
    input: Written
    policy: RetryPolicy
    timeout_s: float
    asks: bool = False


@dataclass(frozen=True, slots=True)
class CompiledEvent:
    """One event. `per_item`: its condition asks about each item of the loop, not about the loop."""

    event: Event
    act: CompiledCall
    condition: Written | None = None
    items: Written | None = None
    keep_key: Written | None = None
    undo: CompiledCall | None = None
    per_item: bool = False

    @property
    def name(self) -> StepName:
        """Where it stands."""
        return self.event.name


@dataclass(frozen=True)
class CompiledFeature:
    """A feature whose parts can be looked up."""

    feature: Feature
    events: Mapping[StepName, CompiledEvent]
    output: Written | None = None
    children: Mapping[str, tuple[Sequence, ...]] = field(init=False)

    def __post_init__(self) -> None:
        after: dict[str, list[Sequence]] = {}
        for sequence in self.feature.sequences:
            for parent in sequence.parents:
                after.setdefault(parent, []).append(sequence)
        object.__setattr__(self, "children", {tag: tuple(found) for tag, found in after.items()})

    @cached_property
    def unique_tags(self) -> frozenset[str]:
        """The event tags that `$Step{…}` may use: those of one sequence only."""
        seen: dict[str, int] = {}
        for event in self.feature.events():
            seen[event.name.event] = seen.get(event.name.event, 0) + 1
        return frozenset(tag for tag, count in seen.items() if count == 1)

    @cached_property
    def may_fail(self) -> frozenset[StepName]:
        """The events that may fail without the run failing."""
        return frozenset(event.name for event in self.feature.events() if event.allow_fail)


def _failed(error: ExpressionError) -> StepError:
    record = error.as_record()
    where = {key: record[key] for key in ("pointer", "caret", "suggestion") if record[key]}
    return StepError("expression_failed", str(error), "configuration", details=where)
