"""The doorbell of runs, and the life of the worker process that answers it."""

from __future__ import annotations

import json
import resource
from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down

from processors.runtime import loop
from products import dispatch

log = structlog.get_logger(__name__)
MOST = 1_000  # ids in one message
LONGEST_S = 120.0  # a worker whose database is away takes no further messages for so long
OPEN_FILES = 65_536


@shared_task(name=dispatch.EXECUTE_RUN)
def execute_run(*arguments: object) -> None:
    """Hands the runs to the process's loop; the message is answered as soon as it has taken those it has room for."""
    run_ids = [run_id for text in arguments[:MOST] if (run_id := _run_id(text)) is not None]
    if len(run_ids) != len(arguments) or not arguments:
        log.warning("doorbell_dropped", arguments=len(arguments), heard=len(run_ids))
    if run_ids:
        _hand_over(run_ids)


def _hand_over(run_ids: list[UUID]) -> None:
    """A database that is away holds up the next message; what was not taken is announced again by the scheduler.

    No error of the loop gets to Celery, which clears the frames of its traceback: they belong to coroutines that live.
    """
    try:
        loop.start().ring(run_ids).result(LONGEST_S)
    except Exception as error:  # noqa: BLE001
        log.warning("doorbell_not_answered", runs=len(run_ids), error=type(error).__name__)


def _run_id(text: object) -> UUID | None:
    """A message is worth nothing but the ids in it; anything else is dropped."""
    try:
        return UUID(str(text))
    except ValueError:
        return None


@worker_ready.connect(weak=False)
def _begin(sender: Any = None, **_: object) -> None:
    """The loop starts with the worker, so that the first run does not wait for it."""
    queues = [queue.name for queue in sender.task_consumer.queues] if sender and sender.task_consumer else []
    _allow_open_files()
    loop.start(queues=json.dumps(queues))


def _allow_open_files() -> None:
    """Every call under way is an open file, and many systems allow 1,024 unless asked."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(OPEN_FILES, most) if most != resource.RLIM_INFINITY else OPEN_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0]), most))


@worker_shutting_down.connect(weak=False)
def _drain(**_: object) -> None:
    """While Celery waits for its tasks the loop settles what it can and hands back the rest."""
    current = loop.running()
    if current is not None:
        current.drain()


@worker_shutdown.connect(weak=False)
def _end(**_: object) -> None:
    loop.stop()
