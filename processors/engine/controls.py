"""The events that the engine does by itself: sleep, wait for a signal, checkpoint, fail; and child features."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from processors.engine.book import StepKey
from processors.engine.compiled import CompiledEvent
from processors.engine.events import ChildStarted, SignalTaken
from processors.engine.ports import ChildEnd
from processors.engine.stage import Stage
from processors.engine.states import RunState, StepState
from processors.engine.step import StepError, StepFailed
from products.expressions import Scope
from products.features import CONTROL_TYPES, sleeps
from products.features.sleeps import moment_text
from products.lib.jsontypes import Json, JsonObject

_ENDED = {
    RunState.FAILED: "failed",
    RunState.CANCELLED: "was cancelled",
    RunState.ROLLED_BACK: "was rolled back",
}


async def make_control(stage: Stage, event: CompiledEvent, key: StepKey, scope: Scope) -> Json:
    """The output of the step. Raises StepFailed, whose failure has still to be written, and Halted."""
    given = event.act.input.value(scope)
    match event.act.call.type:
        case "sleep":
            return await _sleep(stage, key, given)
        case "wait_signal":
            return await _wait_signal(stage, event, key, given)
        case "checkpoint":
            kept = stage.world.steps.masked(given)
            opened = stage.opened(key, "checkpoint", StepState.COMPLETED, given=given, output=kept)
            await stage.ledger.write(opened, stage.line("Checkpoint.", step=key.tag))
            return kept
        case "fail":
            raise StepFailed(_asked_failure(stage.world.steps.masked(given)))
        case _:
            return await make_child(stage, event.act.call.event, key, given)


def is_control(kind: str) -> bool:
    """Whether the engine does events of this type by itself."""
    return kind in CONTROL_TYPES or kind == "feature"


async def _sleep(stage: Stage, key: StepKey, given: Json) -> Json:
    known = stage.book.at(key)
    if known is None or known.wake_at is None:
        try:
            wake_at = sleeps.wake_at(given, stage.world.clock.now())
        except ValueError as error:
            raise StepFailed(StepError("input_rejected", str(error), "caller")) from None
        opened = stage.opened(key, "sleep", StepState.WAITING, given=given, wake_at=wake_at)
        await stage.ledger.write(opened, stage.line(f"Sleeps until {moment_text(wake_at)}.", step=key.tag))
    else:
        wake_at = known.wake_at
    if wake_at > stage.world.clock.now():
        await stage.flow.park(wake_at, f"{key.tag} sleeps until {moment_text(wake_at)}.")
    output: JsonObject = {"until": moment_text(wake_at)}
    stage.ledger.hold(stage.changed(key, StepState.COMPLETED, output=output), stage.line("Slept.", step=key.tag))
    return output


async def _wait_signal(stage: Stage, event: CompiledEvent, key: StepKey, given: Json) -> Json:
    wait = event.event.wait
    if wait is None:
        raise RuntimeError("a wait_signal has been read with what it waits for")
    known = stage.book.at(key)
    now = stage.world.clock.now()
    until = known.wake_at if known else now + timedelta(seconds=wait.timeout_s) if wait.timeout_s else None
    if known is None:
        reason = f"Waits for {'an approval' if wait.approval else 'a signal'}, “{wait.signal}”."
        opened = stage.opened(key, "wait_signal", StepState.WAITING, given=given, wake_at=until)
        await stage.ledger.write(opened, stage.line(reason, step=key.tag))
    while (signal := await stage.inbox.next(wait.signal)) is None:
        if until is not None and until <= stage.world.clock.now():
            message = f"Nobody sent “{wait.signal}” in time."
            raise StepFailed(StepError("signal_timeout", message, "caller"))
        what = "an approval" if wait.approval else "the signal"
        reason = f"{key.tag} waits for {what} “{wait.signal}”."
        await stage.flow.park(until, reason, for_news=True, asks="approval" if wait.approval else "signal")
    taken = SignalTaken(signal.id, stage.book.known(key).step_id)
    completed = stage.changed(key, StepState.COMPLETED, output=signal.payload)
    completed = replace(completed, output=stage.world.steps.shown(signal.payload))  # the signal itself is kept sealed
    by = f" from {signal.by}" if signal.by else ""
    await stage.ledger.write(taken, completed, stage.line(f"Got “{wait.signal}”{by}.", step=key.tag))
    stage.inbox.written(signal)
    return signal.payload


def _asked_failure(given: Json) -> StepError:
    asked = given if isinstance(given, dict) else {"message": given}
    message = asked.get("message")
    code = asked.get("code")
    words = message[:2_000] if isinstance(message, str) and message else "The feature says that it fails here."
    error = StepError("failed_on_purpose", words, "caller")
    return replace(error, code=code[:60]) if isinstance(code, str) and code else error


async def make_child(stage: Stage, feature: str, key: StepKey, given: Json) -> Json:
    """The output of the run of a child feature. Raises StepFailed, whose failure has still to be written, and Halted.

    An undo that a person has tried again counts its tries: each is a run of its own.
    """
    known = stage.book.at(key)
    if known is None:
        opened = stage.opened(key, "feature", StepState.RUNNING, given=given)
        await stage.ledger.write(opened, stage.line(f"Starts the feature “{feature}”.", step=key.tag))
    child = known.child if known else None
    if child is None:
        begun = stage.book.known(key)
        child = await stage.world.children.start(begun.step_id, feature, given, again=begun.attempts)
        started = stage.changed(key, StepState.WAITING)
        stage.book.change(key, StepState.WAITING, child=child)
        line = stage.line(f"Waits for the run {child}.", step=key.tag)
        await stage.ledger.write(ChildStarted(stage.book.known(key).step_id, child), started, line)
    while (end := await stage.world.children.end(child)) is None:
        await stage.flow.park(None, f"{key.tag} waits for the feature “{feature}”.", for_news=True)
    return _child_output(stage, key, feature, end)


def _child_output(stage: Stage, key: StepKey, feature: str, end: ChildEnd) -> Json:
    if end.error is not None and end.error.code == "dropped":
        raise StepFailed(end.error)
    if end.state is not RunState.COMPLETED:
        why = f": {end.error.message}" if end.error else "."
        message = f"The feature “{feature}” {_ENDED.get(end.state, 'ended')}{why}"
        raise StepFailed(StepError("child_failed", message, "remote"))
    completed = stage.changed(key, StepState.COMPLETED, output=end.output)
    stage.ledger.hold(completed, stage.line(f"The feature “{feature}” is done.", step=key.tag))
    return end.output
