"""A remote side on loopback that the connector tests call: a real aiohttp server with a route for every mood."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


def _bomb(megabytes: int) -> bytes:
    """Zeros, compressed a thousand to one, never held whole."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(megabytes)) + packer.flush()


BOMB = _bomb(50)


@dataclass
class Seen:
    """One request as the remote side got it."""

    method: str
    raw_path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Remote:
    """Where the server listens and what it saw."""

    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    other_port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


REMOTE = web.AppKey("remote", Remote)


async def _remember(request: web.Request) -> None:
    body = await request.read()
    request.app[REMOTE].seen.append(Seen(request.method, request.raw_path, dict(request.headers), body))


async def echo(request: web.Request) -> web.Response:
    await _remember(request)
    data = {
        "path": request.raw_path,
        "headers": dict(request.headers),
        "body": request.app[REMOTE].seen[-1].body.decode("utf-8", "replace"),
    }
    return web.json_response(data, headers={"X-Echo": request.headers.get("Authorization", "")})


async def status(request: web.Request) -> web.Response:
    await _remember(request)
    code = int(request.match_info["code"])
    headers = {"Retry-After": request.query["after"]} if "after" in request.query else {}
    return web.json_response({"error": {"message": request.query.get("say", "no")}}, status=code, headers=headers)


async def redirect(request: web.Request) -> web.Response:
    await _remember(request)
    return web.Response(status=int(request.query["code"]), headers={"Location": request.query["to"]})


async def loop(request: web.Request) -> web.Response:
    await _remember(request)
    step = int(request.query.get("n", "0"))
    return web.Response(status=302, headers={"Location": f"/loop?n={step + 1}"})


async def raw(request: web.Request) -> web.Response:
    await _remember(request)
    return web.Response(body=request.query["body"].encode(), headers={"Content-Type": request.query["type"]})


async def slow(request: web.Request) -> web.StreamResponse:
    await _remember(request)
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x")
        await asyncio.sleep(0.02)


async def endless(request: web.Request) -> web.StreamResponse:
    await _remember(request)
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65_536)


async def bomb(request: web.Request) -> web.Response:
    await _remember(request)
    return web.Response(body=BOMB, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})


async def not_gzip(request: web.Request) -> web.Response:
    await _remember(request)
    return web.Response(body=b"plainly not gzip", headers={"Content-Encoding": "gzip"})


async def silent(request: web.Request) -> web.Response:
    await _remember(request)
    await asyncio.sleep(60)
    return web.Response()


ROUTES = {
    "/status/{code}": status, "/redirect": redirect, "/loop": loop, "/raw": raw, "/slow": slow,
    "/endless": endless, "/bomb": bomb, "/not-gzip": not_gzip, "/silent": silent, "/{tail:.*}": echo,
}  # fmt: skip


def make_app(remote: Remote) -> web.Application:
    app = web.Application(client_max_size=100_000_000)
    app[REMOTE] = remote
    for path, handler in ROUTES.items():
        app.router.add_route("*", path, handler)
    return app


@asynccontextmanager
async def serving(remote: Remote, host: str = "127.0.0.1", ssl_context=None) -> AsyncIterator[Remote]:
    runner = web.AppRunner(make_app(remote), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, 0, ssl_context=ssl_context)
    await site.start()
    remote.port = site._server.sockets[0].getsockname()[1]
    try:
        yield remote
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(answer: bytes, *, reset: bool = False) -> AsyncIterator[int]:
    """A TCP server that answers every request with these bytes and hangs up."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if reset:
            writer.transport.abort()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
