"""What the server answers, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

ENDED = frozenset({"completed", "failed", "cancelled", "rolled_back"})


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run failed. `fault`: caller, configuration, remote, network or platform."""

    code: str
    message: str
    fault: str
    retryable: bool = False
    outcome_unknown: bool = False
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One run as it stood when the server was asked. `raw` is the whole answer."""

    id: str
    state: str
    target: str
    product: str
    environment: str
    output: Any
    error: RunError | None
    created_at: datetime
    finished_at: datetime | None
    raw: dict[str, Any] = field(repr=False, default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether it will not change any more."""
        return self.state in ENDED

    @property
    def ok(self) -> bool:
        """Whether it ended with a result."""
        return self.state == "completed"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run. Of a feature `tag` is `sequence/event`; `index` counts the items of a loop from 1, else 0.

    `raw` is the whole answer, with every try.
    """

    id: str
    tag: str
    kind: str
    index: int
    state: str
    input: Any
    output: Any
    error: RunError | None
    raw: dict[str, Any] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogLine:
    """What a run said; `seq` counts 1, 2, 3 … within the run."""

    seq: int
    at: datetime
    level: str
    step: str
    message: str
    data: Any = None


def run_of(body: dict[str, Any]) -> Run:
    """From the server's JSON; fields it does not know are kept in `raw`."""
    return Run(
        id=body["id"],
        state=body["state"],
        target=body["target"],
        product=body["product"],
        environment=body["environment"],
        output=body.get("output"),
        error=_error(body),
        created_at=_time(body["created_at"]),
        finished_at=_time(body["finished_at"]) if body.get("finished_at") else None,
        raw=body,
    )


def step_of(body: dict[str, Any]) -> Step:
    """From the server's JSON; fields it does not know are kept in `raw`."""
    known: dict[str, Any] = {
        name: body.get(name) for name in ("id", "tag", "kind", "index", "state", "input", "output")
    }
    return Step(**known, error=_error(body), raw=body)


def line_of(body: dict[str, Any]) -> LogLine:
    """From the server's JSON."""
    return LogLine(
        body["seq"], _time(body["at"]), body["level"], body.get("step", ""), body["message"], body.get("data")
    )


def _error(body: dict[str, Any]) -> RunError | None:
    error = body.get("error")
    return RunError(**{key: value for key, value in error.items() if key in RunError.__slots__}) if error else None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
