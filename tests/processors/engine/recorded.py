"""`python -m tests.processors.engine.recorded NAME`: how far runs had come and what came then, for later versions.

A record is `tests/data/recorded/NAME.json`: the feature, and for each write of a run what was on record after it and
the calls that followed. It is never written anew: whoever carries such runs on must decide as it was decided then.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from processors.engine.book import Known
from processors.engine.events import StepOpened
from processors.engine.states import StepState
from processors.engine.step import StepError
from processors.engine.testing import START
from products.lib.jsontypes import Json, JsonObject
from tests.processors.engine.branched import BRANCHED, branched, children_end, to_the_end
from tests.processors.engine.feature_scene import FINAL, Scene, Store

FOLDER = Path(__file__).parents[2] / "data" / "recorded"


def written(scene: Scene) -> list[JsonObject]:
    """The steps on record."""
    return [
        {
            "id": one.step_id.int, "tag": one.tag, "index": one.index, "kind": one.kind, "state": str(known.state),
            "attempts": known.attempts, "failures": known.failures, "lost": known.lost, "output": known.output,
            "error": known.error.to_json() if known.error else None, "wake_at": _seconds(known.wake_at),
            "finished_at": _seconds(known.finished_at), "child": known.child.int if known.child else None,
        }
        for one in scene.store.steps.values()
        for known in (scene.store.known[one.step_id],)
    ]  # fmt: skip


def read(steps: list[JsonObject]) -> Store:
    """A store with these steps."""
    store = Store()
    for one in steps:
        step_id, state = UUID(int=one["id"]), StepState(one["state"])
        store.steps[step_id] = StepOpened(START, step_id, one["tag"], one["kind"], one["index"], state)
        store.known[step_id] = Known(
            step_id, state, attempts=one["attempts"], failures=one["failures"], lost=one["lost"],
            output=one["output"], error=_error(one["error"]), wake_at=time_of(one["wake_at"]),
            finished_at=time_of(one["finished_at"]), child=UUID(int=one["child"]) if one["child"] else None,
        )  # fmt: skip
    return store


def calls(scene: Scene, after: int) -> list[Json]:
    """What the targets received, in an order that does not depend on which branch was faster."""
    found = [[one.spec.tag, one.spec.index, one.number, one.input] for one in scene.outside.calls[after:]]
    return sorted(found, key=repr)


async def records() -> list[JsonObject]:
    """One for each write of a run that completes and of one that is rolled back."""
    found: list[JsonObject] = []
    for fails in ("", "e"):
        for die_at in range(1, 30):
            scene = branched()
            if fails:
                scene.failing(fails, error=FINAL)
            for _ in range(2):
                if scene.store.writes < die_at and scene.store.ended is None:
                    await scene.carry(die_at=die_at - scene.store.writes, stored=True)
                    children_end(scene)
                    scene.clock.time += timedelta(hours=1)
            if scene.store.ended is None:
                found.append({"fails": fails, "at": _seconds(scene.clock.time), "steps": written(scene)})
                found[-1] |= await then(scene)
    return found


async def then(scene: Scene) -> JsonObject:
    """What came of it."""
    after = len(scene.outside.calls)
    children_end(scene)
    await to_the_end(scene)
    assert scene.store.ended is not None
    end = {"state": str(scene.store.ended.state), "output": scene.store.ended.output}
    return {"then": {"calls": calls(scene, after), "states": scene.store.states(), **end}}


def _seconds(at: Any) -> float | None:
    return None if at is None else (at - START).total_seconds()


def time_of(seconds: float | None) -> Any:
    """The moment so many seconds after the beginning."""
    return None if seconds is None else START + timedelta(seconds=seconds)


def _error(record: JsonObject | None) -> StepError | None:
    if record is None:
        return None
    return StepError(
        record["code"], record["message"], record["fault"], outcome_unknown=record.get("outcome_unknown") is True
    )


def main() -> None:
    """Writes one record."""
    target = FOLDER / f"{sys.argv[1]}.json"
    if target.exists():
        raise SystemExit(f"{target} is there: a record is never written anew.")
    made = {"feature": BRANCHED, "records": asyncio.run(records())}
    target.write_text(json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
