"""What the sample shop's handlers do alike: find a thing, say when, and do a thing once for an Idempotency-Key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ductape_site.sample_api.messages import Answer, Refused, Request
from ductape_site.sample_api.store import Remembered, Store


def once(store: Store, request: Request, work: Callable[[], Answer]) -> Answer:
    """The answer of `work`, or the first one to the same key. Raises Refused when the key comes with another body."""
    key = request.headers.get("idempotency-key", "")[:200]
    if not key:
        return work()
    place = f"{request.path} {key}"
    first = store.answers.get(place)
    if first is None:
        answer = work()
        store.answers.put(place, Remembered(request.body, answer))
        return answer
    if first.asked != request.body:
        raise Refused(409, "key_reused", "This Idempotency-Key was used before with another body.")
    return Answer(first.answer.body, first.answer.status, {"Idempotent-Replayed": "true"})


def found(thing: dict[str, Any] | None, kind: str, wanted: str) -> dict[str, Any]:
    """The thing. Raises Refused 404."""
    if thing is None:
        raise Refused(404, "not_found", f"There is no {kind} {wanted[:40]}.")
    return thing


def now(store: Store) -> str:
    """The moment, as the shop writes it."""
    return datetime.fromtimestamp(store.clock(), tz=UTC).isoformat(timespec="seconds")


def text_of(fields: dict[str, Any], name: str, *, most: int = 254, least: int = 1) -> str:
    """A text field. Raises Refused 422."""
    value = fields.get(name)
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise Refused(422, "invalid", f"{name}: expected text of {least} to {most} characters.")
    return value
