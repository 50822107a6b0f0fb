"""A content as an answer that is sent piece by piece, whole or the range that was asked for."""

from __future__ import annotations

from collections.abc import AsyncIterable
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from products.lib.byte_ranges import NotSatisfiable, Span, asked_span, http_date, still_holds

ANY_TYPE = "application/octet-stream"


class Content(Protocol):
    """What is sent. `etag`, without quotes, is another one as soon as the bytes are."""

    @property
    def name(self) -> str:
        """As what it is saved."""
        ...

    @property
    def size(self) -> int:
        """In bytes."""
        ...

    @property
    def etag(self) -> str:
        """Of letters and digits."""
        ...

    @property
    def modified(self) -> datetime:
        """An aware moment in UTC."""
        ...

    def opened(self, span: Span) -> AsyncIterable[bytes]:
        """These bytes. Raises DomainError."""
        ...


def file_answer(request: HttpRequest, content: Content, *, shown_as: str = "") -> HttpResponseBase:
    """To be saved, never to be shown by the browser on our origin, whatever it holds.

    `shown_as` is the media type of what a browser draws or plays without running anything of it. Raises DomainError.
    """
    etag = f'"{content.etag}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "ETag": etag,
        "Last-Modified": http_date(content.modified),
        "X-Content-Type-Options": "nosniff",
    }
    if not shown_as:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(content.name or 'file', safe='')}"
    try:
        span = _span(request, content, etag)
    except NotSatisfiable:
        return HttpResponse(
            status=416, content_type="text/plain", headers={**headers, "Content-Range": f"bytes */{content.size}"}
        )
    if span is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{content.size}"
    sent = span or Span(0, content.size)
    headers["Content-Length"] = str(sent.length)
    status, content_type = 206 if span else 200, shown_as or ANY_TYPE
    if request.method == "HEAD":
        return HttpResponse(status=200, content_type=content_type, headers=headers)
    return StreamingHttpResponse(content.opened(sent), status=status, content_type=content_type, headers=headers)


def _span(request: HttpRequest, content: Content, etag: str) -> Span | None:
    asked = request.headers.get("Range", "") if request.method == "GET" else ""
    if not asked or not still_holds(request.headers.get("If-Range", ""), etag, content.modified):
        return None
    return asked_span(asked, content.size)
