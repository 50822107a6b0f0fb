"""What the machine does without us: a bare ASGI application that makes the same call, and a bare Celery task."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import aiohttp
import redis
import uvicorn
from celery import Celery

DONE = "bench:done"
app = Celery("bare", broker=os.environ.get("BARE_BROKER", ""))
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1, task_acks_late=True)
app.conf.update(broker_transport_options={"socket_timeout": None}, worker_hijack_root_logger=False)


@app.task(name="bare.nothing")
def nothing() -> None:
    """Counts that it was done."""
    counter().incr(DONE)


def counter() -> redis.Redis:
    """One client a process."""
    global _client
    _client = _client or redis.Redis.from_url(os.environ["BARE_BROKER"], max_connections=200)
    return _client


_client: redis.Redis | None = None


class Forwarder:
    """Makes one call with aiohttp for each request and gives the answer back, nothing else."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url, self.headers = url, headers
        self.session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if self.session is None:
            self.session = aiohttp.ClientSession(headers=self.headers)
        async with self.session.get(self.url) as answer:
            body = json.dumps({"output": await answer.json()}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    forwarder = Forwarder(sys.argv[2], {"X-Shop-Key": sys.argv[3]})
    uvicorn.run(
        forwarder, host="127.0.0.1", port=int(sys.argv[1]), lifespan="off", access_log=False, log_level="warning"
    )
