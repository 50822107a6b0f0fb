"""A remote side that records every call it gets and answers as it is told; the only private address tests may call."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Call:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    at: float = field(default_factory=time.monotonic)

    @property
    def key(self) -> str:
        """The idempotency key."""
        return self.headers.get("idempotency-key", "")


@dataclass(slots=True)
class Reply:
    """What to answer. `hold`: not before this event is set. `drop`: hang up instead."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None
    drop: bool = False


Answering = Callable[[Call, int], Reply]


class _Server(ThreadingHTTPServer):
    request_queue_size = 512  # of five the sixth who comes at the same moment waits for seconds


class Sink:
    """Listens on a port of its own."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answering: Answering = lambda call, number: Reply(body={"ok": True, "number": number})
        self._changed = threading.Condition()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ConnectionError, OSError):
                    self.close_connection = True

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode("utf-8", "replace")
                headers = {name.lower(): value for name, value in self.headers.items()}
                sink._answer(self, Call(self.command, self.path, headers, body))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def allowed(self) -> str:
        """Its entry in EGRESS_ALLOW."""
        return f"127.0.0.1:{self.port}"

    def wait_for_calls(self, count: int, *, seconds: float = 30) -> list[Call]:
        """At least `count` calls. Fails the test when they do not come."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.calls) >= count, seconds)
        assert came, f"{len(self.calls)} of {count} calls within {seconds} s"
        return list(self.calls)

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, call: Call) -> None:
        with self._changed:
            self.calls.append(call)
            number = len(self.calls)
            self._changed.notify_all()
        reply = self.answering(call, number)
        if reply.hold is not None:
            reply.hold.wait(60)
        if reply.drop:
            handler.close_connection = True
            return
        raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        handler.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(raw)
