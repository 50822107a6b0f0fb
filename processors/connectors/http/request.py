"""One HTTP call becomes one request: base URL, path, query, headers, cookies, body and auth, each checked and encoded.

Whatever the values are, the request stays on the base URL's host and below its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from yarl import URL

from processors.connectors.errors import Misconfigured
from processors.connectors.http.bodies import encode_body, rejected
from processors.connectors.http.bounds import Bound, check_bounds, inside
from processors.connectors.http.headers import HeaderList
from processors.connectors.http.styles import cookie_pair, path_text, query_pairs, scalar_text
from products.lib.actions import ActionSpec, Body, Parameter, Placement
from products.lib.http_errors import UrlRefused
from products.lib.http_messages import Outgoing
from products.lib.inputs import StructuredInput, fill_defaults
from products.lib.jsontypes import Json, escape_pointer
from products.lib.placeholders import MissingPlaceholder
from products.lib.redaction import Redactor, is_secret_key
from products.lib.safe_urls import exact_url, has_dot_step, parse_url

_TEMPLATE = re.compile(r"\{\{\s?(?P<variable>[^{}/\s]{1,128})\s?\}\}|\{(?P<param>[^{}/]+)\}")
_METHOD = re.compile(r"[A-Za-z]{1,32}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_PATH_SAFE = "/:@!$&'()*+,;=%-._~"
_QUERY_SAFE = _PATH_SAFE + "?[]|"
_UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class HttpCall:
    """Everything one attempt needs: the action, its checked input, the filled base URL and auth, what to mask."""

    action: ActionSpec
    input: StructuredInput
    base_url: str
    placements: tuple[Placement, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)  # fill {{name}} in the path and the defaults
    redactor: Redactor = field(default_factory=Redactor)
    bounds: tuple[Bound, ...] = ()  # where its secret values may go
    verify_tls: bool = True


def build_request(call: HttpCall, *, idempotency_key: str = "") -> Outgoing:
    """The request to send. Raises InputRejected naming the field, or Misconfigured (HostNotAllowed among it)."""
    try:
        return _built(call, idempotency_key)
    except ValueError:  # half a character, NaN: `validate_input` refuses them with the field's name
        raise rejected("", "The input contains something that cannot be written down.") from None


def _built(call: HttpCall, idempotency_key: str) -> Outgoing:
    base = _base(call)
    given = _with_auth(call)
    method = _method(call.action)
    path, fixed_query = _path(call, given.params)
    query = "&".join(part for part in (fixed_query, base.raw_query_string, _query(call, given.query)) if part)
    headers = _headers(call, given)
    body = _body(call.action, given.body, headers)
    if idempotency_key and method in _UNSAFE_METHODS:
        headers.add_default("Idempotency-Key", idempotency_key)
    headers.add_default("Accept", "application/json, */*;q=0.8")
    try:
        url = exact_url(base.with_query(None), _joined(base.raw_path, path), query)
    except UrlRefused as error:
        raise rejected("/params", error.message) from None
    check_bounds(url, call.bounds)
    return Outgoing(
        method, url, headers.pairs(), body, _secret_headers(call, headers),
        is_trusted=inside(call.bounds), verify_tls=call.verify_tls,
    )  # fmt: skip


def _base(call: HttpCall) -> URL:
    text = call.action.base_url or call.base_url
    try:
        return parse_url(text)
    except UrlRefused as error:
        message = f"The base URL cannot be used: {error.message}" if text else "The app's environment has no base URL."
        raise Misconfigured(message, details={"field": "base_url"}) from None


def _method(action: ActionSpec) -> str:
    if not _METHOD.fullmatch(action.method) or action.method.upper() in {"CONNECT", "TRACE"}:
        raise Misconfigured("The action's method cannot be used.", details={"field": "method"})
    return action.method.upper()


def _with_auth(call: HttpCall) -> StructuredInput:
    """The input with defaults made of variables and the placements outside headers put in; placements win."""
    given = call.input
    merged = StructuredInput(
        dict(given.params), dict(given.query), dict(given.headers), dict(given.cookies), given.body
    )
    try:
        fill_defaults(call.action, merged, call.variables)
    except MissingPlaceholder as error:
        message = f"A default of the action needs the variable “{error.name[:80]}”, which has no value."
        raise Misconfigured(message, details={"field": error.name[:80]}) from None
    groups = {"query": merged.query, "params": merged.params, "cookie": merged.cookies}
    for placement in call.placements:
        if placement.place in groups:
            groups[placement.place][placement.key] = placement.value
        elif placement.place == "body":
            if merged.body is not None and not isinstance(merged.body, dict):
                raise rejected("/body", "The auth adds a field to the body, so the body must be an object.")
            merged.body = {**(merged.body or {}), placement.key: placement.value}
    return merged


def _path(call: HttpCall, params: dict[str, Json]) -> tuple[str, str]:
    """The encoded path below the base URL, and the query that the template itself carries."""
    template, _, fixed_query = call.action.path.partition("#")[0].partition("?")
    return _filled(template, _PATH_SAFE, call, params), _filled(fixed_query, _QUERY_SAFE, call, params)


def _filled(template: str, safe: str, call: HttpCall, params: dict[str, Json]) -> str:
    declared = {param.name: param for param in call.action.parameters if param.place == "path"}
    parts: list[str] = []
    at = 0
    for found in _TEMPLATE.finditer(template):
        parts.append(quote(template[at : found.start()], safe=safe))
        if found["variable"]:
            parts.append(_variable(found["variable"], call, params))
        else:
            parts.append(_segment(found["param"], declared, params))
        at = found.end()
    return "".join(parts) + quote(template[at:], safe=safe)


def _variable(name: str, call: HttpCall, params: dict[str, Json]) -> str:
    """A configured value: it may span several steps of the path, but not climb. An input of that name wins."""
    if name in params:
        return _segment(name, {}, params)
    value = call.variables.get(name)
    if value is None:
        raise Misconfigured(f"The path needs the variable “{name[:80]}”.", details={"field": name[:80]})
    if _CONTROL.search(value) or has_dot_step(value):
        raise Misconfigured(f"The variable “{name[:80]}” cannot be part of a path.", details={"field": name[:80]})
    return quote(value, safe="/")


def _segment(name: str, declared: dict[str, Parameter], params: dict[str, Json]) -> str:
    pointer = f"/params/{escape_pointer(name)}"
    value = params.get(name)
    if value is None or value == "" or value == [] or value == {}:
        raise rejected(pointer, "The path needs a value here.")
    for text in _texts(value):
        if _CONTROL.search(text):
            raise rejected(pointer, "A path may not contain control characters.")
        if has_dot_step(text):
            raise rejected(pointer, "A path value may not contain the steps “.” or “..”.")
    param = declared.get(name)
    return path_text(name, value, style=param.style if param else "", explode=param.explode if param else None)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield scalar_text(value)


def _query(call: HttpCall, values: dict[str, Json]) -> str:
    declared = {param.name: param for param in call.action.parameters if param.place == "query"}
    pairs: list[str] = []
    for name, value in values.items():
        param = declared.get(name)
        style, explode = (param.style, param.explode) if param else ("", None)
        pairs += (f"{key}={text}" for key, text in query_pairs(name, value, style=style, explode=explode))
    return "&".join(pairs)


def _headers(call: HttpCall, given: StructuredInput) -> HeaderList:
    declared = {param.name: param for param in call.action.parameters if param.place == "header"}
    headers = HeaderList()
    for name, value in given.headers.items():
        if value is not None:
            param = declared.get(name)
            headers.set(name, value, explode=param.explode if param else None)
    if given.cookies:
        for name, value in given.cookies.items():
            if _CONTROL.search(name) or any(_CONTROL.search(text) for text in _texts(value)):
                raise rejected(f"/cookies/{escape_pointer(name)}", "A cookie may not contain control characters.")
        cookies = "; ".join(cookie_pair(name, value) for name, value in given.cookies.items() if value is not None)
        headers.set("Cookie", cookies, secret=True)
    for placement in call.placements:
        if placement.place == "header":
            headers.set(placement.key, placement.value, secret=True)
    return headers


def _body(action: ActionSpec, value: Any, headers: HeaderList) -> bytes | None:
    if value is None:
        return None
    body = action.body or Body()  # an auth may add a body to an action that has none
    data, content_type = encode_body(body, value)
    if body.format == "multipart":
        headers.set("Content-Type", content_type)  # only we know the boundary
    else:
        headers.add_default("Content-Type", content_type)
    return data


def _joined(base_path: str, path: str) -> str:
    if not path:
        return base_path
    return base_path.rstrip("/") + "/" + path.lstrip("/")


def _secret_headers(call: HttpCall, headers: HeaderList) -> frozenset[str]:
    """The headers that never follow a redirect to another origin: the auth's, by their name, or by their value."""
    pairs = headers.pairs()
    secret = headers.secret | {name.lower() for name, _ in pairs if is_secret_key(name)}
    if call.redactor.spans("\n".join(value for _, value in pairs)):
        secret |= {name.lower() for name, value in pairs if call.redactor.spans(value)}
    return frozenset(secret)
