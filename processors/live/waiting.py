"""Lets a web thread wait for the end of a run without holding a database connection.

One thread per process listens to Valkey; that a message can get lost costs a second, because the row is looked at too.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from uuid import UUID

import redis
import structlog
from django.conf import settings
from django.db import connection

from processors.conf import knobs
from processors.live import wire
from processors.models import ENDED_STATES, Run

log = structlog.get_logger(__name__)
LOOK_EVERY_S = 1.0
HOLD_S = 0.02  # most runs end sooner than a connection is given back, taken out again and tried
REMEMBERED = 5_000  # ended runs that somebody may only now begin to wait for


class Endings:
    """Which runs ended lately, and who waits for others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[UUID, list[threading.Event]] = {}
        self._lately: OrderedDict[UUID, None] = OrderedDict()

    def heard(self, run_id: UUID) -> None:
        """A run has ended."""
        with self._lock:
            self._lately[run_id] = None
            if len(self._lately) > REMEMBERED:
                self._lately.popitem(last=False)
            waiting = self._waiting.pop(run_id, [])
        for event in waiting:
            event.set()

    def expect(self, run_id: UUID) -> threading.Event:
        """Set when the run ends, or already if it ended lately."""
        event = threading.Event()
        with self._lock:
            if run_id in self._lately:
                event.set()
            else:
                self._waiting.setdefault(run_id, []).append(event)
        return event

    def forget(self, run_id: UUID, event: threading.Event) -> None:
        """Nobody waits with this event any more."""
        with self._lock:
            events = self._waiting.get(run_id, [])
            if event in events:
                events.remove(event)
            if not events:
                self._waiting.pop(run_id, None)


class Listener:
    """The one listening thread of a process."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.endings = Endings()
        self.waiters = threading.BoundedSemaphore(knobs().waiters_max)
        self._subscribed = threading.Event()
        threading.Thread(target=self._listen, name="endings", daemon=True).start()
        self._subscribed.wait(2)

    def _listen(self) -> None:
        while True:
            try:
                self._receive()
            except (redis.RedisError, OSError, ValueError) as error:
                log.warning("endings_not_heard", error=type(error).__name__)
            time.sleep(LOOK_EVERY_S)

    def _receive(self) -> None:
        client = redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=None)
        with client.pubsub() as channel:  # type: ignore[no-untyped-call]
            channel.subscribe(wire.ENDED)
            for message in channel.listen():
                if message["type"] == "subscribe":
                    self._subscribed.set()
                elif message["type"] == "message":
                    self._heard(message["data"])

    def _heard(self, data: bytes) -> None:
        for text in data.decode("ascii", "replace").split():
            try:
                self.endings.heard(UUID(text))
            except ValueError:
                log.warning("ending_ignored")


_lock = threading.Lock()
_listener: Listener | None = None


def listener() -> Listener:
    """The listener of this process; call it before a run is started, so that its end is not missed."""
    global _listener
    with _lock:
        if _listener is None or _listener.pid != os.getpid():
            _listener = Listener()
        return _listener


def wait_for(run_id: UUID, seconds: float) -> bool:
    """Whether the run ended within `seconds`; at once with False when too many wait already.

    Unless the run ends at once, the thread's database connection goes back to the pool meanwhile; not where a
    transaction is open on it.
    """
    here = listener()
    if seconds <= 0 or not here.waiters.acquire(blocking=False):
        return False
    event = here.endings.expect(run_id)
    try:
        return _waited(run_id, event, time.monotonic() + min(seconds, knobs().wait_max_s))
    finally:
        here.endings.forget(run_id, event)
        here.waiters.release()


def _waited(run_id: UUID, event: threading.Event, until: float) -> bool:
    if event.wait(min(HOLD_S, until - time.monotonic())):
        return True
    while True:
        left = until - time.monotonic()
        if not connection.in_atomic_block:
            connection.close()
        if event.wait(max(0.0, min(left, LOOK_EVERY_S))):
            return True
        if Run.objects.filter(pk=run_id, state__in=ENDED_STATES).exists():
            return True
        if left <= LOOK_EVERY_S:
            return False
