"""What the tests do on a stage: start runs over REST, wait for their end, read the remote side's ledger."""

from __future__ import annotations

import http.client
from typing import Any

from ductape_site.embedded.ports import LOOPBACK
from tests.chaos.checker import calls_of
from tests.chaos.stage import Stage, Way
from tests.patience import until

RUN = (
    "SELECT state, output, error, seq, lost, fence, (SELECT array_agg(state::text ORDER BY number)"
    " FROM processors_attempt a WHERE a.run_id = r.id) FROM processors_run r WHERE id = %s"
)
FIELDS = ("state", "output", "error", "seq", "lost", "fence", "tries")
LINES = "SELECT seq, message FROM processors_logline WHERE run_id = %s ORDER BY seq"


def body(marker: str, *, amount: int = 1, mood: str = "", way: Way, **more: Any) -> dict[str, Any]:
    """Of a start."""
    given = {"id": marker, "amount": amount, "mood": mood}
    return {"product": way.product, "environment": "dev", "app": "api", "action": "echo", "input": given, **more}


def attempt(stage: Stage, marker: str, *, way: Way | None = None, **more: Any) -> tuple[int, Any]:
    """A start under the key of its marker: status and answer; 0 when there was no answer."""
    sent = body(marker, way=way or stage.home, **more)
    try:
        status, answer = stage.ask("POST", "{w}/processor/action/run", sent, way=way, Idempotency_Key=f"key-{marker}")
    except (OSError, http.client.HTTPException):
        return 0, None
    return status, answer


def start(stage: Stage, marker: str, **more: Any) -> str:
    """The id of an accepted run. Fails the test when it is refused."""
    status, answer = attempt(stage, marker, **more)
    assert status in {200, 201, 202}, (status, answer)
    return str(answer["id"])


def insist(stage: Stage, marker: str, *, seconds: float = 30, **more: Any) -> str:
    """The id of a run that is accepted sooner or later: a database that comes back breaks connections first."""
    until(lambda: attempt(stage, marker, **more)[0] in {200, 201, 202}, seconds=seconds, what="a start is accepted")
    return start(stage, marker, **more)


def cancel(stage: Stage, run: str) -> int:
    """The status of an ask to cancel."""
    return int(stage.ask("POST", f"{{w}}/runs/{run}/cancel/")[0])


def ready(stage: Stage) -> int:
    """The status of the health check; 0 without an answer."""
    try:
        return int(stage.ask("GET", "/readyz")[0])
    except (OSError, http.client.HTTPException):
        return 0


def record(stage: Stage, run: str) -> dict[str, Any]:
    """How it stands in the database."""
    return dict(zip(FIELDS, stage.rows(RUN, [run])[0], strict=True))


def ended(stage: Stage, *runs: str, seconds: float = 60) -> list[dict[str, Any]]:
    """All of them, once they have ended."""
    query = "SELECT count(*) FROM processors_run WHERE id = ANY(%s::uuid[]) AND finished_at IS NULL"
    until(lambda: stage.rows(query, [list(runs)])[0][0] == 0, seconds=seconds, what="every run has ended")
    return [record(stage, run) for run in runs]


def lines(stage: Stage, run: str) -> list[tuple[int, str]]:
    """Its log, by number; fails the test when there is a gap."""
    found = [(seq, message) for seq, message in stage.rows(LINES, [run])]
    assert [seq for seq, _ in found] == list(range(1, len(found) + 1)), found
    return found


def calls(stage: Stage, marker: str, *, least: int = 0) -> list[dict[str, Any]]:
    """What the remote side saw of runs whose marker begins so, once there are so many."""
    until(lambda: len(calls_of(stage.ledger, marker)) >= least, what=f"{least} calls")
    return calls_of(stage.ledger, marker)


def release(stage: Stage) -> None:
    """The remote side answers what it holds."""
    connection = http.client.HTTPConnection(LOOPBACK, stage.lines["remote"].target, timeout=5)
    connection.request("POST", "/_release")
    connection.getresponse().read()
    connection.close()
