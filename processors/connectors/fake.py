"""A connector that lives in memory: answers as it was told and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from processors.connectors.base import CallResult, RecordedRequest, RecordedResponse
from processors.connectors.errors import ConnectorError, DeadlineExceeded
from products.lib.jsontypes import Json, canonical

Answer = Json | ConnectorError | CallResult


@dataclass(frozen=True, slots=True)
class SeenCall:
    """One attempt as it arrived."""

    call: Any
    deadline_s: float
    max_bytes: int
    idempotency_key: str


class FakeConnector:
    """Gives its answers in order, the last one for ever. A ConnectorError is raised, plain JSON becomes a result.

    `answer` may be a function of the call instead. `delay_s` is waited before each answer, within the deadline.
    """

    def __init__(
        self, answers: Iterable[Answer] = ({},), *, answer: Callable[[Any], Answer] | None = None, delay_s: float = 0
    ) -> None:
        self._answers = list(answers)
        self._answer = answer
        self._delay_s = delay_s
        self.calls: list[SeenCall] = []
        self.closed = False

    async def call(self, call: Any, *, deadline_s: float, max_bytes: int, idempotency_key: str = "") -> CallResult:
        """The next answer. Raises the ConnectorError it was given, or DeadlineExceeded."""
        self.calls.append(SeenCall(call, deadline_s, max_bytes, idempotency_key))
        if self._delay_s:
            await self._wait(deadline_s)
        given = self._answer(call) if self._answer else self._next()
        if isinstance(given, ConnectorError):
            raise given
        return given if isinstance(given, CallResult) else _result(given)

    async def close(self) -> None:
        """Remembers that it was closed."""
        self.closed = True

    async def _wait(self, deadline_s: float) -> None:
        await asyncio.sleep(min(self._delay_s, deadline_s))
        if self._delay_s > deadline_s:
            raise DeadlineExceeded(outcome_unknown=True)

    def _next(self) -> Answer:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def _result(output: Json) -> CallResult:
    body = canonical(output).decode()
    return CallResult(
        output=output,
        request=RecordedRequest(method="FAKE", url="fake://memory"),
        response=RecordedResponse(status=200, content_type="application/json", body=body, body_bytes=len(body)),
    )
