"""What a caller asked for and heard, one line for every operation, with three outcomes (the way Jepsen notes it)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """`UNKNOWN`: it may or may not have happened; only asking again by the same key tells."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Operation:
    """One start of a run. `marker`: its name at the remote side; `expected`: the value it must come to."""

    marker: str
    key: str
    amount: int
    mood: str = ""
    kind: str = "start"
    outcome: Outcome = Outcome.UNKNOWN
    status: int = 0
    run: str = ""
    at: float = field(default_factory=time.time)


class History:
    """All operations by key; the last word on each counts. Several threads may note."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, Operation] = {}
        self.statuses: list[tuple[float, int]] = []

    def note(self, operation: Operation, outcome: Outcome, *, status: int = 0, run: str = "") -> None:
        """What came of it."""
        with self._lock:
            self._last[operation.key] = replace(operation, outcome=outcome, status=status, run=run)
            self.statuses.append((time.time(), status))

    def __iter__(self) -> Iterator[Operation]:
        with self._lock:
            return iter(list(self._last.values()))

    def of(self, outcome: Outcome) -> list[Operation]:
        """Those that came out so."""
        return [one for one in self if one.outcome is outcome]

    def write(self, path: Path) -> None:
        """One JSON line each."""
        path.write_text("".join(json.dumps(asdict(one)) + "\n" for one in self), encoding="utf-8")
