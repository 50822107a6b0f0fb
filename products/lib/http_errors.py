"""What can go wrong with an outside call before there is an answer to judge, in words that name no internals."""

from __future__ import annotations


class OutboundError(Exception):
    """An outside call failed. `sent` tells whether the remote side may have received the request.

    The text never contains an address, a header or a library's own message, so it can be stored and shown.
    """

    code = "outbound_failed"
    message = "The call failed."

    def __init__(self, message: str = "", *, sent: bool = False) -> None:
        self.message = message or type(self).message
        self.sent = sent
        super().__init__(self.message)


class UrlRefused(OutboundError):
    """The URL is not one that can be called."""

    code = "url_refused"
    message = "This URL cannot be called."


class AddressRefused(OutboundError):
    """The host leads to an address that the operator did not open."""

    code = "address_refused"
    message = "Calls to this host are not allowed: it leads to a private or reserved address."


class RedirectRefused(OutboundError):
    """The remote side redirects where we do not follow."""

    code = "redirect_refused"
    message = "The remote side redirects too often."


class NameNotFound(OutboundError):
    """The host name does not resolve."""

    code = "name_not_found"
    message = "The host name could not be resolved."


class ConnectFailed(OutboundError):
    """No connection could be made."""

    code = "connect_failed"
    message = "No connection could be made to the remote side."


class TlsFailed(OutboundError):
    """The remote side's certificate or TLS does not hold."""

    code = "tls_failed"
    message = "The remote side's TLS certificate could not be verified."


class DeadlineExceeded(OutboundError):
    """The call took longer than it may."""

    code = "deadline_exceeded"
    message = "The remote side did not answer in time."


class ConnectionLost(OutboundError):
    """The connection broke before the answer was complete."""

    code = "connection_lost"
    message = "The connection was lost before the answer was complete."


class ResponseTooLarge(OutboundError):
    """The answer is longer than it may be, counted after decompression."""

    code = "response_too_large"
    message = "The answer is larger than allowed."


class ResponseUnreadable(OutboundError):
    """What came back is not HTTP, or not encoded as it says."""

    code = "response_unreadable"
    message = "The answer could not be read as HTTP."
