"""`Ductape(base_url, access_key, product=…, environment=…).processor.action.run(…)` over REST."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from processors.client.errors import DuctapeError, RunFailed
from processors.client.resources import CacheCalls, DatabaseCalls, StorageCalls
from processors.client.transport import Transport, new_key
from processors.client.values import LogLine, Run, Step, line_of, run_of, step_of

LONGEST_WAIT_S = 60.0  # that the server holds one request open
STEPS_AT_ONCE = 200
LOOK_EVERY_S = 0.5  # when it does not hold it


class Ductape:
    """A product in one environment, as a program uses it. Safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        access_key: str,
        product: str,
        environment: str,
        *,
        workspace: str = "",
        timeout_s: float = 30.0,
    ) -> None:
        self._transport = Transport(base_url, access_key, timeout_s=timeout_s)
        self._workspace = workspace
        self.product = product
        self.environment = environment
        self.runs = Runs(self)
        self.processor = Processor(
            ActionCalls(self), FeatureCalls(self), DatabaseCalls(self), StorageCalls(self), CacheCalls(self)
        )

    @property
    def workspace(self) -> str:
        """The tag of the key's workspace; asked once when it was not given. Raises DuctapeError."""
        if not self._workspace:
            found = self._transport.ask("GET", "/api/v1/me/", again=True)["workspaces"]
            if len(found) != 1:
                raise DuctapeError("Say which workspace: the access key does not tell.")
            self._workspace = found[0]["tag"]
        return self._workspace

    def ask(self, method: str, path: str, body: Any = None, *, again: bool, wait_s: float = 0) -> Any:
        """One call below the workspace. Raises DuctapeError."""
        return self._transport.ask(method, self._below(path), body, again=again, wait_s=wait_s)

    def tell(self, path: str, body: Any, *, wait_s: float = 0) -> Any:
        """A call below the workspace that has an effect: once, however often it has to be sent. Raises DuctapeError."""
        headers = {"Idempotency-Key": new_key()}
        return self._transport.ask("POST", self._below(path), body, again=True, wait_s=wait_s, headers=headers)

    def start(self, path: str, body: dict[str, Any], *, wait: float = 30.0, check: bool = False, key: str = "") -> Run:
        """Starts a run by a call of the processor interface and waits up to `wait` seconds for its end.

        With `check` one that failed raises RunFailed. `body` or `key` has an idempotency key. Raises Refused,
        NotReachable.
        """
        held = max(0.0, min(wait, LONGEST_WAIT_S))
        own = {"product": self.product, "environment": self.environment}
        headers = {"Idempotency-Key": key} if key else {}
        where = self._below(f"processor/{path}")
        answer = self._transport.ask(
            "POST", where, {**own, **body, "wait": held}, again=True, wait_s=held, headers=headers
        )
        run = run_of(answer)
        if not run.ended and wait > LONGEST_WAIT_S:
            run = self.runs.wait(run.id, wait - LONGEST_WAIT_S)
        if check and run.ended and not run.ok:
            raise RunFailed(run)
        return run

    def send(self, method: str, path: str, data: bytes, *, again: bool = True) -> Any:
        """Bytes to below the workspace; the decoded answer. Raises Refused, NotReachable."""
        return self._transport.send(method, self._below(path), data, again=again)

    def fetch(self, path: str, into: BinaryIO) -> int:
        """Writes what is there to an open binary file; how many bytes. Raises Refused, NotReachable, OSError."""
        return self._transport.fetch(self._below(path), into)

    def _below(self, path: str) -> str:
        return f"/api/v1/workspaces/{quote(self.workspace, safe='')}/{path}"

    def close(self) -> None:
        """Closes this thread's connection."""
        self._transport.close()

    def __enter__(self) -> Ductape:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ActionCalls:
    """`processor.action`"""

    def __init__(self, ductape: Ductape) -> None:
        self._ductape = ductape

    def run(  # noqa: PLR0913 - the interface that is promised, name by name
        self,
        *,
        app: str,
        action: str,
        input: Any = None,
        wait: float = 30.0,
        idempotency_key: str = "",
        retries: int | None = None,
        timeout: float | None = None,
        cache: str = "",
        check: bool = False,
    ) -> Run:
        """Runs an action and waits up to `wait` seconds for its end. `cache`: the tag of one that may have the result.

        A key is made up when none is given, so that a broken connection does not run it twice. With `check` a run
        that failed raises RunFailed. Raises Refused, NotReachable.
        """
        body = {
            "app": app,
            "action": action,
            "input": {} if input is None else input,
            "idempotency_key": idempotency_key or new_key(),
            **({"cache": cache} if cache else {}),
            **({} if retries is None else {"retries": retries}),
            **({} if timeout is None else {"timeout": timeout}),
        }
        return self._ductape.start("action/run", body, wait=wait, check=check)


