"""What the sample API's handlers get and give: one request, one answer, one refusal."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

MAX_BODY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read to its end. Header names are in lower case; of a repeated query key the last value counts."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def fields(self) -> dict[str, Any]:
        """The JSON object in the body. Raises Refused when it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            raise Refused(400, "not_json", "The body is not JSON.") from None
        if not isinstance(found, dict):
            raise Refused(400, "not_an_object", "The body is not a JSON object.")
        return found

    def number(self, name: str, default: float, *, most: float) -> float:
        """A number between 0 and `most` from the query. Raises Refused."""
        try:
            value = float(self.query.get(name, default))
        except ValueError:
            value = -1
        if not 0 <= value <= most:
            raise Refused(422, "invalid", f"{name}: expected a number between 0 and {most:g}.")
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `body` is sent as JSON, None as nothing."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The bytes of the body."""
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()


class Refused(Exception):
    """The shop says no: an HTTP status, a code for machines and a sentence for people."""

    def __init__(self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}

    def answer(self) -> Answer:
        """The shop's way to say it."""
        return Answer({"error": {"code": self.code, "message": self.message}}, self.status, self.headers)
