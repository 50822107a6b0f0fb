"""What people may see of a call to a storage: no credentials, no content that is long, no link that still holds."""

from __future__ import annotations

from typing import Final

from processors.connectors.base import PREVIEW_CHARS, RecordedRequest, RecordedResponse
from processors.connectors.resources import ResourceCall
from products.lib.jsontypes import Json, JsonObject, clean_text
from products.lib.redaction import MASK

_SCHEMES: Final = {"s3": "s3", "gcs": "gs", "azure": "az", "local": "local"}
_BUCKETS: Final = {"s3": "bucket", "gcs": "bucket", "azure": "container", "local": "folder"}
_SHOWN: Final = (
    "key",
    "to",
    "prefix",
    "after",
    "limit",
    "deep",
    "as",
    "content_type",
    "if_absent",
    "method",
    "seconds",
)
_MOST_CHARS: Final = 1_500


def record_request(call: ResourceCall, size: int) -> RecordedRequest:
    """As `s3://bucket/folder/key`, with what else was asked for as its body; `size` is that of the content sent."""
    asked = {name: _short(call.input[name]) for name in _SHOWN if call.input.get(name) is not None}
    return RecordedRequest(
        method=call.operation.upper()[:40],
        url=call.redactor.text(_where(call)),
        body=call.redactor.json_text(asked)[:PREVIEW_CHARS],
        body_bytes=size,
    )


def record_response(call: ResourceCall, output: JsonObject) -> RecordedResponse:
    """The output, masked; a content that is long is named by its size."""
    size = output.get("size")
    long = isinstance(size, int) and size > PREVIEW_CHARS
    shown = {name: f"({size} bytes)" if long and name in {"content", "json", "base64"} else value
             for name, value in output.items()}  # fmt: skip
    if "url" in shown:
        shown["url"] = f"{str(shown['url']).partition('?')[0]}?{MASK}"
    body = call.redactor.json_text(shown)
    return RecordedResponse(
        status=200,
        content_type="application/json",
        body=body[:PREVIEW_CHARS],
        body_bytes=len(body.encode()),
        truncated=len(body) > PREVIEW_CHARS,
    )


def _where(call: ResourceCall) -> str:
    place = call.place
    key = call.input.get("key") or call.input.get("prefix") or ""
    bucket = place.settings.get(_BUCKETS.get(place.provider, "")) or ""
    parts = (bucket, place.settings.get("prefix") or "", key)
    path = "/".join(clean_text(str(part)[:_MOST_CHARS]).strip("/") for part in parts if part)
    return f"{_SCHEMES.get(place.provider, 'storage')}://{path}"


def _short(value: Json) -> Json:
    text = value if isinstance(value, (bool, int, float)) else str(value)
    return text[:_MOST_CHARS] if isinstance(text, str) else text
