"""The events of many runs as the columns of the journal's one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from processors.engine.events import AttemptEnded, AttemptStarted, Event, RunEnded, RunWaits, Said, StepChanged
from processors.engine.limits import MAX_MESSAGE_CHARS
from processors.engine.states import RunState, StepState
from processors.engine.step import StepError
from processors.runtime.arrays import Ints, Moments, Texts, Uuids
from processors.runtime.weight import is_large
from products.lib.jsontypes import Json, clean_json, clean_text

Columns = dict[str, list[Any]]
_KINDS: dict[type[list[Any]], tuple[str, ...]] = {
    Uuids: ("run", "a_id", "a_run", "a_step", "e_id", "e_run", "s_id", "s_run", "l_run", "closing"),
    Ints: ("fence", "base", "lines", "a_number", "a_fence", "s_number", "l_number"),
    Moments: ("wake_at", "finished_at", "a_at", "e_at", "e_next", "s_at", "l_at"),
    Texts: (
        "state", "output", "error", "reason", "e_state", "e_request", "e_response", "e_error", "s_state", "s_output",
        "s_error", "l_level", "l_step", "l_message", "l_data",
    ),
}  # fmt: skip
_WEIGHTY = ("output", "input")  # all else is cut to size where it arises
STEP_ENDED = frozenset({StepState.COMPLETED, StepState.FAILED, StepState.SKIPPED, StepState.ROLLED_BACK})


@dataclass(frozen=True, slots=True)
class Entry:
    """What one run has to record: its events, and where it stands before them."""

    run_id: UUID
    fence: int
    base: int
    events: tuple[Event, ...]
    closes: bool = False  # what is open of the run ends with it
    is_feature: bool = False
    parent_id: UUID | None = None  # the run that hears of its end

    @property
    def is_large(self) -> bool:
        """Whether writing it takes so long that others should not wait for it."""
        return any(is_large(getattr(event, name, None)) for event in self.events for name in _WEIGHTY)

    @property
    def lines(self) -> int:
        """How many log lines, and so how far the run's number moves on."""
        return sum(isinstance(event, Said) for event in self.events)


def columns(entries: Iterable[Entry]) -> Columns:
    """The parameters of `statements.journal`."""
    table = empty(_KINDS)
    for entry in entries:
        run_columns(table, entry)
        number = 0
        for event in entry.events:
            match event:
                case Said():
                    number += 1
                    line_columns(table, entry, event, number)
                case AttemptStarted():
                    try_columns(table, entry, event)
                    _started(table, entry, event)
                case AttemptEnded():
                    end_columns(table, entry, event)
                case StepChanged():
                    _step(table, entry, event)
                case _:
                    pass
    return table


def empty(kinds: dict[type[list[Any]], tuple[str, ...]]) -> Columns:
    """Columns without rows."""
    return {name: kind() for kind, names in kinds.items() for name in names}


def run_columns(table: Columns, entry: Entry) -> None:
    """Where the run stands after the entry."""
    if entry.closes:
        table["closing"].append(entry.run_id)
    state = output = error = wake_at = finished_at = None
    reason = ""
    for event in entry.events:
        if isinstance(event, RunEnded):
            state, output, error, finished_at = event.state, json_cell(event.output), error_cell(event.error), event.at
        elif isinstance(event, RunWaits):
            state, wake_at, reason = RunState.WAITING, event.wake_at, event.reason[:300]
            error = error_cell(event.error)
    add(
        table, run=entry.run_id, fence=entry.fence, base=entry.base, lines=entry.lines, state=state, output=output,
        error=error, wake_at=wake_at, reason=reason, finished_at=finished_at,
    )  # fmt: skip


def try_columns(table: Columns, entry: Entry, event: AttemptStarted) -> None:
    """A try that begins."""
    add(
        table, a_id=event.attempt_id, a_run=entry.run_id, a_step=event.step_id, a_number=event.number,
        a_fence=entry.fence, a_at=event.at,
    )  # fmt: skip


def _started(table: Columns, entry: Entry, event: AttemptStarted) -> None:
    add(
        table, s_id=event.step_id, s_run=entry.run_id, s_state=StepState.RUNNING, s_output=None, s_error=None,
        s_number=event.number, s_at=None,
    )  # fmt: skip


def end_columns(table: Columns, entry: Entry, event: AttemptEnded) -> None:
    """How a try ended."""
    exchange = event.exchange
    add(
        table, e_id=event.attempt_id, e_run=entry.run_id, e_state=event.state, e_request=json_cell(exchange.request),
        e_response=json_cell(exchange.response), e_error=error_cell(event.error), e_at=event.at, e_next=event.next_at,
    )  # fmt: skip


def _step(table: Columns, entry: Entry, event: StepChanged) -> None:
    ended = event.at if event.state in STEP_ENDED else None
    add(
        table, s_id=event.step_id, s_run=entry.run_id, s_state=event.state, s_output=json_cell(event.output),
        s_error=error_cell(event.error), s_number=0, s_at=ended,
    )  # fmt: skip


def line_columns(table: Columns, entry: Entry, event: Said, number: int) -> None:
    """A log line."""
    message = clean_text(event.message)[:MAX_MESSAGE_CHARS]
    add(
        table, l_run=entry.run_id, l_number=number, l_at=event.at, l_level=event.level, l_step=event.step,
        l_message=message, l_data=json_cell(event.data),
    )  # fmt: skip


def add(table: Columns, **cells: Any) -> None:
    """One cell to each of these columns."""
    for name, value in cells.items():
        table[name].append(value)


def error_cell(error: StepError | None) -> str | None:
    """As it is stored."""
    return None if error is None else json_cell(error.to_json())


def json_cell(value: Json) -> str | None:
    """JSON as text; null stands as no value."""
    return None if value is None else json.dumps(clean_json(value), ensure_ascii=False, allow_nan=False)
