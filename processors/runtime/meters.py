"""What a worker process has done since it started, counted for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter

from processors.engine.events import AttemptEnded, Event, RunEnded, RunWaits

RUNS_ENDED = Counter("ductape_runs_ended", "Runs that this process has settled, by the state they ended in.", ["state"])
RUNS_PUT_OFF = Counter("ductape_runs_put_off", "Runs that this process has put off to a later try.")
ATTEMPTS = Counter("ductape_attempts", "Tries of steps that have ended in this process, by outcome.", ["state"])


def count(events: Iterable[Event]) -> None:
    """After the commit that made them durable."""
    for event in events:
        match event:
            case RunEnded():
                RUNS_ENDED.labels(event.state).inc()
            case AttemptEnded():
                ATTEMPTS.labels(event.state).inc()
            case RunWaits():
                RUNS_PUT_OFF.inc()
            case _:
                pass
