"""The knobs of workers, scheduler and waiting callers, read from the process environment once; each has a default.

Names begin with `RUN_` or `WORKER_`; times are seconds, sizes bytes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True)
class Knobs:
    """What an operator may turn."""

    lease_s: float  # how long a worker that says nothing keeps its runs
    renew_s: float  # how often it says something
    heartbeat_s: float  # how often a worker process reports itself
    sweep_s: float  # how often the scheduler looks for what nobody holds
    ring_again_s: float  # after how long it rings again for the same run
    shutdown_grace_s: float  # what running calls get when a worker is asked to stop
    wait_max_s: float  # how long a REST caller may wait for a result
    waiters_max: int  # callers of one web process that may wait at once; more get an answer without waiting
    response_max_bytes: int  # of an answer of a remote side, decompressed
    runs_most: int  # that one worker process has under way; a workspace gets at most half, an action a third
    database_connections: int  # of a worker's event loop
    per_host_connections: int  # of a worker to one remote host
    idempotency_life_s: float


@lru_cache(maxsize=1)
def knobs() -> Knobs:
    """Raises ImproperlyConfigured naming the variable that is not a number or out of bounds."""
    return Knobs(
        lease_s=_number("RUN_LEASE_S", 30, 1, 3_600),
        renew_s=_number("RUN_RENEW_S", 10, 0.2, 600),
        heartbeat_s=_number("WORKER_HEARTBEAT_S", 5, 0.2, 60),
        sweep_s=_number("RUN_SWEEP_S", 2, 0.1, 60),
        ring_again_s=_number("RUN_RING_AGAIN_S", 15, 0.5, 3_600),
        shutdown_grace_s=_number("WORKER_SHUTDOWN_GRACE_S", 2, 0, 600),
        wait_max_s=_number("RUN_WAIT_MAX_S", 60, 0, 600),
        waiters_max=int(_number("RUN_WAITERS_MAX", 200, 1, 10_000)),
        response_max_bytes=int(_number("RUN_RESPONSE_MAX_BYTES", 10 * 1024 * 1024, 1_024, 256 * 1024 * 1024)),
        runs_most=int(_number("WORKER_RUNS", 3_000, 1, 100_000)),
        database_connections=int(_number("WORKER_DATABASE_CONNECTIONS", 6, 2, 100)),
        per_host_connections=int(_number("WORKER_PER_HOST_CONNECTIONS", 1_000, 1, 10_000)),
        idempotency_life_s=_number("RUN_IDEMPOTENCY_LIFE_S", 86_400, 60, 30 * 86_400),
    )


def _number(name: str, default: float, least: float, most: float) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        raise ImproperlyConfigured(f"{name}: {text!r} is not a number") from None
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{name}: {value:g} is not between {least:g} and {most:g}")
    return value
