"""From where a run may be resumed, and the results before that which a person may correct."""

from __future__ import annotations

import json
from dataclasses import dataclass

from processors.models import Run, Step
from processors.queries.feature_progress import progress
from products.lib.jsontypes import JsonObject

MOST_CHOICES = 2_000
RESULTS_SHOWN = 100
LARGEST_RESULT = 20_000
LARGEST_SUM = 200_000
UNSHOWN = frozenset({"checkpoint", "wait_signal"})  # what they gave may be secret: it is kept, and not shown


@dataclass(frozen=True, slots=True)
class Points:
    """The steps to choose from (value, words), the one that failed, and results by step; `kept`: those not shown."""

    choices: list[tuple[str, str]]
    failed: str
    results: JsonObject
    kept: int


def points(run: Run) -> Points:
    """Of a run that the actor already got; three queries and one for the results."""
    events = progress(run).events
    begun = {name: facts for name, facts in events.items() if facts.step}
    failed = next((name for name, facts in begun.items() if facts.state == "failed" and not facts.event.allow_fail), "")
    choices = [(name, f"{name} — {facts.state.replace('_', ' ')}") for name, facts in events.items()]
    done = [
        name
        for name, facts in begun.items()
        if facts.state == "completed" and not facts.event.loop and facts.event.call.type not in UNSHOWN
    ]
    results, kept = _results(run, done)
    return Points(choices[:MOST_CHOICES], failed, results, kept)


def _results(run: Run, names: list[str]) -> tuple[JsonObject, int]:
    """Those small enough to be edited; the others stay as they are."""
    rows = Step.objects.filter(run=run, index=0, tag__in=names[:RESULTS_SHOWN]).values_list("tag", "output")
    found: JsonObject = {}
    room = LARGEST_SUM
    for tag, output in sorted(rows, key=lambda row: names.index(row[0])):
        size = len(json.dumps(output))
        if output is not None and size <= min(LARGEST_RESULT, room):
            found[tag] = output
            room -= size
    return found, len(names) - len(found)
