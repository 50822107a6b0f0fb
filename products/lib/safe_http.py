"""The one client for outside calls: every connection's address is checked, every answer is bounded in time and size.

The check sits where the socket is made, with the resolved address, so it holds for redirects, for any spelling of
an address and for names that resolve differently the second time.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict

from products.lib.addresses import AddressPolicy
from products.lib.http_errors import (
    AddressRefused,
    ConnectFailed,
    ConnectionLost,
    DeadlineExceeded,
    NameNotFound,
    OutboundError,
    RedirectRefused,
    ResponseTooLarge,
    ResponseUnreadable,
    TlsFailed,
    UrlRefused,
)
from products.lib.http_messages import REDIRECTS, Headers, Incoming, Limits, Outgoing, Timing, redirected
from products.lib.safe_urls import next_url, parse_url

__all__ = ["GuardedClient", "Headers", "Incoming", "Limits", "Outgoing", "Timing", "fetch_sync"]

USER_AGENT = "Ductape/1"
_NO_AUTO = ("Content-Type",)


@dataclass(slots=True)
class _Attempt:
    """What the socket guard needs to know of a call, and what it reports back."""

    host: str
    timing: Timing
    began: float = field(default_factory=time.perf_counter)
    refused: bool = False
    tried: bool = False


_attempt: ContextVar[_Attempt] = ContextVar("outgoing_attempt")


class GuardedClient:
    """One pool of connections under one address policy. Belongs to the event loop of its first call."""

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        limit: int = 200,
        per_host: int = 50,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._limit = limit
        self._per_host = per_host
        self._resolver = resolver
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Outgoing, limits: Limits | None = None) -> Incoming:
        """The answer, whatever its status, redirects followed. Raises OutboundError."""
        limits = limits or Limits()
        timing = Timing()
        began = time.perf_counter()
        try:
            async with asyncio.timeout(limits.deadline_s):
                return await self._follow(request, limits, timing)
        except OutboundError as error:
            error.sent = timing.sent
            raise
        except TimeoutError:
            raise DeadlineExceeded(sent=timing.sent) from None
        finally:
            timing.total_ms = _since(began)

    async def close(self) -> None:
        """Close all connections; the client may be used again afterwards."""
        session, self._session = self._session, None
        if session:
            await session.close()

    async def __aenter__(self) -> GuardedClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _follow(self, request: Outgoing, limits: Limits, timing: Timing) -> Incoming:
        for hop in range(limits.max_redirects + 1):
            answer = await self._once(request, limits, timing, hop)
            if isinstance(answer, Incoming):
                return answer
            status, location = answer
            request = redirected(request, status, next_url(request.url, location))
        raise RedirectRefused()

    async def _once(self, request: Outgoing, limits: Limits, timing: Timing, hop: int) -> Incoming | tuple[int, str]:
        """The answer, or the status and Location of a redirect to follow."""
        attempt = _Attempt(host=request.url.raw_host or "", timing=timing)
        _attempt.set(attempt)
        try:
            async with self._opened().request(
                request.method,
                request.url,
                headers=CIMultiDict(request.headers),
                data=request.body,
                allow_redirects=False,
                ssl=request.verify_tls,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.connect_s),
                trace_request_ctx=attempt,
            ) as response:
                timing.first_byte_ms = _since(attempt.began)
                location = response.headers.get("Location", "")
                if response.status in REDIRECTS and location and limits.max_redirects:
                    response.close() if request.method == "HEAD" else await _drain(response)
                    return response.status, location
                body = await _read(response, limits.max_bytes)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _typed(error, attempt) from None
        headers = tuple(response.headers.items())
        return Incoming(response.status, response.reason or "", headers, body, request.url, hop, timing)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._limit,
                    limit_per_host=self._per_host,
                    ttl_dns_cache=30,
                    socket_factory=self._guarded_socket,
                    resolver=self._resolver,
                    ssl=self._tls or True,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": USER_AGENT},
                skip_auto_headers=_NO_AUTO,
                trust_env=False,
                max_field_size=32_768,
                trace_configs=[_tracing()],
            )
        return self._session

    def _guarded_socket(self, info: Any) -> socket.socket:
        """Called by aiohttp for every connection attempt, after resolution and before there is a socket."""
        family, kind, proto, _, address = info
        attempt = _attempt.get()
        if not self._policy.allows(address[0], address[1], host=attempt.host):
            attempt.refused = True
            raise OSError("address refused")
        attempt.tried = True
        return socket.socket(family, kind, proto)


def fetch_sync(url: str, policy: AddressPolicy, *, max_bytes: int, deadline_s: float) -> Incoming:
    """GET a URL from synchronous code, on a loop of its own. Raises OutboundError; judging the status is up to you."""

    async def fetch() -> Incoming:
        async with GuardedClient(policy, limit=2) as client:
            limits = Limits(deadline_s=deadline_s, max_bytes=max_bytes)
            return await client.send(Outgoing("GET", parse_url(url)), limits)

    return asyncio.run(fetch())


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """The decompressed body; stops reading and hangs up as soon as it is too long."""
    declared = response.content_length or 0
    if declared > max_bytes and "Content-Encoding" not in response.headers and response.method != "HEAD":
        response.close()
        raise ResponseTooLarge(f"The answer is larger than {max_bytes} bytes.")
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > max_bytes:
            response.close()
            raise ResponseTooLarge(f"The answer is larger than {max_bytes} bytes.")
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read a redirect's small body, so that the connection can be used again; hang up on a long one."""
    try:
        await _read(response, 16_384)
    except (ResponseTooLarge, aiohttp.ClientError):
        response.close()


def _typed(error: BaseException, attempt: _Attempt) -> OutboundError:
    if attempt.refused and not attempt.tried:
        return AddressRefused()
    match error:
        case aiohttp.ClientConnectorDNSError():
            return NameNotFound()
        case aiohttp.ClientSSLError() | ssl.SSLError() | ssl.CertificateError():
            return TlsFailed()
        case aiohttp.ConnectionTimeoutError() | aiohttp.ClientConnectorError():
            return ConnectFailed()
        case aiohttp.InvalidURL():
            return UrlRefused()
        case aiohttp.ClientResponseError():
            return ResponseUnreadable()
        case aiohttp.ClientPayloadError() if "content-encoding" in str(error).lower():
            return ResponseUnreadable()
        case ValueError():
            return UrlRefused("The request contains something that HTTP cannot carry.")
        case TimeoutError() if not isinstance(error, aiohttp.ClientError):
            return DeadlineExceeded()
        case _:
            return ConnectionLost()


def _tracing() -> aiohttp.TraceConfig:
    """Fills in what only the connector knows: name resolution, connecting, and that the request left."""
    trace: Any = aiohttp.TraceConfig()

    async def dns_done(_: Any, context: Any, __: Any) -> None:
        attempt = context.trace_request_ctx
        attempt.timing.dns_ms += _since(attempt.began)

    async def connected(_: Any, context: Any, __: Any) -> None:
        attempt = context.trace_request_ctx
        attempt.timing.connect_ms += max(0.0, _since(attempt.began) - attempt.timing.dns_ms)

    async def headers_sent(_: Any, context: Any, __: Any) -> None:
        context.trace_request_ctx.timing.sent = True

    trace.on_dns_resolvehost_end.append(dns_done)
    trace.on_connection_create_end.append(connected)
    trace.on_request_headers_sent.append(headers_sent)
    return trace  # type: ignore[no-any-return]


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1_000, 3)