class FeatureCalls:
    """`processor.feature`"""

    def __init__(self, ductape: Ductape) -> None:
        self._ductape = ductape

    def run(
        self,
        *,
        feature: str,
        input: Any = None,
        wait: float = 30.0,
        idempotency_key: str = "",
        check: bool = False,
        until: str = "",
        cache: str = "",
    ) -> Run:
        """Runs a feature, or only up to its event `until` ("sequence/event"); waits up to `wait` seconds for its end.

        `cache` is the tag of one that may have the result. A key is made up when none is given, so that a broken
        connection does not run it twice. With `check` a run that failed raises RunFailed. Raises Refused, NotReachable.
        """
        body = {
            "feature": feature,
            "input": {} if input is None else input,
            "idempotency_key": idempotency_key or new_key(),
            **({"until": until} if until else {}),
            **({"cache": cache} if cache else {}),
        }
        return self._ductape.start("feature/run", body, wait=wait, check=check)


@dataclass(frozen=True, slots=True)
class Processor:
    """What executes: the calls of the processor interface."""

    action: ActionCalls
    feature: FeatureCalls
    db: DatabaseCalls
    storage: StorageCalls
    cache: CacheCalls


class Runs:
    """`runs`: look at runs, follow, cancel and replay them."""

    def __init__(self, ductape: Ductape) -> None:
        self._ductape = ductape

    def get(self, run_id: str) -> Run:
        """One run. Raises Refused (404)."""
        return run_of(self._ductape.ask("GET", f"runs/{quote(run_id, safe='')}/", again=True))

    def list(self, *, limit: int = 50, **filters: str) -> Iterator[Run]:
        """Newest first, page by page as they are taken; `filters` are those of the REST list. Without outputs."""
        own = {"product": self._ductape.product, "environment": self._ductape.environment}
        query = urlencode({**own, **filters, "limit": min(limit, 200)})
        path: str | None = f"runs/?{query}"
        left = limit
        while path and left > 0:
            page = self._ductape.ask("GET", path, again=True)
            yield from map(run_of, page["results"][:left])
            left -= len(page["results"])
            path = _below(page["next"])

    def steps(self, run_id: str) -> Iterator[Step]:
        """All steps that are there now, in the order in which they were made, page by page as they are taken."""
        path = f"runs/{quote(run_id, safe='')}/steps/?limit={STEPS_AT_ONCE}"
        answer = self._ductape.ask("GET", path, again=True)
        yield from map(step_of, answer["results"])
        while answer["more"]:
            answer = self._ductape.ask("GET", f"{path}&after={answer['last']}", again=True)
            yield from map(step_of, answer["results"])

    def log(self, run_id: str, *, after: int = 0) -> Iterator[LogLine]:
        """The lines after a number that are there now."""
        more = True
        while more:
            answer = self._ductape.ask("GET", f"runs/{quote(run_id, safe='')}/log/?after={after}", again=True)
            yield from map(line_of, answer["results"])
            after, more = answer["last"], answer["more"]

    def wait(self, run_id: str, seconds: float) -> Run:
        """The run when it has ended, or as it stands after `seconds`."""
        until = time.monotonic() + seconds
        while True:
            asked = time.monotonic()
            wait = max(0.0, min(until - asked, LONGEST_WAIT_S))
            path = f"runs/{quote(run_id, safe='')}/?wait={wait:.3f}"
            run = run_of(self._ductape.ask("GET", path, again=True, wait_s=wait))
            if run.ended or time.monotonic() >= until:
                return run
            if time.monotonic() < asked + wait / 2:  # the server has too many who wait
                time.sleep(min(wait / 2, LOOK_EVERY_S))

    def cancel(self, run_id: str) -> Run:
        """Asks to end it. Raises Refused (409) when it has ended."""
        return run_of(self._ductape.tell(f"runs/{quote(run_id, safe='')}/cancel/", {}))

    def replay(self, run_id: str, *, wait: float = 0) -> Run:
        """The same input afresh, as a new run."""
        return self._once_more(run_id, "replay", {}, wait)

    def restart(self, run_id: str, *, input: Any, merge: bool = False, wait: float = 0) -> Run:
        """Once more with another input; with `merge` the old one with these fields changed."""
        return self._once_more(run_id, "restart", {"input": input, "merge": merge}, wait)

    def resume(
        self, run_id: str, *, from_step: str = "", results: dict[str, Any] | None = None, wait: float = 0
    ) -> Run:
        """A new run that goes on from `sequence/event`, or where it failed, with the results before it.

        `results` corrects them. Raises Refused (409) while the run goes on.
        """
        return self._once_more(run_id, "resume", {"from_step": from_step, "results": results or {}}, wait)

    def signal(self, run_id: str, name: str, payload: Any = None, *, comment: str = "") -> dict[str, Any]:
        """Tells a run what it waits for. Raises Refused."""
        return self._tell(run_id, "signals", {"name": name, "payload": payload, "comment": comment})

    def approve(self, run_id: str, name: str, *, approved: bool = True, comment: str = "") -> dict[str, Any]:
        """Answers an approval that a run waits for. Raises Refused."""
        return self.signal(run_id, name, {"approved": approved}, comment=comment)

    def resolve(self, run_id: str, step: str, outcome: str, *, output: Any = None) -> dict[str, Any]:
        """Says what came of a call of which nobody knows: `done`, `retry` or `failed`. Raises Refused."""
        return self._tell(run_id, "resolve", {"step": step, "outcome": outcome, "output": output})

    def retry_undo(self, run_id: str, step: str) -> Run:
        """Has an undo that failed tried again. Raises Refused."""
        return run_of(self._tell(run_id, "retry-undo", {"step": step}))

    def undo_by_hand(self, run_id: str, step: str, *, note: str = "") -> Run:
        """Says that a person has taken back what an undo could not. Raises Refused."""
        return run_of(self._tell(run_id, "undo-by-hand", {"step": step, "note": note}))

    def compare(self, run_id: str, other: str) -> dict[str, Any]:
        """Two runs step by step: `steps` with what differs. Raises Refused."""
        path = f"runs/{quote(run_id, safe='')}/compare/?other={quote(other, safe='')}"
        answer: dict[str, Any] = self._ductape.ask("GET", path, again=True)
        return answer

    def _once_more(self, run_id: str, how: str, body: dict[str, Any], wait: float) -> Run:
        wait = min(wait, LONGEST_WAIT_S)
        path = f"runs/{quote(run_id, safe='')}/{how}/"
        return run_of(self._ductape.tell(path, {**body, "wait": wait}, wait_s=wait))

    def _tell(self, run_id: str, what: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._ductape.tell(f"runs/{quote(run_id, safe='')}/{what}/", body)
        return answer


def _below(address: str | None) -> str | None:
    """The next page's address below the workspace: its host is how the server sees itself, not how we reach it."""
    return "runs/" + address.split("/runs/", 1)[1] if address and "/runs/" in address else None
