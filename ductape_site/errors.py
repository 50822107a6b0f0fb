"""The answers when something is wrong outside any view: pages for people, problem+json under `/api/`."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis import RedisError

from products.api.errors import problem_json

# The database; and Valkey, where sign-in counts tries, for nobody may guess uncounted.
_AWAY = (OperationalError, InterfaceError, RedisError)


def _answer(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem_json(request, status, code, detail)
    return render(request, f"{status}.html", {"detail": detail}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 for what Django itself refuses."""
    return _answer(request, 400, "bad_request", "The request could not be read.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return _answer(request, 403, "forbidden", "Your role does not allow this.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a missing or wrong CSRF token."""
    return _answer(
        request, 403, "csrf", "This form is too old or came from another site. Reload the page and try again."
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return _answer(request, 404, "not_found", "There is no such page.")


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """429 for guessing: sign-in, resets, invitations."""
    return _answer(request, 429, "too_many", "That was tried too often; wait a few minutes.")


def server_error(request: HttpRequest) -> HttpResponse:
    """500, without a word about why: that is in the log, by the request's id. 503 where only a server is missing."""
    if isinstance(sys.exc_info()[1], _AWAY):
        response = _answer(request, 503, "unavailable", "Something we need is not available; try again.")
        response["Retry-After"] = "5"
        return response
    return _answer(request, 500, "internal", "Something went wrong on our side. It has been logged.")
