"""The events of many runs of features as the columns of their journal's one statement.

What happens to a step within one entry (opened, tried, changed) is one row: no statement may touch a row twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from processors.engine.events import (
    AttemptEnded,
    AttemptStarted,
    ChildStarted,
    RunEnded,
    RunWaits,
    Said,
    SignalTaken,
    StepChanged,
    StepOpened,
)
from processors.engine.states import StepState
from processors.runtime.arrays import Ints, Moments, Texts, Uuids
from processors.runtime.entries import (
    STEP_ENDED,
    Columns,
    Entry,
    add,
    empty,
    end_columns,
    error_cell,
    json_cell,
    line_columns,
    run_columns,
    try_columns,
)

_KINDS: dict[type[list[Any]], tuple[str, ...]] = {
    Uuids: (
        "run", "parent", "parents", "a_id", "a_run", "a_step", "e_id", "e_run", "o_id", "o_run", "o_child", "s_id",
        "s_run", "s_child", "g_id", "g_run", "g_step", "l_run", "closing",
    ),
    Ints: (
        "fence", "base", "lines", "news", "moved", "a_number", "a_fence", "o_index", "o_number", "s_number", "l_number",
    ),
    Moments: (
        "wake_at", "finished_at", "a_at", "e_at", "e_next", "o_wake", "o_started", "o_at", "s_wake", "s_at", "l_at",
    ),
    Texts: (
        "state", "output", "error", "reason", "asks", "e_state", "e_request", "e_response", "e_error", "o_tag",
        "o_kind", "o_state", "o_input", "o_output", "o_error", "s_state", "s_output", "s_error", "l_level", "l_step",
        "l_message", "l_data",
    ),
}  # fmt: skip


@dataclass(slots=True)
class _Row:
    """What one entry makes of a step; `opened` when it is new."""

    state: str = ""
    output: str | None = None
    error: str | None = None
    number: int = 0
    wake_at: datetime | None = None
    child: UUID | None = None
    finished_at: datetime | None = None
    opened: StepOpened | None = None

    def stands(self, event: StepOpened | StepChanged) -> None:
        """As the event says."""
        self.state, self.wake_at = event.state, event.wake_at
        self.output, self.error = json_cell(event.output), error_cell(event.error)
        self.finished_at = event.at if event.state in STEP_ENDED else None


def feature_columns(entries: Iterable[Entry]) -> Columns:
    """The parameters of `feature_statements.journal`."""
    table = empty(_KINDS)
    for entry in entries:
        run_columns(table, entry)
        rows: dict[UUID, _Row] = {}
        number = 0
        for event in entry.events:
            if isinstance(event, Said):
                number += 1
                line_columns(table, entry, event, number)
            else:
                _event(table, entry, event, rows)
        _more_of_run(table, entry, rows)
        for step_id, row in rows.items():
            _opened(table, entry, step_id, row, row.opened) if row.opened else _changed(table, entry, step_id, row)
    return table


def _event(table: Columns, entry: Entry, event: Any, rows: dict[UUID, _Row]) -> None:
    match event:
        case StepOpened():
            row = rows[event.step_id] = _Row(opened=event)
            row.stands(event)
        case StepChanged():
            rows.setdefault(event.step_id, _Row()).stands(event)
        case AttemptStarted():
            try_columns(table, entry, event)
            row = rows.setdefault(event.step_id, _Row())
            row.state, row.number, row.wake_at = StepState.RUNNING, event.number, None
        case AttemptEnded():
            end_columns(table, entry, event)
        case ChildStarted():
            rows.setdefault(event.step_id, _Row()).child = event.run_id
        case SignalTaken():
            add(table, g_id=event.signal_id, g_run=entry.run_id, g_step=event.step_id)


def _more_of_run(table: Columns, entry: Entry, rows: dict[UUID, _Row]) -> None:
    news = next((event.news for event in entry.events if isinstance(event, RunWaits)), None)
    asks: str | None = None  # as before, until it waits again: what is answered is asked no more, all else still is
    for event in entry.events:
        if isinstance(event, (RunWaits, RunEnded)):
            asks = event.asks
        elif isinstance(event, SignalTaken):
            asks = ""
        elif isinstance(event, StepOpened) and event.kind == "wait_signal" and event.state is StepState.WAITING:
            asks = "signal"  # other branches may go on for long
    has_ended = any(isinstance(event, RunEnded) for event in entry.events)
    parent = entry.parent_id if has_ended else None
    if parent is not None:
        table["parents"].append(parent)
    add(table, news=news, asks=asks, parent=parent, moved=sum(row.state in STEP_ENDED for row in rows.values()))


def _opened(table: Columns, entry: Entry, step_id: UUID, row: _Row, event: StepOpened) -> None:
    add(
        table, o_id=step_id, o_run=entry.run_id, o_tag=event.tag, o_kind=event.kind, o_index=event.index,
        o_state=row.state, o_number=row.number, o_input=json_cell(event.input), o_output=row.output, o_error=row.error,
        o_wake=row.wake_at, o_child=row.child, o_started=event.at, o_at=row.finished_at,
    )  # fmt: skip


def _changed(table: Columns, entry: Entry, step_id: UUID, row: _Row) -> None:
    add(
        table, s_id=step_id, s_run=entry.run_id, s_state=row.state, s_output=row.output, s_error=row.error,
        s_number=row.number, s_wake=row.wake_at, s_child=row.child, s_at=row.finished_at,
    )  # fmt: skip
