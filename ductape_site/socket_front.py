"""The WebSocket protocol of the web process, with bounds on what a page may send and on how long it may be silent."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

MAX_BYTES = 16 * 1024  # of one message; a page sends some names
FRAMES_PER_S = 60  # of any kind, pings and empty pieces of a message included
LINGER_S = 1.0  # so that the code of a close is read before the connection is cut


class SocketFront(WebSocketsSansIOProtocol):
    """uvicorn's protocol; who sends too much is told so by a close code, and not read any more."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.close_timeout = LINGER_S
        self._second = 0.0
        self._frames = 0

    def handle_text(self, event: Frame) -> None:
        """A message, or the first piece of one."""
        if self._is_within_bounds():
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """The same, of bytes."""
        if self._is_within_bounds():
            super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        """A further piece, which may be empty and would cost nothing to send without end."""
        if self._is_within_bounds():
            super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answered, but not without end: who never reads the answers would fill our memory with them."""
        if self._is_within_bounds():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Asked for or not."""
        if self._is_within_bounds():
            super().handle_pong(event)

    def handle_parser_exception(self) -> None:
        """No WebSocket any more, or a message over the limit."""
        self._told(self.conn.close_sent.code if self.conn.close_sent else CloseCode.PROTOCOL_ERROR)

    def keepalive_timeout(self) -> None:
        """Nobody answers: what is still to be written would wait for ever."""
        super().keepalive_timeout()
        self.loop.call_later(LINGER_S, self.transport.abort)

    def _is_within_bounds(self) -> bool:
        now = self.loop.time()
        if now - self._second >= 1:
            self._second, self._frames = now, 0
        self._frames += 1
        if self._frames <= FRAMES_PER_S:
            return True
        if self._frames == FRAMES_PER_S + 1:
            self.conn.fail(CloseCode.POLICY_VIOLATION, "too many frames")
            self._told(CloseCode.POLICY_VIOLATION)
        return False

    def _told(self, code: int) -> None:
        """Sends what is to be sent, reads nothing more, and cuts the connection when that had time to arrive."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        self.transport.pause_reading()
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(LINGER_S, self.transport.abort)
