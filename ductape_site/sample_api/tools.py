"""Endpoints to try things with: slow answers, any status, and an echo."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from ductape_site.sample_api.messages import Answer, Refused, Request
from ductape_site.sample_api.store import Store

MAX_SECONDS = 60.0


async def slow(store: Store, request: Request) -> Answer:
    """GET /slow"""
    seconds = request.number("seconds", 1, most=MAX_SECONDS)
    await asyncio.sleep(seconds)
    return Answer({"waited_seconds": seconds})


def status(store: Store, request: Request, code: str) -> Answer:
    """GET /status/{code}; `retry_after` adds that header."""
    if not code.isdigit() or not 200 <= int(code) <= 599:
        raise Refused(422, "invalid", "code: expected an HTTP status from 200 to 599.")
    seconds = int(request.number("retry_after", 0, most=3600))
    headers = {"Retry-After": str(seconds)} if seconds else {}
    body = None if int(code) in {204, 205, 304} else {"status": int(code)}
    return Answer(body, int(code), headers)


def echo(store: Store, request: Request) -> Answer:
    """POST /echo: what arrived, as it arrived."""
    return Answer({
        "method": request.method,
        "query": request.query,
        "headers": request.headers,
        "body": _readable(request.body),
    })


def _readable(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return body.decode("utf-8", errors="replace")
