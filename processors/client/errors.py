"""What can go wrong for a user of the client, in one tree.

DuctapeError
├── NotReachable     the server could not be reached, or hung up, more often than the client tries again
├── Refused          the server says no: `status`, `code`, `errors` (RFC 9457)
├── NotSeen          the resource could not be asked: `code`, `details`
└── RunFailed        the run ended, but not with a result: `run`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from processors.client.values import Run


class DuctapeError(Exception):
    """Base. `code` is for programs, the text for people."""

    code = "error"


class NotReachable(DuctapeError):
    """No answer came. The idempotency key makes it safe to try again."""

    code = "not_reachable"


class Refused(DuctapeError):
    """The server refused the call. `errors` names each wrong field by its JSON pointer."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or f"The server answered {status}."))
        self.status = status
        self.code = str(problem.get("code") or "error")
        self.errors: tuple[dict[str, Any], ...] = tuple(problem.get("errors") or ())
        self.request_id = str(problem.get("request_id") or "")


class RunFailed(DuctapeError):
    """The run failed or was cancelled; `run.error` says why and whose fault it is."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.error.message if run.error else f"The run is {run.state}.")
        self.run = run
        self.code = run.error.code if run.error else run.state


class NotSeen(DuctapeError):
    """A database could not be asked, or answered that it will not: an error as runs have it."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message") or "It could not be asked."))
        self.code = str(error.get("code") or "error")
        self.details: dict[str, Any] = error.get("details") or {}
