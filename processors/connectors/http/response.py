"""What came back: decoded by its content type into the output of a run, and when to try again."""

from __future__ import annotations

import base64
import codecs
import json
import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from products.lib.jsontypes import Json, JsonError, JsonObject, check_json, clean_json, clean_text

_TEXT_TYPES = frozenset({
    "application/xml", "application/javascript", "application/ecmascript", "application/x-www-form-urlencoded",
    "application/yaml", "application/x-yaml", "application/x-ndjson", "application/jsonl", "application/sql",
    "application/graphql", "application/toml", "application/rtf", "image/svg+xml", "message/rfc822",
})  # fmt: skip
_CODECS_REFUSED = frozenset({"utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"})
_SAID_KEYS = ("message", "detail", "error_description", "title", "error", "errors", "reason", "description", "fault")


def decode(content_type: str, body: bytes) -> tuple[Json, tuple[str, ...]]:
    """The output and notices for people. Text is storable afterwards; binary becomes an object with base64.

    JSON that is none, or is nested too deeply, stays text.
    """
    if not body:
        return None, ()
    media_type, charset = split_content_type(content_type)
    if media_type in {"application/json", "text/json"} or media_type.endswith("+json"):
        return _json(body)
    if not media_type:
        return _guessed(body)
    if media_type.startswith("text/") or media_type in _TEXT_TYPES or media_type.endswith(("+xml", "+yaml")):
        return clean_text(decode_text(body, charset)), ()
    return _binary(media_type, body), ()


def split_content_type(content_type: str) -> tuple[str, str]:
    """The media type and the charset ("" if none), both in lower case."""
    media_type, _, rest = content_type.partition(";")
    for part in rest.split(";"):
        key, _, value = part.partition("=")
        if key.strip().lower() == "charset":
            return media_type.strip().lower(), value.strip().strip("\"'").lower()
    return media_type.strip().lower(), ""


def decode_text(body: bytes, charset: str = "") -> str:
    """The text; unknown charsets count as UTF-8, and what does not decode is replaced."""
    if body.startswith(codecs.BOM_UTF8):
        return body.decode("utf-8-sig", "replace")
    try:
        info = codecs.lookup(charset or "utf-8")
        if info.name not in _CODECS_REFUSED:
            return body.decode(info.name, "replace")
    except (LookupError, ValueError):
        pass
    return body.decode("utf-8", "replace")


def retry_after_seconds(value: str, *, now: datetime | None = None) -> float | None:
    """Retry-After (RFC 9110, 10.2.3) in seconds from now, as the remote side wants it: the caller caps it."""
    text = value.strip()
    if not text or len(text) > 64:
        return None
    try:
        seconds = float(text)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def status_phrase(status: int) -> str:
    """The status in our own words: what the remote side writes beside it is its text, not ours."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def said(output: Json, *, limit: int = 2_000) -> str:
    """The sentence in which an error answer says what is wrong, where APIs usually put it; "" if nowhere."""
    for _ in range(4):
        if isinstance(output, str):
            return output[:limit].strip()
        if isinstance(output, list) and output:
            output = output[0]
        elif isinstance(output, dict):
            output = next((output[key] for key in _SAID_KEYS if output.get(key)), None)
        else:
            return ""
    return ""


def _json(body: bytes) -> tuple[Json, tuple[str, ...]]:
    text = decode_text(body)
    try:
        value = clean_json(json.loads(text))
        check_json(value)
    except (JsonError, ValueError, RecursionError):
        return clean_text(text), ("The answer says it is JSON but is not, or is nested too deeply: kept as text.",)
    return value, ()


def _guessed(body: bytes) -> tuple[Json, tuple[str, ...]]:
    if b"\x00" not in body:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return _binary("application/octet-stream", body), ()
        if text.lstrip()[:1] in {"{", "["}:
            value, notices = _json(body)
            return value, () if notices else ("The answer names no content type: read as JSON.",)
        return text, ()
    return _binary("application/octet-stream", body), ()


def _binary(media_type: str, body: bytes) -> JsonObject:
    return {
        "content_type": clean_text(media_type),
        "size": len(body),
        "content_base64": base64.b64encode(body).decode("ascii"),
    }
