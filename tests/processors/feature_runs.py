"""Features of the scene's product, started and carried by the runtime inside this process."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from processors.models import Run, Step
from processors.runtime import loop
from processors.services.features import FeatureRequest, start_feature
from products.lib.jsontypes import JsonObject
from products.models import Feature
from tests.patience import until
from tests.processors.scene import Scene


class FeatureRuns:
    """Makes features and runs them in `shop`, `dev`."""

    def __init__(self, actor: Any, scene: Scene) -> None:
        self.actor = actor
        self.scene = scene

    def make(self, tag: str, definition: JsonObject) -> Feature:
        """A feature of the draft."""
        return Feature.objects.create(product=self.scene.product, tag=tag, name=tag.title(), definition=definition)

    def start(self, tag: str, given: Any = None, **options: Any) -> Run:
        """A queued run."""
        return start_feature(self.actor, FeatureRequest("shop", "dev", tag, given, **options)).run

    def execute(self, run: Run) -> Run:
        """The run after one doorbell."""
        loop.start().submit(run.pk).result(120)
        run.refresh_from_db()
        return run

    def now(self, tag: str, given: Any = None, **options: Any) -> Run:
        """Started and executed."""
        return self.execute(self.start(tag, given, **options))


def states(run: Run | UUID) -> dict[str, str]:
    """The state of every step, items of loops as `tag#1`."""
    rows = Step.objects.filter(run=run).order_by("id")
    return {f"{row.tag}#{row.index}" if row.index else row.tag: row.state for row in rows}


def step(run: Run, tag: str, index: int = 0) -> Step:
    """One step."""
    return Step.objects.get(run=run, tag=tag, index=index)


def event(tag: str, action: str = "get", **more: Any) -> JsonObject:
    """An event that calls an action of `api`."""
    return {"tag": tag, "type": "action", "app": "api", "event": action, **more}


def undo(action: str = "get", **more: Any) -> JsonObject:
    """What takes it back."""
    return {"type": "action", "app": "api", "event": action, **more}


def chain(*events: JsonObject, **more: Any) -> JsonObject:
    """A definition of one sequence."""
    return {"sequences": [{"tag": "main", "events": list(events)}], **more}


def end_worker() -> None:
    """What the runtime has in hand comes to its end first, as when a worker is asked to stop."""
    current = loop.running()
    if current is not None:
        current.drain()
    loop.stop()


def ended(run: Run) -> Run:
    """The run once it has ended: whatever rings for it rings in this process."""

    def look() -> bool:
        run.refresh_from_db()
        if run.state in {"queued", "waiting"}:
            loop.start().submit(run.pk)
        return run.ended

    until(look, what="the run has ended")
    return run
