"""Puts into the OpenAPI schema what every operation has in common: ETags, repeatable POSTs, limits."""

from __future__ import annotations

from typing import Any

from products.api.idempotency import HEADER, REPLAYED
from products.api.paging import KeysetPagination
from products.api.reference import explain
from products.api.schema import EXAMPLE, PAGE, PROBLEM

_LIMITS = {
    "RateLimit": 'What is left: `"caller";r=…;t=…`, seconds until it starts anew (IETF draft 10).',
    "RateLimit-Policy": 'The limits: `"caller";q=…;w=…`, requests in a window of seconds.',
    "X-RateLimit-Limit": "Requests in a minute, of the limit that is nearest.",
    "X-RateLimit-Remaining": "How many of them are left.",
    "X-RateLimit-Reset": "When they start anew, in seconds since 1970.",
}
_OTHERS = {
    "ETag": "Changes with what is answered.",
    "Retry-After": "Seconds.",
    REPLAYED: "`true` when this was answered before.",
}
CURSOR_LENGTH = 4_000
_ERROR = {"$ref": "#/components/schemas/ErrorResponse"}


def describe(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A postprocessing hook of drf-spectacular."""
    texts = {**_LIMITS, **_OTHERS}
    result.setdefault("components", {})["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in texts.items()
    }
    for item in result["paths"].values():
        for method, operation in item.items():
            _describe(method, operation, has_tag="get" in item)
    result["components"]["schemas"]["ErrorResponse"]["examples"] = [EXAMPLE]
    _simplify(result)
    explain(result)
    return result


def _simplify(part: Any) -> None:
    """`oneOf: [{}, null]`, which drf-spectacular makes of any value or null, would refuse null: it is both."""
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _simplify(inner)
    if isinstance(part, dict) and {} in part.get("oneOf", ()):
        del part["oneOf"]


def _describe(method: str, operation: dict[str, Any], *, has_tag: bool) -> None:
    responses = operation["responses"]
    if _is_page(responses):
        _paging(operation)
    if method == "get":
        _parameter(operation, "If-None-Match", "An ETag that you have: then 304, without a body.")
        responses["304"] = {"description": "It is what you have already.", "headers": _headers("ETag")}
        _add_headers(responses, "ETag")
    if method in {"put", "patch", "delete"}:
        responses["412"] = _problem("It has changed since, or nothing here has an ETag that `If-Match` could name.")
    if method in {"put", "patch", "delete"} and has_tag:
        _parameter(operation, "If-Match", "An ETag: change it only if it is still this.")
    if method == "post":
        _parameter(operation, HEADER, "The same key within 24 hours is done once and answered again.")
        responses.setdefault("409", _problem("The key was used for another input, or its first request is at work."))
        _add_headers(responses, REPLAYED)
    if "requestBody" in operation:
        responses.setdefault("413", _problem("The body is over a limit."))
        responses["415"] = _problem("The body has another `Content-Type` than this operation takes.")
    responses["406"] = _problem("`Accept` asks for something that there is not.")
    for response in responses.values():
        response.setdefault("headers", {}).update(_headers(*_LIMITS))
    responses["500"] = _problem("Something went wrong on our side; it is in the log by its `request_id`.")
    responses["503"] = {
        **_problem("Something we need is away; try again after `Retry-After` seconds."),
        "headers": _headers("Retry-After"),
    }
    responses["429"] = {
        **_problem("Too often; try again after `Retry-After` seconds."),
        "headers": _headers(*_LIMITS, "Retry-After"),
    }


def _is_page(responses: dict[str, Any]) -> bool:
    content = responses.get("200", {}).get("content", {}).get("application/json", {})
    return str(content.get("schema", {}).get("$ref", "")).endswith(PAGE)


def _paging(operation: dict[str, Any]) -> None:
    limit = {
        "type": "integer",
        "minimum": 1,
        "maximum": KeysetPagination.max_page_size,
        "default": KeysetPagination.page_size,
    }
    cursor = {"type": "string", "maxLength": CURSOR_LENGTH}
    operation.setdefault("parameters", []).extend([
        {"in": "query", "name": "limit", "schema": limit, "description": "How many in a page."},
        {"in": "query", "name": "cursor", "schema": cursor, "description": "Of another page: part of `next`."},
    ])


def _parameter(operation: dict[str, Any], name: str, text: str) -> None:
    given = operation.setdefault("parameters", [])
    if all(one.get("name") != name for one in given):
        given.append({"in": "header", "name": name, "schema": {"type": "string"}, "description": text})


def _add_headers(responses: dict[str, Any], name: str) -> None:
    for code, response in responses.items():
        if code.startswith("2"):
            response.setdefault("headers", {}).update(_headers(name))


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {PROBLEM: {"schema": _ERROR}}}
