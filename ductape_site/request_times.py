"""Measures how long requests take, by the name of their route, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import Histogram

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "none"
SECONDS = Histogram(
    "ductape_http_request_seconds",
    "Time from a request's arrival in Django to its answer, by route, method and class of the status.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)


class RequestTimesMiddleware:
    """Nothing a caller can choose becomes a label: unknown paths and methods share one each."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        method = request.method if request.method in METHODS else "other"
        SECONDS.labels(route_of(request), method, f"{response.status_code // 100}xx").observe(
            time.perf_counter() - began
        )
        return response


def route_of(request: HttpRequest) -> str:
    """The name of the route that answered, or its pattern where it has no name."""
    match = request.resolver_match
    return (match.view_name or match.route or NO_ROUTE) if match else NO_ROUTE
