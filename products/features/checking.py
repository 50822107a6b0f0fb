"""What is wrong with a feature beyond its shape: targets that are not there, expressions that cannot come true."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import chain, islice
from typing import TypeAlias

from products.expressions import (
    Report,
    Shape,
    Surroundings,
    analyse,
    analyse_condition,
    known,
    of_schema,
    surroundings,
)
from products.expressions.kinds import LIST, types_in_words
from products.expressions.surroundings import UNCOUNTED_RUN
from products.features.action_inputs import wrong_action_input
from products.features.call_inputs import wrong_child_input, wrong_fields
from products.features.definition import Call, Feature
from products.features.places import Place, places
from products.features.signal_names import wrong_signals
from products.features.sleeps import wrong_sleep
from products.lib.actions import ActionSpec, Parameter
from products.lib.errors import FieldProblem
from products.lib.field_types import field_schema

MAX_FINDINGS = 50
MAX_COMPARED = 2_000  # tags that are looked through for one that is nearly the same
_NUMBER = Shape(frozenset({"number"}))
_TEXT = Shape(frozenset({"text"}))
_ERROR = Shape(frozenset({"object"}), {"message": _TEXT, "code": _TEXT, "step": _TEXT})
# What a run of a feature does not have, however right it is elsewhere (`processors.runtime.features`).
_ABSENT = {
    "Auth": "is not there in a feature: each action sends the credentials of its connection by itself",
    "Session": "is not there in a feature: what it needs of a session is a field of its input",
    "Item": "is only there inside for_each",
    "Index": "is only there inside for_each",
    "Error": "is only there in a rollback",
}
_RESOURCES = {"db_action": "database"}
_UNCOUNTED = "is not known when a run is counted, before it begins"


@dataclass(frozen=True, slots=True)
class Connected:
    """An app connected under an access tag: what of it a feature may name."""

    actions: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    constants: frozenset[str] = frozenset()


Operations: TypeAlias = Mapping[str, tuple[Parameter, ...] | None]
Called: TypeAlias = tuple[str, str]  # an access tag and an action
Specs: TypeAlias = Callable[[Collection[Called]], Mapping[Called, ActionSpec]]


def _unknown_specs(_wanted: Collection[Called]) -> Mapping[Called, ActionSpec]:
    return {}


@dataclass(frozen=True, slots=True)
class World:
    """What a product has that its features may name. `inputs` are those of its features, by tag.

    `resources`: by the type of events that use them and by tag, what can be done with each, as far as it is known with
    the fields that it is given. Of a type that is not there nothing is known. `specs` gives those of the actions that
    are asked for, as far as they are known.
    """

    connections: Mapping[str, Connected] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    inputs: Mapping[str, tuple[Parameter, ...]] = field(default_factory=dict)
    resources: Mapping[str, Mapping[str, Operations]] = field(default_factory=dict)
    specs: Specs = _unknown_specs


@dataclass(frozen=True, slots=True)
class Findings:
    """Errors keep a feature from being saved, warnings do not."""

    errors: tuple[FieldProblem, ...] = ()
    warnings: tuple[FieldProblem, ...] = ()


def check_feature(feature: Feature, world: World) -> Findings:
    """Everything that can be known to be wrong without a run, in the order of the document, at most 50 of each kind.

    With 50 errors nobody looks further, for warnings neither.
    """
    errors: list[FieldProblem] = []
    warnings: list[FieldProblem] = []
    errors += islice(chain(_targets(feature, world), wrong_signals(feature)), MAX_FINDINGS)
    for place, report in _reports(feature, world):
        if len(errors) >= MAX_FINDINGS:
            break
        if place.is_list and not report.errors:
            errors += _no_list(place, report.shape)
            warnings += _no_list_perhaps(place, report.shape)
        for finding in report.findings:
            found = FieldProblem(
                finding.pointer, str(finding.record["code"]), finding.message, str(finding.record["caret"])
            )
            (errors if finding.severity == "error" else warnings).append(found)
    return Findings(tuple(errors[:MAX_FINDINGS]), tuple(warnings[:MAX_FINDINGS]))


def _targets(feature: Feature, world: World) -> Iterator[FieldProblem]:
    calls = [(call.app, call.event) for event in feature.events() for call in event.calls() if call.type == "action"]
    specs = world.specs(dict.fromkeys(calls)) if calls else {}
    for event in feature.events():
        for call, pointer in zip(event.calls(), (event.pointer, f"{event.pointer}/rollback"), strict=False):
            yield from _target(call, pointer, feature, world)
            spec = specs.get((call.app, call.event)) if call.type == "action" else None
            if spec is not None:
                yield from wrong_action_input(spec, call.input, f"{pointer}/input")
        if event.call.type == "sleep":
            yield from wrong_sleep(event.call.input, f"{event.pointer}/input")
        if event.keep is not None and event.keep.name and "cache" in world.resources:
            yield from _unknown("cache", event.keep.name, world.resources["cache"], f"{event.pointer}/cache/name")


def _target(call: Call, pointer: str, feature: Feature, world: World) -> Iterator[FieldProblem]:
    if call.type == "feature":
        fields = feature.input if call.event == feature.tag else world.inputs.get(call.event)
        if fields is None:
            yield from _unknown("feature", call.event, world.inputs, f"{pointer}/event")
        else:
            yield from wrong_child_input(call.input, fields, f"{pointer}/input")
    if call.type in world.resources:
        yield from _operation(call, pointer, world.resources[call.type])
    if call.type != "action":
        return
    connected = world.connections.get(call.app)
    if connected is None:
        yield from _unknown("connection", call.app, world.connections, f"{pointer}/app")
    else:
        yield from _unknown(f"action of “{call.app}”", call.event, connected.actions, f"{pointer}/event")


def _operation(call: Call, pointer: str, resources: Mapping[str, Operations]) -> Iterator[FieldProblem]:
    """`orders-db:create-order`: the resource, what can be done with it, and the fields of that."""
    tag, _, name = call.event.partition(":")
    operations = resources.get(tag)
    if operations is None:
        yield from _unknown(_RESOURCES.get(call.type, call.type), tag, resources, f"{pointer}/event")
        return
    what = "action" if call.type == "db_action" else "operation"
    yield from _unknown(f"{what} of “{tag}”", name, operations, f"{pointer}/event")
    fields = operations.get(name)
    if fields is not None and isinstance(call.input, dict | None):
        word = "placeholder" if call.type == "db_action" else "field"
        yield from wrong_fields(call.input or {}, fields, f"{pointer}/input", word)


def _unknown(what: str, tag: str, known: Collection[str], pointer: str) -> Iterator[FieldProblem]:
    if tag in known:
        return
    near = get_close_matches(tag, islice(known, MAX_COMPARED), n=1)
    hint = f" Did you mean “{near[0]}”?" if near else ""
    yield FieldProblem(pointer, "unknown", f"There is no {what} called “{tag[:63]}” in this product.{hint}")


def _no_list(place: Place, shape: Shape) -> Iterator[FieldProblem]:
    if not shape.types & LIST:
        yield FieldProblem(place.pointer, "type", f"for_each needs a list, not {types_in_words(shape.types)}.")


def _no_list_perhaps(place: Place, shape: Shape) -> Iterator[FieldProblem]:
    if shape.optional and shape.types & LIST:
        detail = "This may be null, and for_each needs a list. $Default(…, []) gives another value then."
        yield FieldProblem(place.pointer, "expression_type", detail)


def _reports(feature: Feature, world: World) -> Iterator[tuple[Place, Report]]:
    inputs = {param.name: _input_shape(param) for param in feature.input}
    usual = surroundings(
        inputs=inputs,
        variables={tag: one.variables for tag, one in world.connections.items()},
        constants={tag: one.constants for tag, one in world.connections.items()},
        secrets=world.secrets,
        absent=_ABSENT,
    )
    counting: dict[tuple[str, ...], str] = dict(usual.reasons)
    counting |= {(name,): _UNCOUNTED for name in ("Variable", "Constant", "Secret")}
    before = Surroundings({"Input": known(inputs), "Run": UNCOUNTED_RUN}, counting)
    for place in places(feature):
        around = _around(place, before if place.is_counting else usual)
        if place.is_condition and isinstance(place.value, str):
            yield place, analyse_condition(place.value, around, pointer=place.pointer)
        else:
            yield place, analyse(place.value, around, pointer=place.pointer)


def _around(place: Place, usual: Surroundings) -> Surroundings:
    """What is everywhere, and what this place sees besides."""
    roots = {**usual.roots, **place.sight.roots()}
    if place.in_loop:
        roots |= {"Item": Shape(), "Index": _NUMBER}
    if place.in_undo:
        roots["Error"] = _ERROR
    return Surroundings(roots, place.sight.reasons(usual.reasons))


def _input_shape(param: Parameter) -> Shape:
    shape = of_schema(field_schema(param))
    return shape if param.required or param.default is not None else shape.or_null()
