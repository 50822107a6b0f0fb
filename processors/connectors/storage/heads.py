"""The head of one request to a proxy (RFC 9112): read strictly, and written again for who it is meant for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from products.lib.http_errors import UrlRefused
from products.lib.safe_urls import parse_url

_LINE = re.compile(rb"([A-Z]{3,8}) (\S+) HTTP/1\.1")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_TARGET = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@/]+):([0-9]{1,5})")
# For the proxy alone; nothing that was told to it goes further.
_NOT_FORWARDED = frozenset({b"proxy-authorization", b"proxy-connection", b"connection", b"keep-alive", b"upgrade"})


class HeadRefused(ValueError):
    """This is not a request as the library sends it."""


@dataclass(frozen=True, slots=True)
class Head:
    """`target` is where to on the host, "" for a tunnel (CONNECT). `host` has no brackets."""

    method: str
    host: str
    port: int
    target: str
    headers: tuple[tuple[bytes, bytes], ...]

    def header(self, name: str) -> str:
        """The first of this name, "" without one."""
        wanted = name.encode()
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == wanted), "")

    def forwarded(self) -> bytes:
        """The head in origin form. The connection serves this one request, so that nothing else can follow it."""
        kept = [(key, value) for key, value in self.headers if key.lower() not in _NOT_FORWARDED]
        lines = [f"{self.method} {self.target} HTTP/1.1".encode("latin-1")]
        lines += [key + b": " + value for key, value in (*kept, (b"Connection", b"close"))]
        return b"\r\n".join(lines) + b"\r\n\r\n"


def parse_head(data: bytes) -> Head:
    """Raises HeadRefused."""
    first, *rest = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    line = _LINE.fullmatch(first)
    fields = [_HEADER.fullmatch(each) for each in rest]
    if line is None or not all(fields):
        raise HeadRefused
    headers = tuple((each[1], each[2]) for each in fields if each)
    method, target = line[1].decode(), line[2].decode("latin-1")
    if method == "CONNECT":
        found = _TARGET.fullmatch(target)
        if found is None:
            raise HeadRefused
        return Head(method, found[1].strip("[]").lower(), int(found[2]), "", headers)
    return _plain(method, target, headers)


def _plain(method: str, target: str, headers: tuple[tuple[bytes, bytes], ...]) -> Head:
    try:
        url = parse_url(target)
    except UrlRefused:
        raise HeadRefused from None
    if url.scheme != "http" or url.raw_host is None or url.port is None:
        raise HeadRefused
    # The text as it was sent, not as it was parsed: it is what the request's signature is of.
    path = "/" + target.split("://", 1)[1].partition("/")[2]
    return Head(method, url.raw_host.lower(), url.port, path, headers)
