"""What people may see of an exchange: masked first, cut afterwards."""

from __future__ import annotations

import json

from processors.connectors.base import PREVIEW_CHARS, RecordedRequest, RecordedResponse, Timings
from processors.connectors.http.response import decode_text, split_content_type
from products.lib.http_messages import Headers, Incoming, Outgoing, Timing
from products.lib.jsontypes import clean_text
from products.lib.redaction import Redactor, StreamRedactor, mask_keys

_MAX_HEADERS = 100
_MAX_HEADER = 4_096
_SMALL = 65_536  # a JSON body up to here is masked as a structure, a larger one as text


def record_request(request: Outgoing, redactor: Redactor) -> RecordedRequest:
    """The request, masked and cut."""
    body, truncated = _preview(_header(request.headers, "content-type"), request.body or b"", redactor)
    return RecordedRequest(
        method=request.method,
        url=redactor.url(str(request.url)),
        headers=_headers(request.headers, redactor),
        body=body,
        body_bytes=len(request.body or b""),
        truncated=truncated,
    )


def record_response(answer: Incoming, redactor: Redactor) -> RecordedResponse:
    """The response, masked and cut."""
    content_type = _header(answer.headers, "content-type")
    body, truncated = _preview(content_type, answer.body, redactor)
    return RecordedResponse(
        status=answer.status,
        reason=redactor.text(clean_text(answer.reason))[:200],
        headers=_headers(answer.headers, redactor),
        content_type=redactor.text(clean_text(content_type))[:200],
        body=body,
        body_bytes=len(answer.body),
        truncated=truncated,
    )


def record_timings(timing: Timing) -> Timings:
    """The timings as a value."""
    return Timings(timing.dns_ms, timing.connect_ms, timing.first_byte_ms, timing.total_ms)


def masked_preview(text: str, redactor: Redactor, *, limit: int = PREVIEW_CHARS) -> tuple[str, bool]:
    """At most `limit` characters of `text`, masked by value and key, and whether something was cut off.

    Only as much of the text is looked at as can reach the preview; what may be half a secret at its end is left out.
    """
    window = limit + redactor.longest
    if len(text) <= window:
        masked = mask_keys(redactor.text(text))
    else:
        masked = mask_keys(StreamRedactor(redactor).feed(text[:window]))
    return masked[:limit], len(masked) > limit or len(text) > window


def _preview(content_type: str, body: bytes, redactor: Redactor) -> tuple[str, bool]:
    media_type, charset = split_content_type(content_type)
    if not body:
        return "", False
    if b"\x00" in body[:1_024] or media_type.startswith(("image/", "audio/", "video/", "font/")):
        return f"({len(body)} bytes of {redactor.text(clean_text(media_type)) or 'binary data'})", False
    if len(body) <= _SMALL and "json" in media_type:
        shown = _masked_json(body, redactor)
        if shown is not None:
            return shown[:PREVIEW_CHARS], len(shown) > PREVIEW_CHARS
    # four bytes a character at most: the rest cannot reach the preview
    text = decode_text(body[: 4 * (PREVIEW_CHARS + redactor.longest) + 4], charset)
    return masked_preview(clean_text(text), redactor)


def _masked_json(body: bytes, redactor: Redactor) -> str | None:
    try:
        return redactor.json_text(json.loads(body))
    except (ValueError, RecursionError):
        return None


def _headers(pairs: Headers, redactor: Redactor) -> Headers:
    masked = redactor.headers((clean_text(name), clean_text(value)) for name, value in pairs[:_MAX_HEADERS])
    return tuple((name[:200], value[:_MAX_HEADER]) for name, value in masked)


def _header(pairs: Headers, name: str) -> str:
    return next((value for key, value in pairs if key.lower() == name), "")
