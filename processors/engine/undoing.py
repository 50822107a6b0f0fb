"""Takes back what a run has done, the last first, as its strategy says; what cannot be taken back is a person's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from processors.engine.book import Known, StepKey
from processors.engine.calls import make_call
from processors.engine.compiled import CompiledCall, Written
from processors.engine.controls import make_child
from processors.engine.flow import Fault
from processors.engine.stage import Stage
from processors.engine.states import StepState
from processors.engine.step import StepFailed
from products.features import StepName, Strategy
from products.lib.jsontypes import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of a rollback: the tags taken back, those that could not be, and those whose effect is not known."""

    done: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        """As it stands with the run's error."""
        return {"undone": list(self.done), "left": list(self.left), "unknown": list(self.unknown)}


@dataclass(frozen=True, slots=True)
class _Target:
    key: StepKey
    act: CompiledCall
    extra: dict[str, Json]


async def undo_all(stage: Stage, fault: Fault, *, strategy: Strategy) -> Undone:
    """Undoes in order; an undo that fails does not keep the others from being tried. Raises Fenced."""
    done, left = [], []
    for target in _targets(stage, fault, strategy):
        undo = target.key._replace(undo=True)
        known = stage.book.at(undo)
        if known is None or known.state not in {StepState.COMPLETED, StepState.FAILED}:
            try:
                await _make(stage, undo, target)
            except StepFailed as failed:
                known = stage.book.at(undo)
                if known is None or known.state is not StepState.FAILED:
                    await stage.fail_step(undo, target.act.call.type, failed.error)
                left.append(target.key.tag)
                continue
        elif known.state is StepState.FAILED:
            left.append(target.key.tag)
            continue
        if stage.book.known(target.key).state is not StepState.ROLLED_BACK:
            output = stage.book.known(target.key).output
            await stage.ledger.write(
                stage.changed(target.key, StepState.ROLLED_BACK, output=output),
                stage.line("Taken back.", step=target.key.tag),
            )
        done.append(target.key.tag)
    return Undone(tuple(done), tuple(left), tuple(_unknown(stage)))


async def _make(stage: Stage, undo: StepKey, target: _Target) -> None:
    scope = stage.book.scope(target.extra, place=str(undo))
    if target.act.call.type == "feature":
        given = target.act.input.value(scope.of_try(stage.book.next_try(undo)))
        await make_child(stage, target.act.call.event, undo, given)
    else:
        await make_call(stage, undo, target.act, scope)


def _targets(stage: Stage, fault: Fault, strategy: Strategy) -> Iterator[_Target]:
    if strategy == "none":
        return
    about: JsonObject = {"message": fault.error.message, "code": fault.error.code, "step": fault.step}
    lists: dict[StepName, list[Json]] = {}
    for key, known in list(stage.book.finished()):
        event = stage.plan.events.get(key.name)
        if event is None:
            continue
        if strategy == "to_checkpoint" and event.act.call.type == "checkpoint":
            return
        if event.undo is None or (strategy == "critical_only" and not event.event.critical):
            continue
        if event.items is not None and key.item == 0:
            continue  # its items are undone one by one
        extra: dict[str, Json] = {"Error": about}
        if event.items is not None:
            items = lists[key.name] if key.name in lists else _listed(stage, event.items)
            lists[key.name] = items
            extra |= _item(stage, key, known, items)
        yield _Target(key, event.undo, extra)


def _listed(stage: Stage, items: Written) -> list[Json]:
    try:
        listed = items.value(stage.book.scope())
    except StepFailed:
        return []
    return listed if isinstance(listed, list) else []


def _item(stage: Stage, key: StepKey, known: Known, items: list[Json]) -> dict[str, Json]:
    """An item's undo sees its own result where the event's stands."""
    return {
        "Item": items[key.item - 1] if key.item <= len(items) else None,
        "Index": key.item - 1,
        **stage.book.with_result(key.name, known.output),
    }


def _unknown(stage: Stage) -> Iterator[str]:
    """Failed calls of which nobody knows whether they had an effect that somebody wanted to be able to undo."""
    for key, known in stage.book.all_failed():
        event = stage.plan.events.get(key.name)
        if (
            not key.undo
            and event is not None
            and event.undo is not None
            and known.error
            and known.error.outcome_unknown
        ):
            yield key.tag
