"""Rings the doorbell: sends a task by name, only after the commit, with ids as arguments.

Losing a message changes nothing: the sweeper rings again for what nobody holds. So a broker that is away is asked again
only after some seconds; nobody who starts a run waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import ChannelError, OperationalError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

READ_IMPORT = "ductape.imports.read"
APPLY_IMPORT = "ductape.imports.apply"
MAIL_INVITATION = "ductape.invitations.mail"
EXECUTE_RUN = "ductape.runs.execute"
DELETE_REST = "ductape.deleting.go_on"
LOOK = "ductape.looks.answer"
RUNS_PER_MESSAGE = 100
AWAY_S = 5.0
QUEUES_REMEMBERED = 1_000
_AWAY = (OperationalError, RedisError, OSError)


class Broker:
    """What this process knows of the broker: since it did not answer, it is left alone for some seconds."""

    def __init__(self) -> None:
        self._again_at = 0.0
        self._declared: set[str] = set()

    @property
    def seems_away(self) -> bool:
        """Whether it is not asked just now."""
        return time.monotonic() < self._again_at

    def did_not_answer(self, error: Exception) -> None:
        """Says so once; those who ring meanwhile say nothing."""
        self._again_at = time.monotonic() + AWAY_S
        self._declared.clear()
        log.warning("broker_seems_away", error=type(error).__name__, next_try_in_s=AWAY_S)

    def answered(self, queue: str) -> None:
        """It is there, and so is the queue."""
        self._again_at = 0.0
        if len(self._declared) >= QUEUES_REMEMBERED:
            self._declared.clear()
        self._declared.add(queue)

    def options(self, queue: str) -> dict[str, Any]:
        """A queue is declared with the first message of this process; workers declare those they listen to."""
        return {"declare": []} if queue in self._declared else {}


broker = Broker()


def after_commit(task: str, *ids: str, queue: str = "default") -> None:
    """Sends `task` with `ids` once the transaction has committed; a broker that is down is logged, not raised."""
    transaction.on_commit(lambda: ring(task, *ids, queue=queue))


def ring(task: str, *ids: str, queue: str = "default") -> bool:
    """Sends now; False when the broker cannot be reached, which takes no time while that is known."""
    if broker.seems_away:
        return False
    try:
        words = f"{len(ids)} ids"  # for who looks at the queue; without them every id is put into words once more
        options = {"queue": queue, "retry": False, "argsrepr": words, "kwargsrepr": "{}", **broker.options(queue)}
        current_app.send_task(task, args=list(ids), ignore_result=True, **options)
    except _AWAY as error:
        broker.did_not_answer(error)
        return False
    broker.answered(queue)
    return True


def ring_for_runs(run_ids: Sequence[str], *, queue: str) -> int:
    """A few messages for many runs; how many runs were announced."""
    parts = [run_ids[at : at + RUNS_PER_MESSAGE] for at in range(0, len(run_ids), RUNS_PER_MESSAGE)]
    return sum(len(part) for part in parts if ring(EXECUTE_RUN, *part, queue=queue))


def waiting(queue: str) -> int:
    """How many messages wait in a queue; 0 when there is no such queue or the broker cannot be reached."""
    if broker.seems_away:
        return 0
    try:
        with current_app.connection_for_write() as link:
            counted = link.default_channel.queue_declare(queue, passive=True)  # type: ignore[attr-defined]
            return int(counted.message_count)
    except ChannelError as error:
        log.debug("queue_not_counted", queue=queue, error=type(error).__name__)
    except _AWAY as error:
        broker.did_not_answer(error)
    return 0
