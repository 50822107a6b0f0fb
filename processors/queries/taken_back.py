"""What of a run would be taken back if it stopped now: said before somebody cancels it."""

from __future__ import annotations

from datetime import UTC, datetime

from processors.queries.feature_progress import EventFacts, Progress

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def would_be_undone(progress: Progress) -> list[str]:
    """The events with something to take back, the last first, as the feature's strategy chooses them."""
    strategy = progress.feature.options.rollback
    if strategy == "none":
        return []
    done = [one for one in progress.events.values() if one.step and (one.state == "completed" or one.items.total)]
    done.sort(key=lambda one: (one.step and one.step.finished_at) or _LONG_AGO, reverse=True)
    found: list[str] = []
    for facts in done:
        if strategy == "to_checkpoint" and facts.event.call.type == "checkpoint":
            break
        if facts.event.undo is not None and (strategy != "critical_only" or facts.event.critical):
            found.append(_named(facts))
    return found


def _named(facts: EventFacts) -> str:
    count = facts.items.counts.get("completed", 0)
    items = f" ({count} item{'' if count == 1 else 's'})" if facts.event.loop is not None else ""
    return f"{facts.event.name}{items}"
