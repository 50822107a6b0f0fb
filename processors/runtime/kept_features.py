"""A run of a feature whose result a cache of the product may have."""

from __future__ import annotations

from datetime import UTC, datetime

from processors.connectors.caches.results import Found, Lead
from processors.engine.events import RunEnded, Said
from processors.engine.feature_runner import FeatureRunner
from processors.engine.states import RunState
from processors.runtime.journal import RunJournal
from processors.runtime.shared_results import SharedCache, said


async def kept_or_run(cache: SharedCache, journal: RunJournal, runner: FeatureRunner, *, key: str) -> RunState:
    """Ends the run with the kept result, or runs it and keeps what it gives. Raises what running it raises.

    One that waits for something longer than a worker holds it gives its turn to others: its result is not kept.
    """
    answer = await cache.ask(key)
    if isinstance(answer, Found):
        now = datetime.now(UTC)
        line = Said(now, "info", said(cache.definition.tag, answer))
        await journal.end(RunEnded(now, RunState.COMPLETED, answer.value), line)
        return RunState.COMPLETED
    state: RunState | None = None
    try:
        state = await runner.run()
        return state
    finally:
        if isinstance(answer, Lead):
            place = cache.opened.place
            if state is RunState.COMPLETED:
                await cache.connector.store(place, answer.token, runner.output)
            else:
                await cache.connector.give_up(place, answer.token)
