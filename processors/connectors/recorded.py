"""What people may see of an operation on a resource: masked first, cut afterwards."""

from __future__ import annotations

import json
import time
from typing import Final

from processors.connectors.base import PREVIEW_CHARS, CallResult, RecordedRequest, RecordedResponse, Timings
from products.lib.jsontypes import Json, clean_text
from products.lib.redaction import Redactor, StreamRedactor, mask_keys

_SMALL: Final = 65_536  # up to here a value is masked as a structure, a larger one as text
_JSON: Final = "application/json"


def recorded_call(
    method: str,
    target: str,
    sent: Json,
    output: Json,
    *,
    redactor: Redactor,
    began: float,
    notices: tuple[str, ...] = (),
) -> CallResult:
    """`target` names the resource's server without credentials. `began` is what time.perf_counter() was."""
    body, size, cut = masked_json(output, redactor)
    answer = RecordedResponse(status=200, reason="OK", content_type=_JSON, body=body, body_bytes=size, truncated=cut)
    timings = Timings(total_ms=(time.perf_counter() - began) * 1_000)
    request = recorded_request(method, target, sent, redactor=redactor)
    return CallResult(output, request, answer, timings, notices)


def recorded_request(method: str, target: str, sent: Json, *, redactor: Redactor) -> RecordedRequest:
    """What was asked; without a body where nothing was sent."""
    url = redactor.url(clean_text(target))[:2_000]
    if sent is None or sent == {}:
        return RecordedRequest(method, url)
    body, size, cut = masked_json(sent, redactor)
    return RecordedRequest(method, url, (("Content-Type", _JSON),), body, size, cut)


def masked_json(value: Json, redactor: Redactor, *, limit: int = PREVIEW_CHARS) -> tuple[str, int, bool]:
    """A preview of at most `limit` characters, the length of the whole in characters, and whether it was cut."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= _SMALL:
        try:
            shown = redactor.json_text(value)
        except TypeError:  # an input that is not JSON, which was refused for that
            shown = redactor.text(clean_text(text))
    else:
        shown = mask_keys(StreamRedactor(redactor).feed(clean_text(text[: limit + redactor.longest])))
    return shown[:limit], len(text), len(shown) > limit or len(text) > limit + redactor.longest
