"""The sample API as an ASGI application, and the fork that sends a connection to it or to the site.

It has a port of its own, because the guard on outgoing calls refuses the platform's own address.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from ductape_site.sample_api.messages import MAX_BODY_BYTES, Answer, Refused, Request
from ductape_site.sample_api.routes import answer
from ductape_site.sample_api.store import Store

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

DOCUMENT: dict[str, Any] = json.loads(Path(__file__).with_name("openapi.json").read_text(encoding="utf-8"))
ENVIRONMENTS = ("sandbox", "live")


class Disconnected(Exception):
    """The caller went away before the request was complete."""


def document(port: int) -> dict[str, Any]:
    """The API's OpenAPI document, with the servers that this port stands for."""
    servers = [{**server, "url": f"http://127.0.0.1:{port}{server['url']}"} for server in DOCUMENT["servers"]]
    return {**DOCUMENT, "servers": servers}


class SampleApi:
    """The shop, once for each of its environments: `/sandbox/…` and `/live/…`."""

    def __init__(self) -> None:
        self.stores = {name: Store() for name in ENVIRONMENTS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        try:
            found = await self._answer(scope, receive)
        except Disconnected:
            return
        except Refused as refusal:
            found = refusal.answer()
        await _send(send, found, head=scope["method"] == "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path: str = scope["path"]
        if path in {"/", "/openapi.json"} and scope["method"] in {"GET", "HEAD"}:
            return Answer(document(scope["server"][1]))
        _, name, rest = [*path.split("/", 2), ""][:3]
        store = self.stores.get(name)
        if store is None:
            raise Refused(404, "not_found", "Use /sandbox/… or /live/…; /openapi.json describes both.")
        return await answer(store, await _read(scope, receive, path=f"/{rest}"))


class SampleApiOrSite:
    """Sends what came in by the sample API's port to it, everything else to the site. Port 0: there is no sample."""

    def __init__(self, site: Application, *, port: int) -> None:
        self._site = site
        self._port = port
        self._sample = SampleApi()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        server = scope.get("server")
        is_sample = self._port and server is not None and server[1] == self._port
        await (self._sample if is_sample else self._site)(scope, receive, send)


async def _read(scope: Scope, receive: Receive, *, path: str) -> Request:
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY_BYTES:
            raise Refused(413, "too_large", f"The body is larger than {MAX_BODY_BYTES} bytes.")
    return Request(
        method=scope["method"],
        path=path,
        query=_query(scope["query_string"].decode("latin-1")),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


def _query(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))
    except ValueError:
        raise Refused(400, "query_unreadable", "The query has more than 100 fields or cannot be read.") from None


async def _send(send: Send, answer: Answer, *, head: bool) -> None:
    content = answer.encoded()
    headers = dict(answer.headers)
    if answer.body is not None:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    await send({"type": "http.response.body", "body": b"" if head else content})
