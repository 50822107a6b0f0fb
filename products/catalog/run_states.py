"""The states of runs, steps and tries, in words."""

from __future__ import annotations

from typing import Final

from products.catalog.entries import Term

RUN_STATE_TERMS: Final[tuple[Term, ...]] = (
    Term("queued", "Queued", "It is written down and waits for a free worker, or for its processor to be resumed."),
    Term(
        "running", "Running", "A worker holds it. If the worker dies, another one takes over when the lease has ended."
    ),
    Term("waiting", "Waiting", "It waits for the time of its next try. No worker is held meanwhile."),
    Term("completed", "Completed", "It has its result."),
    Term("failed", "Failed", "It ended with an error that says what happened and whose fault it is."),
    Term("cancelled", "Cancelled", "Somebody stopped it. What had been sent by then is not taken back."),
    Term("rolled_back", "Rolled back", "It failed, and what it had done was undone."),
)

STEP_STATE_TERMS: Final[tuple[Term, ...]] = (
    Term("pending", "Pending", "Its turn has not come."),
    Term("running", "Running", "A try is under way."),
    Term("waiting", "Waiting", "It waits for its next try."),
    Term("completed", "Completed", "It has its result, and will not be done again."),
    Term("failed", "Failed", "No try succeeded."),
    Term("skipped", "Skipped", "Its condition did not hold."),
    Term("rolled_back", "Rolled back", "What it had done was undone."),
)

ATTEMPT_STATE_TERMS: Final[tuple[Term, ...]] = (
    Term("running", "Running", "The call is under way."),
    Term("completed", "Completed", "The remote side answered with a result."),
    Term("failed", "Failed", "The call gave no result."),
    Term("lost", "Lost", "The worker died before it could say how the call ended: the remote side may have acted."),
)
