"""Carries one event of a feature: its condition, its loop, its call, and what its failure means."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from processors.engine.book import DONE, StepKey
from processors.engine.calls import make_call
from processors.engine.compiled import CompiledEvent
from processors.engine.controls import is_control, make_control
from processors.engine.flow import Fault, Halted
from processors.engine.limits import MAX_LOOP_ITEMS
from processors.engine.stage import Stage
from processors.engine.states import StepState
from processors.engine.step import StepError, StepFailed
from products.expressions import Scope
from products.lib.jsontypes import Json, content_hash

Job: TypeAlias = "partial[Coroutine[Any, Any, None]]"


@dataclass(frozen=True, slots=True)
class EventRunner:
    """Makes the events of one run."""

    stage: Stage

    async def make(self, event: CompiledEvent) -> None:
        """The event, unless it is done already. Raises Halted when the run has failed, by this event or another."""
        stage = self.stage
        stage.flow.check()
        key = StepKey(event.name)
        known = stage.book.at(key)
        if known is not None and (known.state in DONE or known.state is StepState.FAILED):
            return
        try:
            if known is None and not event.per_item and not self._wanted(event, {}):
                self._skip(key, event)
                stage.book.result(event.name, None)
                return
            output = await (self._one(event, key, {}) if event.items is None else self._loop(event, key))
        except StepFailed as failed:
            output = await self._failed(event, key, failed.error)
        stage.book.result(event.name, output)

    def _wanted(self, event: CompiledEvent, extra: Mapping[str, Json]) -> bool:
        return event.condition is None or event.condition.holds(self.stage.book.scope(extra))

    def _skip(self, key: StepKey, event: CompiledEvent) -> None:
        opened = self.stage.opened(key, event.act.call.type, StepState.SKIPPED)
        line = self.stage.line(f"Skipped: {event.event.condition} does not hold.", step=key.tag)
        self.stage.ledger.hold(opened, line)

    async def _one(self, event: CompiledEvent, key: StepKey, extra: Mapping[str, Json]) -> Json:
        """The output of the event, or of one item of its loop. Raises StepFailed, Halted."""
        stage = self.stage
        scope = stage.book.scope(extra, place=str(key))
        if is_control(event.act.call.type):
            return await make_control(stage, event, key, scope)
        keep = event.event.keep
        if keep is None or stage.book.at(key) is not None:  # what was begun is brought to its end
            return await make_call(stage, key, event.act, scope)
        fetch = partial(make_call, stage, key, event.act, scope)
        once = await stage.world.results.once(keep, self._kept_as(event, scope), fetch)
        if once.kept and stage.book.at(key) is None:
            opened = stage.opened(key, event.act.call.type, StepState.COMPLETED, output=once.value)
            stage.ledger.hold(opened, stage.line(once.kept, step=key.tag))
        elif once.notice:
            stage.ledger.hold(stage.line(once.notice, level="warn", step=key.tag))
        return once.value

    def _kept_as(self, event: CompiledEvent, scope: Scope) -> str:
        by = (event.keep_key or event.act.input).value(scope)
        call = event.act.call
        return content_hash([call.type, call.app, call.event, by])

    async def _loop(self, event: CompiledEvent, key: StepKey) -> Json:
        stage = self.stage
        items = self._items(event)
        if stage.book.at(key) is None:
            opened = stage.opened(key, event.act.call.type, StepState.RUNNING, given={"items": len(items)})
            stage.ledger.hold(opened, stage.line(f"Goes through {_count(len(items))}.", step=key.tag))
        outputs: list[Json] = [None] * len(items)
        at_once = min(event.event.loop.concurrency if event.event.loop else 1, len(items))
        jobs = self._jobs(event, items, outputs)
        if at_once > 1:
            await stage.flow.side_by_side(jobs, at_once)
        else:
            for job in jobs:
                stage.flow.check()
                await job()
        done = stage.changed(key, StepState.COMPLETED)
        stage.ledger.hold(done, stage.line(f"Done with {_count(len(items))}.", step=key.tag))
        return outputs

    def _items(self, event: CompiledEvent) -> list[Json]:
        if event.items is None:
            return []
        items = event.items.value(self.stage.book.scope())
        if not isinstance(items, list):
            raise StepFailed(StepError("input_rejected", f"for_each needs a list, not {_kind(items)}.", "caller"))
        if len(items) > MAX_LOOP_ITEMS:
            message = f"for_each may go through {MAX_LOOP_ITEMS} items; these are {len(items)}."
            raise StepFailed(StepError("input_rejected", message, "caller"))
        return items

    def _jobs(self, event: CompiledEvent, items: list[Json], outputs: list[Json]) -> Iterator[Job]:
        for place, item in enumerate(items):
            yield partial(self._item, event, place, item, outputs)

    async def _item(self, event: CompiledEvent, place: int, item: Json, outputs: list[Json]) -> None:
        key = StepKey(event.name, place + 1)
        known = self.stage.book.at(key)
        if known is not None and (known.state in DONE or known.state is StepState.FAILED):
            outputs[place] = known.output if known.state in DONE else None
            return
        extra = {"Item": item, "Index": place}
        try:
            if event.per_item and known is None and not self._wanted(event, extra):
                self._skip(key, event)
                return
            outputs[place] = await self._one(event, key, extra)
        except StepFailed as failed:
            await self._item_failed(event, key, failed.error)

    async def _item_failed(self, event: CompiledEvent, key: StepKey, error: StepError) -> None:
        stage = self.stage
        if not self._has_failed(key):
            await stage.fail_step(key, event.act.call.type, error)
        if event.event.allow_fail:
            return
        whole = StepKey(event.name)
        if not self._has_failed(whole):
            await stage.fail_step(whole, event.act.call.type, error)
        stage.flow.fail(Fault(error, whole.tag))
        raise Halted

    async def _failed(self, event: CompiledEvent, key: StepKey, error: StepError) -> Json:
        stage = self.stage
        if not self._has_failed(key):
            await stage.fail_step(key, event.act.call.type, error)
        if event.event.allow_fail:
            stage.ledger.hold(stage.line("It may fail: the run goes on.", level="warn", step=key.tag))
            return None
        stage.flow.fail(Fault(error, key.tag))
        raise Halted

    def _has_failed(self, key: StepKey) -> bool:
        known = self.stage.book.at(key)
        return known is not None and known.state is StepState.FAILED


def _count(items: int) -> str:
    return "1 item" if items == 1 else f"{items} items"


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a number", float: "a number", dict: "an object", type(None): "null"}
    return names.get(type(value), "this")
