"""Media types: which body format each is, and which of several a request uses."""

from __future__ import annotations

from collections.abc import Iterable

from products.lib.actions import BodyFormat

DEFAULT_TYPES: dict[str, str] = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data",
    "xml": "application/xml",
    "text": "text/plain",
    "binary": "application/octet-stream",
    "graphql": "application/json",
}
_RANK = {"json": 0, "form": 1, "multipart": 2, "xml": 3, "text": 4, "binary": 5}


def format_of(media_type: str) -> BodyFormat:
    """The body format of a media type; ranges such as `*/*` count as JSON, unknown types as binary."""
    kind = essence(media_type)
    main, _, sub = kind.partition("/")
    if sub == "json" or sub.endswith("+json") or sub in {"x-json", "x-ndjson"} or kind in {"*/*", "application/*"}:
        return "json"
    if kind == "application/x-www-form-urlencoded":
        return "form"
    if main == "multipart":
        return "multipart"
    if sub == "xml" or sub.endswith("+xml"):
        return "xml"
    if main == "text" or sub in {"yaml", "x-yaml", "graphql", "javascript", "sql"} or sub.endswith("+yaml"):
        return "text"
    return "binary"


def essence(media_type: str) -> str:
    """The media type without parameters, in small letters."""
    return media_type.partition(";")[0].strip().lower()


def concrete(media_type: str) -> str:
    """A media type that can be sent: ranges are replaced by what they most likely mean."""
    return DEFAULT_TYPES[format_of(media_type)] if "*" in media_type else media_type.strip()


def best(media_types: Iterable[str]) -> str:
    """The one a request uses: plain JSON first, then JSON's relatives, form, multipart, XML, text, binary."""
    return min(media_types, key=_preference, default="")


def _preference(media_type: str) -> tuple[int, bool, bool]:
    return _RANK[format_of(media_type)], essence(media_type) != "application/json", "*" in media_type
