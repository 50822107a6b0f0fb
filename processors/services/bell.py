"""Announces new runs to workers and lists: whoever comes while somebody announces leaves theirs to them.

So callers who start runs at the same moment share one message, and lists hear once of them all.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from processors.live import publish
from processors.live.topics import Topic
from products import dispatch

ROUNDS = 4  # of a caller's time that go to others; then a thread of its own does the rest


@dataclass(frozen=True, slots=True)
class News:
    """Runs that are new in a queue, and who may care."""

    run_ids: Sequence[UUID]
    queue: str
    topics: Sequence[Topic]


class Bell:
    """One for a process, for all its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gathered: list[News] = []
        self._is_rung = False

    def ring(self, news: News) -> None:
        """Announces it, or leaves it to the thread that does so already. A broker that is away is no error."""
        with self._lock:
            self._gathered.append(news)
            if self._is_rung:
                return
            self._is_rung = True
        self._ring_on(ROUNDS)

    def _ring_on(self, rounds: int) -> None:
        """Until nothing is left, or for so many rounds; 0 means without end."""
        done = 0
        while gathered := self._take():
            try:
                _announce(gathered)
            except BaseException:
                self._hand_over()
                raise
            done += 1
            if done == rounds:
                self._hand_over()
                return

    def _take(self) -> list[News]:
        with self._lock:
            gathered, self._gathered = self._gathered, []
            self._is_rung = bool(gathered)
        return gathered

    def _hand_over(self) -> None:
        with self._lock:
            is_more = self._is_rung = bool(self._gathered)
        if is_more:
            threading.Thread(target=self._ring_on, args=(0,), name="bell", daemon=True).start()


def _announce(gathered: Sequence[News]) -> None:
    by_queue: dict[str, list[str]] = {}
    for news in gathered:
        by_queue.setdefault(news.queue, []).extend(map(str, news.run_ids))
    for queue, run_ids in by_queue.items():
        dispatch.ring_for_runs(run_ids, queue=queue)
    publish.changed(*dict.fromkeys(topic for news in gathered for topic in news.topics))


bell = Bell()
