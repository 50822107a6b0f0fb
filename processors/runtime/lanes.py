"""How the places of a worker process are shared out, so that nobody takes what the others need.

A workspace may hold as many runs as there are free places, and one target of it (an action) as many as the workspace
may still take. So whoever is alone gets much, the more there are the less each gets, and there is always room for one
who comes now. (The rule is that of dynamic thresholds for shared buffers, Choudhury and Hahne 1998.)
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Lane:
    """Whose places a run takes."""

    workspace_id: UUID
    target: str


class Lanes:
    """The places of one worker process."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._total = 0
        self._workspaces: Counter[UUID] = Counter()
        self._lanes: Counter[Lane] = Counter()

    def certainly_takes(self, count: int) -> bool:
        """Whether so many more runs have room whosever they are."""
        return self._total + count <= self._places // 3

    def of_workspace(self, workspace_id: UUID) -> int:
        """How many places it holds."""
        return self._workspaces[workspace_id]

    def room_of(self, workspace_id: UUID) -> int:
        """How many more places it may take."""
        return max(0, self._places - self._total - self._workspaces[workspace_id])

    def full_targets(self, workspace_id: UUID) -> list[str]:
        """Those of its targets that may not take another place."""
        mine = [lane for lane in self._lanes if lane.workspace_id == workspace_id]
        return [lane.target for lane in mine if not self.has_room(lane)]

    def has_room(self, lane: Lane) -> bool:
        """Whether it may take another place."""
        return self._lanes[lane] < self.room_of(lane.workspace_id)

    def enter(self, lane: Lane) -> None:
        """Takes a place."""
        self._total += 1
        self._workspaces[lane.workspace_id] += 1
        self._lanes[lane] += 1

    def leave(self, lane: Lane) -> None:
        """Gives it back."""
        self._total -= 1
        _less(self._workspaces, lane.workspace_id)
        _less(self._lanes, lane)


def _less(counter: Counter[Key], key: Key) -> None:
    """Forgets what has come to nothing: workspaces come and go."""
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
