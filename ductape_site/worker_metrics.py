"""A worker's own figures for Prometheus, on a port of its own; and who may read figures."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import structlog
from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.exposition import ThreadingWSGIServer

from ductape_site.answer_headers import BARE

log = structlog.get_logger(__name__)
PORTS_TRIED = 100
REFUSED = b"Send METRICS_TOKEN as a bearer token.\n"


def is_allowed(authorization: str) -> bool:
    """Whether the header carries the token."""
    kind, _, token = authorization.partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())


def begin(**_: object) -> None:
    """When the worker is ready: serve its figures if METRICS_PORT says so."""
    if settings.METRICS_PORT:
        serve(settings.METRICS_PORT)


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """A scrape every few seconds is no news."""


def serve(first: int) -> int:
    """Serve this process's own figures on the first free port from `first` on; the port, 0 when none was free."""
    for port in range(first, first + PORTS_TRIED):
        try:
            server = make_server(settings.METRICS_HOST, port, page, ThreadingWSGIServer, _Quiet)
        except OSError:
            continue
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        log.info("metrics_served", port=port)
        return port
    log.warning("metrics_not_served", first=first, tried=PORTS_TRIED)
    return 0


def page(request: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """The WSGI application of a worker's port; with METRICS_TOKEN set, it asks for it."""
    if settings.METRICS_TOKEN and not is_allowed(request.get("HTTP_AUTHORIZATION", "")):
        asks = {"Content-Type": "text/plain; charset=utf-8", "WWW-Authenticate": "Bearer"}
        start_response("401 Unauthorized", [*BARE.items(), *asks.items()])
        return [REFUSED]
    start_response("200 OK", [*BARE.items(), ("Content-Type", CONTENT_TYPE_LATEST)])
    return [generate_latest(REGISTRY)]
