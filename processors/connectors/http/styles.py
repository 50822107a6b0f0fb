"""OpenAPI's styles: how values become the text of a path, a query, a header or a cookie."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.parse import quote

from products.lib.jsontypes import Json

Pair = tuple[str, str]
_DELIMITERS = {"form": ",", "simple": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}
_COOKIE_SAFE = "!#$%&'()*+-./:<=>?@[]^_`{|}~"
_MAX_DEPTH = 20


def scalar_text(value: Json) -> str:
    """One value as text: booleans as true and false, null as nothing, containers as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encoded(value: Json) -> str:
    """One value, percent-encoded so that nothing in it has a meaning in a URL."""
    return quote(scalar_text(value), safe="")


def plain(value: Json) -> str:
    """One value for a header: as it stands."""
    return scalar_text(value)


def path_text(name: str, value: Json, *, style: str = "", explode: bool | None = None) -> str:
    """The text of a path parameter: styles simple (default), label and matrix."""
    style = style if style in {"label", "matrix"} else "simple"
    if style == "matrix":
        return _matrix(quote(name, safe=""), value, bool(explode))
    lead, between = (".", "." if explode else ",") if style == "label" else ("", ",")
    return lead + between.join(_items(value, explode=bool(explode), text=encoded))


def query_pairs(name: str, value: Json, *, style: str = "", explode: bool | None = None) -> Iterator[Pair]:
    """The encoded pairs of a query parameter: form (default), spaceDelimited, pipeDelimited, deepObject."""
    style = style or "form"
    if value is None:
        return
    key = quote(name, safe="")
    if style == "deepObject" and isinstance(value, (dict, list)):
        yield from bracket_pairs(key, value)
        return
    if explode is None:
        explode = style == "form"
    if not isinstance(value, (dict, list)):
        yield key, encoded(value)
    elif explode and isinstance(value, list):
        yield from ((key, encoded(item)) for item in value)
    elif explode and isinstance(value, dict):
        yield from ((quote(inner, safe=""), encoded(item)) for inner, item in value.items() if item is not None)
    else:
        yield key, _DELIMITERS.get(style, ",").join(_items(value, explode=False, text=encoded))


def header_text(value: Json, *, explode: bool | None = None) -> str:
    """The text of a header: style simple, not encoded."""
    return ",".join(_items(value, explode=bool(explode), text=plain))


def cookie_pair(name: str, value: Json) -> str:
    """One `name=value` of a Cookie header; what a cookie cannot hold is percent-encoded."""
    text = ",".join(_items(value, explode=False, text=plain))
    return f"{quote(name, safe=_COOKIE_SAFE.replace('=', ''))}={quote(text, safe=_COOKIE_SAFE)}"


def bracket_pairs(key: str, value: Json, depth: int = 0) -> Iterator[Pair]:
    """`key[a][b]=…` for nested objects, `key[0]=…` for lists inside them; `key` is already encoded."""
    if depth >= _MAX_DEPTH:
        yield key, encoded(value)
    elif isinstance(value, dict):
        for inner, item in value.items():
            yield from bracket_pairs(f"{key}[{quote(inner, safe='')}]", item, depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from bracket_pairs(f"{key}[{index}]", item, depth + 1)
    elif value is not None:
        yield key, encoded(value)


def _matrix(name: str, value: Json, explode: bool) -> str:
    if explode and isinstance(value, list):
        return "".join(f";{name}={encoded(item)}" for item in value)
    if explode and isinstance(value, dict):
        return "".join(f";{quote(key, safe='')}={encoded(item)}" for key, item in value.items())
    return f";{name}=" + ",".join(_items(value, explode=False, text=encoded))


def _items(value: Json, *, explode: bool, text: Callable[[Json], str]) -> Iterator[str]:
    if isinstance(value, list):
        yield from map(text, value)
    elif isinstance(value, dict):
        for key, item in value.items():
            if explode:
                yield f"{text(key)}={text(item)}"
            else:
                yield from (text(key), text(item))
    else:
        yield text(value)
