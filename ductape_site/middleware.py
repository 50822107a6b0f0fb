"""What every answer carries, whoever gave it: also files, refusals and crashes, which pass by other middleware."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from ductape_site.answer_headers import ALWAYS

JSON = frozenset({"application/json", "application/problem+json"})
# A file that a person saves is never shown as a page of ours.
DOWNLOAD_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


@sync_and_async_middleware
def safe_headers(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Adds what is not there; it comes first, so that it sees every answer last. Pages are sync, files async."""

    async def for_files(request: HttpRequest) -> HttpResponse:
        return _made_safe(request, await get_response(request))

    def for_pages(request: HttpRequest) -> HttpResponse:
        return _made_safe(request, get_response(request))

    return for_files if iscoroutinefunction(get_response) else for_pages


class PagePolicyMiddleware(CSPMiddleware):
    """A policy of their own for pages; what can hold no script, which is every answer of REST, gets the general one."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Making a policy takes as long as finding the caller."""
        if response.get("Content-Type", "") in JSON:
            return response
        answered: HttpResponseBase = super().process_response(request, response)
        return answered


def _made_safe(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if response.get("Content-Disposition", "").startswith("attachment"):
        response["Content-Security-Policy"] = DOWNLOAD_POLICY
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    for cookie in response.cookies.values():  # also those that only end another one
        cookie["httponly"], cookie["secure"] = True, settings.SESSION_COOKIE_SECURE
        cookie["samesite"] = cookie["samesite"] or settings.SESSION_COOKIE_SAMESITE
    if settings.SECURE_HSTS_SECONDS and request.is_secure():
        response.headers.setdefault("Strict-Transport-Security", _strict_transport())
    return response


def _strict_transport() -> str:
    subdomains = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
    return f"max-age={settings.SECURE_HSTS_SECONDS}{subdomains}{'; preload' if settings.SECURE_HSTS_PRELOAD else ''}"
