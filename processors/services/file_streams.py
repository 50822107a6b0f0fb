"""A file of a storage on its way to who fetches it: part after part, the next one asked for while one is sent.

Each part is a look of its own, so that a worker that dies, or a storage that is slow for a moment, costs one part and
not the file. All are of one version: a file that changes meanwhile breaks the answer off.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import PurePosixPath
from typing import Final

import structlog
from django.utils.dateparse import parse_datetime

from processors.services.fetch_places import FetchPlace, take_place
from processors.services.looking import Seen, Sight, sight
from products.access import Actor
from products.lib.byte_ranges import Span
from products.lib.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, TooLarge, Unavailable
from products.queries.callable_resources import Wanted

log = structlog.get_logger(__name__)
PART: Final = 2_097_152  # bytes; two of them are in memory for each file that is being fetched
LEAST: Final = 65_536
TRIES: Final = 4
PAUSE_S: Final = 0.25
# Threads that wait for workers, apart from those that pages are made in.
_waiting = ThreadPoolExecutor(32, thread_name_prefix="fetch")


class BrokenOffError(Exception):
    """The rest of a file cannot be had; who fetches it has less than was announced, and so knows."""


@dataclass(frozen=True, slots=True)
class StoredContent:
    """One version of a file of a storage. `etag` is without quotes."""

    key: str
    size: int
    etag: str
    modified: datetime
    asks: Sight

    @property
    def name(self) -> str:
        """The last part of its key."""
        return PurePosixPath(self.key).name

    def opened(self, span: Span) -> Fetched:
        """The bytes, the first of which are there already. Raises DomainError."""
        actor = self.asks.actor
        place = take_place(actor.workspace.pk, by_link=actor.user is None and actor.key is None)
        try:
            first = self.part(span.start, min(PART, span.length)) if span.length else b""
        except BrokenOffError as error:
            place.release()
            raise Unavailable(str(error)) from None
        except BaseException:
            place.release()
            raise
        return Fetched(self, span, first, place)

    def part(self, start: int, length: int) -> bytes:
        """At least the first of these bytes: of a storage that is slow less is asked for. Raises BrokenOffError."""
        seen = Seen()
        for turn in range(TRIES):
            if turn:
                time.sleep(PAUSE_S * 2 ** (turn - 1))  # a storage is given time: nothing tells when it is well again
            seen = self._asked(start, length)
            if len(seen.content) == length:
                return seen.content
            error = seen.error or {"code": "platform_failed", "retryable": True}
            log.info("part_not_fetched", start=start, length=length, code=error["code"])
            if not error["retryable"]:
                break
            if error["code"] in {"deadline_exceeded", "no_answer"}:
                length = max(min(LEAST, length), length // 4)
        raise BrokenOffError(seen.message or "The file could not be read to its end.")

    def _asked(self, start: int, length: int) -> Seen:
        given = {"key": self.key, "start": start, "length": length, "version": self.etag}
        try:
            return self.asks.ask(given, hands_over=True)
        except (Unavailable, Conflict) as error:
            return Seen(error={"code": error.code, "message": error.message, "retryable": True})


class Fetched:
    """Bytes of a file as an answer's body. Django calls `close` when the answer has ended, however it did."""

    def __init__(self, content: StoredContent, span: Span, first: bytes, place: FetchPlace) -> None:
        self._content = content
        self._span = span
        self._first = first
        self._place = place

    async def __aiter__(self) -> AsyncIterator[bytes]:
        loop, at, end = asyncio.get_running_loop(), self._span.start, self._span.end
        data, self._first = self._first, b""
        following: asyncio.Future[bytes] | None = None
        try:
            while data:
                at += len(data)
                if at < end:
                    following = loop.run_in_executor(_waiting, partial(self._next, at, min(PART, end - at)))
                yield data
                data = await following if following and at < end else b""
        except BrokenOffError as error:
            log.warning("fetch_broken_off", at=at, size=self._content.size, reason=str(error))
            raise
        finally:
            if following:
                following.cancel()

    def close(self) -> None:
        """Others may fetch now."""
        self._place.release()

    def _next(self, start: int, length: int) -> bytes:
        self._place.keep()
        return self._content.part(start, length)


def stored_content(actor: Actor, product: str, environment: str, resource: str, key: str) -> StoredContent:
    """The file as it is now. Raises NotFound, Forbidden, Invalid, Conflict, TooLarge, Unavailable."""
    named = (actor, product, environment)
    seen = sight(*named, Wanted("storage", resource, "stat")).ask({"key": key})
    if seen.error is not None:
        raise _refused(seen)
    found = seen.output
    modified = parse_datetime(found["modified_at"])
    if modified is None:
        raise Unavailable("The storage does not say when the file was made.")
    asks = sight(*named, Wanted("storage", resource, "part"))
    return StoredContent(found["key"], found["size"], found["version"], modified, asks)


def _refused(seen: Seen) -> DomainError:
    error = seen.error or {}
    match error.get("code"):
        case "file_not_found":
            return NotFound("There is no such file.")
        case "response_too_large":
            return TooLarge(seen.message)
        case "input_rejected":
            return Invalid.field("key", seen.message)
        case "remote_rejected":
            return Forbidden(seen.message)
    return Unavailable(seen.message) if error.get("retryable") else Conflict(seen.message)
