"""JSON over HTTP by the standard library alone: kept connections, a deadline, and another try where that is safe."""

from __future__ import annotations

import http.client
import json
import random
import ssl
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from processors.client.errors import NotReachable, Refused

TRIES = 4
FIRST_WAIT_S = 0.2
TRY_AGAIN = frozenset({429, 502, 503, 504})
AT_WORK = b'"idempotency_running"'  # what the first try began is still being done
LONGEST_WAIT_S = 30.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
UPLOAD_S = 90.0  # that a piece of a file may take besides
_NONE: Mapping[str, str] = {}


def new_key() -> str:
    """An idempotency key that nobody has used."""
    return f"py-{uuid.uuid4()}"


class Transport:
    """One server and one access key; each thread has a connection of its own."""

    def __init__(self, base_url: str, access_key: str, *, timeout_s: float) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("base_url must be like https://ductape.example.com")
        self._parts = parts
        self._headers = {
            "Authorization": f"Bearer {access_key}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "ductape-python/1",
        }
        self._timeout_s = timeout_s
        self._local = threading.local()

    def ask(
        self, method: str, path: str, body: Any = None, *, again: bool, wait_s: float = 0,
        headers: Mapping[str, str] = _NONE,
    ) -> Any:  # fmt: skip
        """The decoded answer. `again`: the call may be made twice. `wait_s` is added to the deadline.

        Raises Refused, NotReachable.
        """
        sent = None if body is None else json.dumps(body, allow_nan=False).encode()
        return self._asked(method, path, sent, {**self._headers, **headers}, again=again, wait_s=wait_s)

    def send(self, method: str, path: str, data: bytes, *, again: bool) -> Any:
        """Bytes as they are; the decoded answer. Raises Refused, NotReachable."""
        headers = {**self._headers, "Content-Type": "application/octet-stream"}
        return self._asked(method, path, data, headers, again=again, wait_s=UPLOAD_S)

    def fetch(self, path: str, into: BinaryIO) -> int:
        """Writes the answer to an open binary file, a little at a time; how many bytes.

        It is not asked for again: what was written cannot be taken back. Raises Refused, NotReachable, OSError.
        """
        link = self._link()
        try:
            self._request(link, "GET", path, None, self._headers, UPLOAD_S)
            response = link.getresponse()
            if response.status >= 400:
                return int(_decoded(response.status, response.read(MAX_ANSWER_BYTES)) or 0)
            length = response.length
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NotReachable(f"{self._parts.hostname} cannot be reached: {error}") from error
        written = 0
        try:
            while data := self._read(response):
                into.write(data)
                written += len(data)
            if length is not None and written != length:
                raise NotReachable(f"Only {written} of {length} bytes arrived.")
        except BaseException:
            self.close()  # what is left of the answer would be taken for the next one
            raise
        return written

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        try:
            return response.read(CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise NotReachable(f"The connection to {self._parts.hostname} broke: {error}") from error

    def _asked(
        self, method: str, path: str, sent: bytes | None, headers: Mapping[str, str], *, again: bool, wait_s: float
    ) -> Any:
        tries = TRIES if again else 1
        for number in range(1, tries + 1):
            try:
                status, said, data = self._once(method, path, sent, headers, wait_s)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if number == tries:
                    raise NotReachable(f"{self._parts.hostname} cannot be reached: {error}") from error
                time.sleep(_wait(number, ""))
                continue
            if number < tries and (status in TRY_AGAIN or (status == 409 and AT_WORK in data)):
                time.sleep(_wait(number, said.get("Retry-After", "")))
                continue
            return _decoded(status, data)
        raise NotReachable("no try was made")

    def close(self) -> None:
        """Closes this thread's connection; the next call opens another."""
        link: http.client.HTTPConnection | None = getattr(self._local, "link", None)
        if link is not None:
            link.close()
            self._local.link = None

    def _request(
        self, link: http.client.HTTPConnection, method: str, path: str, sent: bytes | None, headers: Mapping[str, str],
        wait_s: float,
    ) -> None:  # fmt: skip
        link.timeout = self._timeout_s + wait_s
        if link.sock is not None:
            link.sock.settimeout(link.timeout)
        link.request(method, self._parts.path.rstrip("/") + path, body=sent, headers=dict(headers))

    def _once(
        self, method: str, path: str, sent: bytes | None, headers: Mapping[str, str], wait_s: float
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        link = self._link()
        self._request(link, method, path, sent, headers, wait_s)
        response = link.getresponse()
        data = response.read(MAX_ANSWER_BYTES + 1)
        if len(data) > MAX_ANSWER_BYTES:
            raise http.client.HTTPException("the answer is too large")
        return response.status, response.headers, data

    def _link(self) -> http.client.HTTPConnection:
        link: http.client.HTTPConnection | None = getattr(self._local, "link", None)
        if link is None:
            host, port = self._parts.hostname or "", self._parts.port
            if self._parts.scheme == "https":
                link = http.client.HTTPSConnection(
                    host, port, timeout=self._timeout_s, context=ssl.create_default_context()
                )
            else:
                link = http.client.HTTPConnection(host, port, timeout=self._timeout_s)
            self._local.link = link
        return link


def _decoded(status: int, data: bytes) -> Any:
    try:
        body = json.loads(data) if data else None
    except ValueError:
        body = None
    if status >= 400:
        raise Refused(status, body if isinstance(body, dict) else {})
    return body


def _wait(number: int, retry_after: str) -> float:
    if retry_after.isascii() and retry_after.isdigit():
        return min(float(retry_after), LONGEST_WAIT_S)
    return FIRST_WAIT_S * float(2 ** (number - 1)) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, hides nothing
