"""The HTTP connector: builds the request, sends it through the guarded client, says what the answer means."""

from __future__ import annotations

import asyncio

from processors.connectors import errors
from processors.connectors.base import CallResult
from processors.connectors.errors import ConnectorError
from processors.connectors.http.recording import masked_preview, record_request, record_response, record_timings
from processors.connectors.http.request import HttpCall, build_request
from processors.connectors.http.response import decode, retry_after_seconds, said, status_phrase
from products.lib import http_errors
from products.lib.http_messages import Incoming, Limits, Outgoing
from products.lib.jsontypes import JsonObject
from products.lib.safe_http import GuardedClient

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_UNAVAILABLE = frozenset({408, 425})
_SAID_CHARS = 300
LARGE = 131_072
_BY_CAUSE: dict[type[http_errors.OutboundError], type[ConnectorError]] = {
    http_errors.UrlRefused: errors.InputRejected,
    http_errors.AddressRefused: errors.AddressRefused,
    http_errors.RedirectRefused: errors.RedirectRefused,
    http_errors.NameNotFound: errors.NameNotFound,
    http_errors.ConnectFailed: errors.ConnectFailed,
    http_errors.TlsFailed: errors.TlsFailed,
    http_errors.DeadlineExceeded: errors.DeadlineExceeded,
    http_errors.ConnectionLost: errors.ConnectionLost,
    http_errors.ResponseTooLarge: errors.ResponseTooLarge,
    http_errors.ResponseUnreadable: errors.MalformedResponse,
}


class HttpConnector:
    """Runs actions of connected apps. Many calls share one client; the caller owns retries."""

    def __init__(self, client: GuardedClient) -> None:
        self._client = client

    async def call(self, call: HttpCall, *, deadline_s: float, max_bytes: int, idempotency_key: str = "") -> CallResult:
        """One attempt. Raises ConnectorError; its `result` holds the masked exchange as far as it went."""
        request = build_request(call, idempotency_key=idempotency_key)
        limits = Limits(deadline_s=deadline_s, connect_s=min(10.0, deadline_s), max_bytes=max_bytes)
        try:
            answer = await self._client.send(request, limits)
        except http_errors.OutboundError as error:
            raise _network_error(error, call, request, limits) from None
        is_large = len(answer.body) > LARGE  # reading and masking it takes longer than others may be held up
        result = await asyncio.to_thread(_result, call, request, answer) if is_large else _result(call, request, answer)
        if answer.status >= 400:
            raise _status_error(answer, call, result)
        return result

    async def close(self) -> None:
        """Close the client's connections."""
        await self._client.close()


def _result(call: HttpCall, request: Outgoing, answer: Incoming) -> CallResult:
    content_type = next((value for name, value in answer.headers if name.lower() == "content-type"), "")
    output, notices = decode(content_type, answer.body)
    if answer.redirects:
        notices += (f"The remote side redirected {answer.redirects} times.",)
    return CallResult(
        output=output,
        request=record_request(request, call.redactor),
        response=record_response(answer, call.redactor),
        timings=record_timings(answer.timing),
        notices=notices,
    )


def _network_error(
    cause: http_errors.OutboundError, call: HttpCall, request: Outgoing, limits: Limits
) -> ConnectorError:
    kind = _BY_CAUSE.get(type(cause), errors.NetworkFailed)
    details: JsonObject = {"method": request.method}
    if kind is errors.DeadlineExceeded:
        details["limit_s"] = limits.deadline_s
    if kind is errors.ResponseTooLarge:
        details["limit_bytes"] = limits.max_bytes
    return kind(
        cause.message,
        outcome_unknown=cause.sent and request.method not in _SAFE_METHODS,
        details=details,
        result=CallResult(output=None, request=record_request(request, call.redactor)),
    )


def _status_error(answer: Incoming, call: HttpCall, result: CallResult) -> ConnectorError:
    status = answer.status
    details: JsonObject = {"status": status, "method": call.action.method.upper()}
    words, _ = masked_preview(said(result.output), call.redactor, limit=_SAID_CHARS)
    if words:
        details["remote_message"] = words
    retry_after = next((value for name, value in answer.headers if name.lower() == "retry-after"), "")
    return _kind(status)(
        f"The remote side answered {status_phrase(status)}.",
        retry_after=retry_after_seconds(retry_after),
        outcome_unknown=status == 504 and call.action.method.upper() not in _SAFE_METHODS,
        details=details,
        result=result,
    )


def _kind(status: int) -> type[ConnectorError]:
    if status == 401:
        return errors.AuthFailed
    if status == 429:
        return errors.RemoteThrottled
    return errors.RemoteUnavailable if status >= 500 or status in _UNAVAILABLE else errors.RemoteRejected
