"""One line in the log for every request: what was asked, what came of it, how long it took, and who asked."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from ductape_site.logging import said_with
from products.models import AccessKey
from products.signup import address_of

log = structlog.get_logger(__name__)
LEVELS = {4: logging.WARNING, 5: logging.ERROR}


class RequestLogMiddleware:
    """Comes last, so that the time is the view's own; what is logged below carries the caller's address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        with said_with(ip=ip_of(request)):
            response = self.get_response(request)
            log.log(
                LEVELS.get(response.status_code // 100, logging.INFO),
                "request_finished",
                request=f"{request.method} {request.get_full_path()}",
                code=response.status_code,
                took_ms=round((time.perf_counter() - began) * 1000, 1),
                user_agent=request.META.get("HTTP_USER_AGENT"),
                **caller_of(request),
            )
        return response


def caller_of(request: HttpRequest) -> dict[str, Any]:
    """The id of the key or the person, as far as anybody asked for it: a line must not cost a look at the session."""
    key = getattr(request, "auth", None)
    if isinstance(key, AccessKey):
        return {"key_id": str(key.pk)}
    user = getattr(request, "_cached_user", None)
    return {"user_id": str(user.pk)} if user is not None and user.pk is not None else {}


def ip_of(request: HttpRequest) -> str:
    """Where it comes from; past the proxies only if they said so, since a log must not refuse a request."""
    try:
        return address_of(request) if settings.ALLAUTH_TRUSTED_PROXY_COUNT else request.META.get("REMOTE_ADDR", "")
    except ImproperlyConfigured:
        return str(request.META.get("REMOTE_ADDR", ""))
