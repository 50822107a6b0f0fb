"""Every error of the REST API as RFC 9457 `application/problem+json`, mapped in this one place."""

from __future__ import annotations

from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from products.lib.errors import DomainError, FieldProblem, Invalid, NotFound, Unavailable

log = structlog.get_logger(__name__)
CONTENT_TYPE = "application/problem+json"
MAX_PROBLEMS = 50  # named in one answer; a body of a million wrong fields must not make one of 90 MB
RETRY_AFTER_S = {429: "60", 503: "5"}
TITLES = {
    400: "Invalid input",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    412: "Precondition failed",
    413: "Too large",
    415: "Unsupported media type",
    422: "Cannot be processed",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}


def problem(status: int, code: str, detail: str, *, request_id: str = "", errors: Any = ()) -> dict[str, Any]:
    """The body of RFC 9457 section 3, with `code`, `request_id` and `errors` as extensions."""
    body: dict[str, Any] = {
        "type": f"/help/errors/#{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    if errors:
        body["errors"] = [as_json(one) for one in errors[:MAX_PROBLEMS]]
    return body


def as_json(problem: FieldProblem) -> dict[str, str]:
    """One wrong field as answers name it; `caret` only where there is one."""
    found = {"pointer": problem.pointer, "code": problem.code, "detail": problem.detail}
    return {**found, "caret": problem.caret} if problem.caret else found


def request_id_of(request: Any) -> str:
    """The id that the log and the answer's header carry."""
    return str(getattr(request, "request_id", "") or request.META.get("HTTP_X_REQUEST_ID", ""))[:64]


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None (an unexpected error) becomes the 500 of `server_error`."""
    request: Request = context["request"]
    known = _known(error)
    if known is None:
        return None
    status, code, detail, errors, headers = known
    set_rollback()
    body = problem(status, code, detail, request_id=request_id_of(request), errors=errors)
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


Known = tuple[int, str, str, tuple[FieldProblem, ...], dict[str, str]]


def _known(error: Exception) -> Known | None:
    if isinstance(error, Http404):
        error = NotFound()
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, (OperationalError, InterfaceError)):
        log.error("database_away", error=type(error).__name__)
        error = Unavailable("The database is not available; try again.")
    if isinstance(error, DomainError):
        errors = error.errors if isinstance(error, Invalid) else ()
        headers = {"Retry-After": RETRY_AFTER_S[error.status]} if error.status in RETRY_AFTER_S else {}
        return error.status, error.code, error.message, errors, headers
    if isinstance(error, exceptions.ValidationError):
        found = tuple(_fields(error.get_full_details(), ""))
        return 400, "invalid", found[0].detail if found else "The input is not right.", found, {}
    if isinstance(error, exceptions.APIException):
        return _api(error)
    return None


def _api(error: exceptions.APIException) -> Known:
    headers = {}
    challenge, wait = getattr(error, "auth_header", None), getattr(error, "wait", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    if wait:
        headers["Retry-After"] = str(int(wait) + 1)
    return error.status_code, error.default_code, str(error.detail), (), headers


def _fields(details: Any, pointer: str) -> list[FieldProblem]:
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        return [FieldProblem(pointer, str(details["code"]), str(details["message"]))]
    if isinstance(details, dict):
        found = []
        for key, inner in details.items():
            here = pointer if key == "non_field_errors" else f"{pointer}/{_escape(str(key))}"
            found += _fields(inner, here)
        return found
    if isinstance(details, list):
        leaves = all(isinstance(inner, dict) and "message" in inner for inner in details)
        return [
            problem
            for index, inner in enumerate(details)
            for problem in _fields(inner, pointer if leaves else f"{pointer}/{index}")
        ]
    return []


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def problem_json(request: Any, status: int, code: str, detail: str) -> JsonResponse:
    """The same body outside DRF: unknown routes, CSRF failures, crashes under `/api/`."""
    body = problem(status, code, detail, request_id=request_id_of(request))
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)
