"""Masks the secrets of a run in what it stores: outputs by value only, so that a result stays usable."""

from __future__ import annotations

import json
from typing import Any

from processors.connectors.base import CallResult
from processors.connectors.errors import ConnectorError
from processors.engine.step import Exchange, StepError
from products.lib.inputs import InputError
from products.lib.jsontypes import Json, JsonObject
from products.lib.redaction import MASK, MIN_LENGTH, Redactor


def masked_output(output: Json, redactor: Redactor, secrets: tuple[str, ...]) -> Json:
    """`output` with every known secret masked, and the very same object where there is none in it."""
    if not secrets or output is None:
        return output
    if all(len(secret) >= MIN_LENGTH for secret in secrets):
        text = json.dumps(output, ensure_ascii=False)
        if not redactor.spans(text):  # the usual case: one search of the whole instead of one for every value
            return output
    return _masked(output, redactor)


def _masked(value: Json, redactor: Redactor) -> Json:
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, dict):
        return {redactor.text(key): _masked(inner, redactor) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(item, redactor) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    text = str(value)
    return value if redactor.text(text) == text else MASK


def exchange_of(result: CallResult | None) -> Exchange:
    """What was exchanged, as it is stored: the connector has masked and cut it."""
    if result is None:
        return Exchange()
    request = result.request
    sent: JsonObject = {
        "method": request.method,
        "url": request.url,
        "headers": [list(pair) for pair in request.headers],
        "body": request.body,
        "body_bytes": request.body_bytes,
        "truncated": request.truncated,
    }
    return Exchange(sent, _response(result))


def _response(result: CallResult) -> JsonObject | None:
    response, timings = result.response, result.timings
    if response is None:
        return None
    return {
        "status": response.status,
        "reason": response.reason,
        "headers": [list(pair) for pair in response.headers],
        "content_type": response.content_type,
        "body": response.body,
        "body_bytes": response.body_bytes,
        "truncated": response.truncated,
        "timings": {
            "dns_ms": timings.dns_ms,
            "connect_ms": timings.connect_ms,
            "first_byte_ms": timings.first_byte_ms,
            "total_ms": timings.total_ms,
        },
    }


def step_error(error: ConnectorError, redactor: Redactor) -> StepError:
    """The connector's error as the engine knows it, from its allow-listed fields, masked."""
    details: Any = redactor.json(error.details)
    return StepError(
        code=error.code,
        message=redactor.text(error.message),
        fault=error.fault,
        retryable=error.retryable,
        retry_after_s=error.retry_after,
        outcome_unknown=error.outcome_unknown,
        details=details,
    )


def rejected(error: InputError) -> StepError:
    """What is wrong with an input that expressions have made."""
    first = error.errors[0]
    where = f"{first.pointer}: " if first.pointer else ""
    more = f" (and {len(error.errors) - 1} more)" if len(error.errors) > 1 else ""
    details = [{"pointer": one.pointer, "code": one.code, "detail": one.detail} for one in error.errors]
    return StepError("input_rejected", f"{where}{first.detail}{more}", "caller", details={"errors": details})
