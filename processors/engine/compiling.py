"""Makes a feature ready to be run: parses its expressions, gives each call its policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from processors.engine.compiled import CompiledCall, CompiledEvent, CompiledFeature, Written
from processors.engine.limits import DEFAULT_TIMEOUT_S
from processors.engine.retry import RetryPolicy
from products.expressions import compile_condition, compile_template
from products.features import Call, Event, Feature, Tries, Undo
from products.lib.jsontypes import JsonObject

UNDO_RETRIES = 3  # of an undo that says nothing of its own: what it leaves behind is a person's work


def compile_feature(feature: Feature, defaults: Callable[[Call], JsonObject]) -> CompiledFeature:
    """The feature, compiled; `defaults` gives the policy of a call's target. Raises ExpressionError."""
    events = {event.name: _event(event, defaults) for event in feature.events()}
    output = None if feature.output is None else Written(compile_template(feature.output, pointer="/output"))
    return CompiledFeature(feature, events, output)


def _event(event: Event, defaults: Callable[[Call], JsonObject]) -> CompiledEvent:
    at = event.pointer
    condition = Written(compile_condition(event.condition, pointer=f"{at}/condition")) if event.condition else None
    return CompiledEvent(
        event=event,
        act=replace(
            _call(event.call, event.tries, defaults(event.call), f"{at}/input"), asks=event.when_unknown == "ask"
        ),
        condition=condition,
        items=Written(compile_template(event.loop.items, pointer=f"{at}/for_each")) if event.loop else None,
        keep_key=_keep_key(event),
        undo=_undo(event.undo, defaults(event.undo.call), f"{at}/rollback") if event.undo else None,
        per_item=event.loop is not None and condition is not None and condition.mentions("Item", "Index"),
    )


def _keep_key(event: Event) -> Written | None:
    if event.keep is None or event.keep.key is None:
        return None
    return Written(compile_template(event.keep.key, pointer=f"{event.pointer}/cache/key"))


def _call(call: Call, tries: Tries, stored: JsonObject, pointer: str) -> CompiledCall:
    asked = {"delay_s": tries.delay_s, "backoff": tries.backoff}
    wanted = {**stored, **{key: value for key, value in asked.items() if value is not None}}
    retries = tries.retries if tries.retries is not None else stored.get("retries", 0)
    return CompiledCall(
        call=call,
        input=Written(compile_template(call.input, pointer=pointer)),
        policy=RetryPolicy.of(wanted, retries=int(retries)),
        timeout_s=tries.timeout_s or float(stored.get("timeout_s") or DEFAULT_TIMEOUT_S),
    )


def _undo(undo: Undo, stored: JsonObject, pointer: str) -> CompiledCall:
    patient = {**stored, "retries": max(int(stored.get("retries", 0)), UNDO_RETRIES)}
    return _call(undo.call, undo.tries, patient, f"{pointer}/input")
