"""Whether this process lives and whether it can serve: /livez, /readyz and its alias /healthz."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from ductape_site.answer_headers import pairs

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LIVE, READY = {"/livez"}, {"/readyz", "/healthz"}
LIMIT_SECONDS = 3.0
# Threads of their own: a request that waits for the database must not keep a probe waiting.
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="health")


@dataclass(frozen=True, slots=True)
class Check:
    """What one look found: a name, whether it is well, and a few words for people, without addresses or secrets."""

    name: str
    well: bool
    words: str


def check_database() -> Check:
    """Whether the database answers."""
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return Check("database", well=False, words=f"does not answer ({type(error).__name__})")
    return Check("database", well=True, words="answers")


def check_migrations() -> Check:
    """Whether every migration of this version is applied."""
    try:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Check("migrations", well=False, words=f"unknown ({type(error).__name__})")
    if waiting:
        return Check("migrations", well=False, words=f"{len(waiting)} not applied")
    return Check("migrations", well=True, words="all applied")


def check_valkey() -> Check:
    """Whether Valkey answers."""
    try:
        with redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except redis.RedisError as error:
        return Check("valkey", well=False, words=f"does not answer ({type(error).__name__})")
    return Check("valkey", well=True, words="answers")


class HealthProbes:
    """Answers the probes ahead of everything else, so that neither ALLOWED_HOSTS nor a session can refuse them."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self._migrated = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path")
        if scope["type"] != "http" or path not in LIVE | READY:
            await self.application(scope, receive, send)
        elif scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, status=405, body={"status": "method not allowed"}, scope=scope)
        elif path in LIVE:
            await _answer(send, status=200, body={"status": "alive"}, scope=scope)
        else:
            await self._answer_ready(scope, send)

    async def _answer_ready(self, scope: Scope, send: Send) -> None:
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                checks = await asyncio.get_running_loop().run_in_executor(_THREADS, self._look)
        except TimeoutError:
            checks = [Check("checks", well=False, words=f"no answer within {LIMIT_SECONDS:g} seconds")]
        well = all(check.well for check in checks)
        body = {
            "status": "ready" if well else "not ready",
            "checks": {check.name: check.words for check in checks},
        }
        await _answer(send, status=200 if well else 503, body=body, scope=scope)

    def _look(self) -> list[Check]:
        """All checks; migrations are not looked at again once they were all applied."""
        try:
            checks = [check_database(), check_valkey()]
            if not self._migrated and checks[0].well:
                checks.append(check_migrations())
                self._migrated = checks[-1].well
            return checks
        finally:
            connections.close_all()


async def _answer(send: Send, *, status: int, body: dict[str, Any], scope: Scope) -> None:
    content = json.dumps(body).encode()
    headers = pairs(content_type="application/json", content_length=str(len(content)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})
