"""The errors of connectors: one drawn tree that says what happened, whose fault it is and whether to try again.

ConnectorError
├── InputRejected        the caller's input cannot be sent
├── Misconfigured        the app, connection or credentials are not set up right
│   ├── AddressRefused   the host leads where calls are not allowed
│   ├── HostNotAllowed   a secret value may not be sent to this host
│   └── AuthFailed       the remote side refuses the credentials (401)
├── NetworkFailed        between us and the remote side
│   ├── NameNotFound · ConnectFailed · TlsFailed · ConnectionLost · DeadlineExceeded
├── RemoteFailed         the remote side
│   ├── RemoteRejected (4xx) · RemoteUnavailable (5xx, 408, 425) · RemoteThrottled (429)
│   │   └── FileMissing · FileThere · FileChanged
│   └── MalformedResponse · ResponseTooLarge · RedirectRefused
└── PlatformFailed       ourselves

Every error is built from an allow-list of fields, never from a library's exception: those carry headers and DSNs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from products.lib.jsontypes import JsonObject, clean_json

if TYPE_CHECKING:
    from processors.connectors.base import CallResult

Fault = Literal["caller", "configuration", "remote", "network", "platform"]

ALLOWED_DETAILS = frozenset({
    "status",
    "method",
    "field",
    "errors",
    "limit_bytes",
    "limit_s",
    "remote_message",
    "auth",
    "host",
    "sqlstate",
    "constraint",
    "statement",
    "line",
    "column",
    "excerpt",
})


class ConnectorError(Exception):
    """An outside call did not give a result.

    `retry_after` is what the remote side asked for, in seconds and uncapped (None: nothing). `outcome_unknown`: the
    remote side may have acted although we have no answer. `result` holds what was exchanged, masked, if anything was.
    """

    code: str = "connector_failed"
    fault: Fault = "platform"
    retryable: bool = False
    message: str = "The call failed."

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: float | None = None,
        outcome_unknown: bool = False,
        details: JsonObject | None = None,
        result: CallResult | None = None,
    ) -> None:
        self.message = message or type(self).message
        self.retry_after = retry_after
        self.outcome_unknown = outcome_unknown
        self.details = {key: clean_json(value) for key, value in (details or {}).items() if key in ALLOWED_DETAILS}
        self.result = result
        super().__init__(self.message)

    def to_json(self) -> JsonObject:
        """What is stored with a run and shown to people."""
        return {
            "code": self.code,
            "message": self.message,
            "fault": self.fault,
            "retryable": self.retryable,
            "retry_after": self.retry_after,
            "outcome_unknown": self.outcome_unknown,
            "details": self.details,
        }


class InputRejected(ConnectorError):
    """The input cannot be sent; `details.errors` names the fields."""

    code = "input_rejected"
    fault: Fault = "caller"
    message = "The input cannot be sent."


class Misconfigured(ConnectorError):
    """Something that was configured is missing or does not fit."""

    code = "misconfigured"
    fault: Fault = "configuration"
    message = "The action or its connection is not set up right."


class AddressRefused(Misconfigured):
    """The host leads to an address that the operator did not open."""

    code = "address_refused"
    message = "Calls to this host are not allowed: it leads to a private or reserved address."


class HostNotAllowed(Misconfigured):
    """A secret value would leave for a host that it was not given for."""

    code = "host_not_allowed"
    message = "The secret values of this call may not be sent to this host."


class AuthFailed(Misconfigured):
    """The remote side refuses the credentials."""

    code = "auth_failed"
    message = "The remote side refuses the credentials."


class NetworkFailed(ConnectorError):
    """Nothing, or not everything, came through."""

    code = "network_failed"
    fault: Fault = "network"
    retryable = True
    message = "The network failed."


class NameNotFound(NetworkFailed):
    """The host name does not resolve."""

    code = "name_not_found"
    message = "The host name could not be resolved."


class ConnectFailed(NetworkFailed):
    """No connection could be made."""

    code = "connect_failed"
    message = "No connection could be made to the remote side."


class TlsFailed(NetworkFailed):
    """The certificate does not hold; trying again would not help."""

    code = "tls_failed"
    fault: Fault = "remote"
    retryable = False
    message = "The remote side's TLS certificate could not be verified."


class ConnectionLost(NetworkFailed):
    """The connection broke before the answer was complete."""

    code = "connection_lost"
    message = "The connection was lost before the answer was complete."


class DeadlineExceeded(NetworkFailed):
    """No complete answer in time."""

    code = "deadline_exceeded"
    fault: Fault = "remote"
    message = "The remote side did not answer in time."


class RemoteFailed(ConnectorError):
    """The remote side answered, but not with a result."""

    code = "remote_failed"
    fault: Fault = "remote"
    message = "The remote side answered with an error."


class RemoteRejected(RemoteFailed):
    """The remote side refuses this request (4xx): the same request would be refused again."""

    code = "remote_rejected"
    fault: Fault = "caller"


class FileMissing(RemoteRejected):
    """There is nothing under this key."""

    code = "file_not_found"
    message = "There is no file with this key."


class FileThere(RemoteRejected):
    """There is something under this key already, and it was not to be replaced."""

    code = "key_taken"
    message = "There is a file with this key already."


class FileChanged(RemoteRejected):
    """Another content has taken the place of the one that was being read."""

    code = "file_changed"
    message = "The file has changed while it was read."


class RemoteUnavailable(RemoteFailed):
    """The remote side cannot answer now (5xx, 408, 425)."""

    code = "remote_unavailable"
    retryable = True


class RemoteThrottled(RemoteUnavailable):
    """The remote side asks to slow down (429)."""

    code = "remote_throttled"


class MalformedResponse(RemoteFailed):
    """The answer is not what it says it is."""

    code = "malformed_response"
    message = "The answer could not be read."


class ResponseTooLarge(RemoteFailed):
    """The answer is longer than allowed, counted after decompression."""

    code = "response_too_large"
    message = "The answer is larger than allowed."


class RedirectRefused(RemoteFailed):
    """The remote side redirects where we do not follow."""

    code = "redirect_refused"
    message = "The remote side redirects where calls are not followed."


class PlatformFailed(ConnectorError):
    """Our own software failed; the details are in its log, not here."""

    code = "platform_failed"
    retryable = True
    message = "The platform failed to make this call."
