"""The first line of the web process: how a request may be framed, how large its head may be, how long it may take.

What two parsers could read in two ways is refused, so that no proxy in front of us ever takes one request for two.
RFC 9112 §3.2 (Host), §6.1 (Transfer-Encoding), §11.2 (request smuggling); RFC 6585 §5 (431).
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ductape_site.answer_headers import BARE

MAX_CONNECTIONS = 8_000  # of one process; `cli.web` takes fewer where fewer files may be open
MAX_HEAD = 32 * 1024  # bytes of names and values, as the common proxies have it
MAX_FIELDS = 100
MAX_TARGET = 16 * 1024
MAX_BODY = 32 * 1024 * 1024  # more than anything of ours takes; the rest would only fill the disk
HEAD_S = 15.0  # from the first byte, or from the connection, to the end of the head
BODY_IDLE_S = 30.0  # without a byte of the body
BODY_S = 300.0  # for the whole body
VERSIONS = ("1.0", "1.1")


class RefusedError(Exception):
    """This is no request that we answer; the connection ends with this status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class HttpFront(HttpToolsProtocol):
    """uvicorn's protocol with bounds. A connection that is refused is closed, and asked nothing more."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._refusal = HTTPStatus.BAD_REQUEST
        self._in_head = False
        self._head_bytes = 0
        self._body_bytes = 0
        self._body_until = 0.0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """One more, if there is room."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._arm(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parses; what cannot be parsed, or not in one way only, is refused."""
        if self._in_head and self._head_is_too_long(len(data)):
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause.status if isinstance(cause, RefusedError) else HTTPStatus.BAD_REQUEST)
            return
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self._disarm()
                self.handle_websocket_upgrade()
            return
        if self._deadline is None and self._is_idle() and self.timeout_keep_alive_task is None:
            self._arm(HEAD_S)  # line ends between requests, which begin none

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        if self._deadline is None:
            self._arm(HEAD_S)

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        super().on_url(url)
        if len(self.url) > MAX_TARGET:
            raise RefusedError(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of the head. Those that follow a body never count as such: no proxy has looked at them."""
        if not self._in_head:
            return
        super().on_header(name, value)
        if len(self.headers) > MAX_FIELDS or sum(len(one) + len(text) for one, text in self.headers) > MAX_HEAD:
            raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The head is whole: it is asked about before anybody answers it."""
        self._in_head = False
        if not self._is_clear():
            raise RefusedError(HTTPStatus.BAD_REQUEST)
        self._body_bytes = 0
        if self._announced() > MAX_BODY:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        super().on_headers_complete()
        self._body_until = self.loop.time() + BODY_S
        self._arm(BODY_IDLE_S)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body_bytes += len(body)
        if self._body_bytes > MAX_BODY:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        super().on_body(body)
        self._arm(min(BODY_IDLE_S, self._body_until - self.loop.time()))

    def on_message_complete(self) -> None:
        """From here on it is our turn."""
        super().on_message_complete()
        self._disarm()

    def _is_clear(self) -> bool:
        """Whether every reader finds the same request in it."""
        named = {name: [value for key, value in self.headers if key == name] for name in _TELLING}
        version, chunked = self.parser.get_http_version(), named[b"transfer-encoding"]
        has_body = bool(chunked or named[b"content-length"])
        return (
            version in VERSIONS
            and len(named[b"host"]) <= 1
            and (version == "1.0" or bool(named[b"host"]))
            and (not chunked or (chunked == [b"chunked"] and version == "1.1" and not named[b"content-length"]))
            and self.url.startswith(b"/")
            and not (self._should_upgrade() and (has_body or self.parser.get_method() != b"GET"))
        )

    def _announced(self) -> int:
        """The length of the body as its head says; 0 where it does not."""
        return next((int(value) for name, value in self.headers if name == b"content-length"), 0)

    def _head_is_too_long(self, more: int) -> bool:
        """The parser keeps a field until its end comes, which may be never."""
        self._head_bytes += more
        if self._head_bytes <= MAX_HEAD + MAX_TARGET:
            return False
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        return True

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(max(0.0, seconds), self._too_slow)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        """A head or a body that began is answered; a connection that was never used only ends."""
        self._deadline = None
        if self._in_head or not self._is_idle():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        """Answers and closes; only closes where the answer would be taken for that to an earlier request."""
        self._disarm()
        self._refusal = status
        if self._is_idle() or self._is_of_this_request():
            self.send_400_response(status.phrase)
        else:
            self.transport.close()

    def _is_of_this_request(self) -> bool:
        """Whether the body of the only open request is what is refused, and nothing was said to it."""
        return self.cycle.more_body and not self.cycle.response_started and not self.pipeline and not self._in_head

    def send_400_response(self, msg: str) -> None:
        """The answer of the front itself."""
        lines = [
            f"HTTP/1.1 {self._refusal.value} {self._refusal.phrase}",
            "content-type: text/plain; charset=utf-8",
            *(f"{name.lower()}: {value}" for name, value in BARE.items()),
            f"content-length: {len(msg)}",
            "connection: close",
        ]
        self.transport.write(("\r\n".join(lines) + f"\r\n\r\n{msg}").encode("ascii"))
        self.transport.close()


_TELLING = (b"host", b"transfer-encoding", b"content-length")
