"""Requests and answers of outside calls as values, and what a redirect makes of a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from yarl import URL

from products.lib.http_errors import RedirectRefused
from products.lib.safe_urls import same_origin

MAX_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_HARMLESS = frozenset({"accept", "accept-language", "user-agent"})
_OF_BODY = frozenset({"content-type", "content-length", "content-encoding", "content-language", "content-location"})

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may cost: seconds in all, seconds to connect, bytes of answer (decompressed), redirects."""

    deadline_s: float = 30.0
    connect_s: float = 10.0
    max_bytes: int = 10_000_000
    max_redirects: int = MAX_REDIRECTS


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it will be sent. `secret_headers` (lower case) never follow a redirect to another origin.

    `is_trusted` says where the rest may follow: a redirect elsewhere gets no header of ours that could hold anything.
    Without `verify_tls` any certificate of this origin will do.
    """

    method: str
    url: URL
    headers: Headers = ()
    body: bytes | None = None
    secret_headers: frozenset[str] = frozenset()
    is_trusted: Callable[[URL], bool] | None = None
    verify_tls: bool = True


@dataclass(slots=True)
class Timing:
    """Milliseconds; connecting is 0 on a connection that was already open. `sent`: the request left."""

    dns_ms: float = 0.0
    connect_ms: float = 0.0
    first_byte_ms: float = 0.0
    total_ms: float = 0.0
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer, read completely. `url` is where it came from, after `redirects` hops."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    url: URL
    redirects: int
    timing: Timing


def redirected(request: Outgoing, status: int, target: URL) -> Outgoing:
    """The request to send to where a redirect points: no credentials for another origin, GET where browsers do so.

    Raises RedirectRefused when the body would have to go to another origin.
    """
    method, body, dropped = request.method, request.body, frozenset[str]()
    if (status == 303 and method != "HEAD") or (status in {301, 302} and method == "POST"):
        method, body, dropped = "GET", None, _OF_BODY
    elsewhere = not same_origin(request.url, target)
    if elsewhere:
        if body is not None:
            raise RedirectRefused("The remote side asks to send the request's body to another host.")
        dropped |= _CREDENTIALS | request.secret_headers
    headers = tuple((name, value) for name, value in request.headers if name.lower() not in dropped)
    if elsewhere and request.is_trusted is not None and not request.is_trusted(target):
        headers = tuple((name, value) for name, value in headers if name.lower() in _HARMLESS)
    verify = request.verify_tls or elsewhere
    return replace(request, method=method, url=target, headers=headers, body=body, verify_tls=verify)
