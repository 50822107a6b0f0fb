"""What people may see of a call to a database: statements without values, results masked."""

from __future__ import annotations

import time

from processors.connectors.base import PREVIEW_CHARS, CallResult, RecordedRequest, RecordedResponse, Timings
from processors.connectors.recorded import masked_json
from processors.connectors.sql.attempts import Attempt
from products.lib.jsontypes import Json, clean_text


def record(attempt: Attempt, began: float, output: Json) -> CallResult:
    """`output` is None where the call failed. `began` is what time.perf_counter() was."""
    redactor = attempt.call.redactor
    text = redactor.text(clean_text(";\n".join(attempt.shown)))
    request = RecordedRequest(
        method=attempt.method,
        url=redactor.text(attempt.dialect.target(attempt.call.place))[:2_000],
        headers=(("Content-Type", "application/sql"),) if text else (),
        body=text[:PREVIEW_CHARS],
        body_bytes=len(text),
        truncated=len(text) > PREVIEW_CHARS,
    )
    timings = Timings(total_ms=(time.perf_counter() - began) * 1_000)
    if output is None:
        return CallResult(None, request, timings=timings)
    body, size, cut = masked_json(output, redactor)
    response = RecordedResponse(
        status=200, reason="OK", content_type="application/json", body=body, body_bytes=size, truncated=cut
    )
    return CallResult(output, request, response, timings, tuple(attempt.notices))
