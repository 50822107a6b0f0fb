"""The port every connector fills: one call in, a recorded result or a typed error out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from products.lib.jsontypes import Json

PREVIEW_CHARS = 65_536
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """What was sent, masked and then cut to PREVIEW_CHARS. `body_bytes` is the length of the whole body."""

    method: str
    url: str
    headers: Headers = ()
    body: str = ""
    body_bytes: int = 0
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """What came back, masked and then cut to PREVIEW_CHARS. `body_bytes` is the length of the whole body."""

    status: int
    reason: str = ""
    headers: Headers = ()
    content_type: str = ""
    body: str = ""
    body_bytes: int = 0
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds; name resolution and connecting are 0 on a connection that was already open."""

    dns_ms: float = 0.0
    connect_ms: float = 0.0
    first_byte_ms: float = 0.0
    total_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a call gave. `output` is for the run and is NOT masked; `request` and `response` are, for people.

    `response` is None when nothing readable came back (only in the `result` of an error).
    """

    output: Json
    request: RecordedRequest
    response: RecordedResponse | None = None
    timings: Timings = field(default_factory=Timings)
    notices: tuple[str, ...] = ()


CallT = TypeVar("CallT", contravariant=True)


class Connector(Protocol[CallT]):
    """Talks to one kind of outside system."""

    async def call(self, call: CallT, *, deadline_s: float, max_bytes: int, idempotency_key: str = "") -> CallResult:
        """Make one attempt, within `deadline_s` seconds, reading at most `max_bytes`. Raises ConnectorError.

        `idempotency_key` is the same for every attempt of the same step.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
