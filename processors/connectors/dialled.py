"""What became of an attempt to reach a host, as an error of connectors."""

from __future__ import annotations

from typing import Final

from processors.connectors import errors
from processors.connectors.errors import ConnectorError
from products.lib import http_errors
from products.lib.dialling import HostRefused

_BY_CAUSE: Final[dict[type[http_errors.OutboundError], type[ConnectorError]]] = {
    HostRefused: errors.Misconfigured,
    http_errors.AddressRefused: errors.AddressRefused,
    http_errors.NameNotFound: errors.NameNotFound,
    http_errors.ConnectFailed: errors.ConnectFailed,
    http_errors.TlsFailed: errors.TlsFailed,
    http_errors.DeadlineExceeded: errors.DeadlineExceeded,
    http_errors.ConnectionLost: errors.ConnectionLost,
}


def dial_error(cause: http_errors.OutboundError) -> ConnectorError:
    """The typed error; its sentence names neither the address nor the credentials."""
    kind = _BY_CAUSE.get(type(cause), errors.NetworkFailed)
    message = cause.message
    if kind is errors.AddressRefused:
        message = "This host is not allowed: it leads to a private or reserved address."
    details = {"field": "host"} if kind in {errors.Misconfigured, errors.AddressRefused} else {}
    return kind(message, details=dict(details))
