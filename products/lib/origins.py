"""Where a URL leads, as `scheme://host:port`, and lists of hosts to which a secret may go."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from yarl import URL

from products.lib.http_errors import UrlRefused
from products.lib.placeholders import MissingPlaceholder, fill
from products.lib.safe_urls import parse_url

MAX_ENTRIES = 50
_DIGEST = "sha256:"
_PORTS = {"http": 80, "https": 443}
_ENTRY = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<any>\*\.)?"
    r"(?P<host>[a-z0-9_](?:[a-z0-9_.-]{0,250}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\])(?::(?P<port>[1-9][0-9]{0,4}))?/?"
)


class EntryError(ValueError):
    """An entry of a list of hosts is not one; the text says what one looks like."""


@dataclass(frozen=True, slots=True)
class _Entry:
    scheme: str
    host: str
    port: int | None
    below: bool  # `*.example.com`: every host below, not example.com itself

    def fits(self, url: URL) -> bool:
        host = _host(url)
        if self.below != host.endswith(f".{self.host}") or (not self.below and host != self.host):
            return False
        if self.scheme and url.scheme != self.scheme:
            return False
        return url.port == (self.port or _PORTS.get(url.scheme))


def origin_of(url: URL) -> str:
    """`https://api.example.com` or `http://localhost:8000`; the usual port of the scheme is left out."""
    port = "" if url.port == _PORTS.get(url.scheme) else f":{url.port}"
    return f"{url.scheme}://{_host(url)}{port}"


def origins_of(urls: Iterable[str], texts: Mapping[str, str]) -> tuple[str, ...]:
    """The origins of base URLs with `{{name}}`, each once; those that cannot be filled or called are left out."""
    found: dict[str, None] = {}
    for url in urls:
        try:
            found[origin_of(parse_url(fill(url, texts)))] = None
        except (MissingPlaceholder, UrlRefused):
            continue
    return tuple(found)


def hidden(origin: str) -> str:
    """An entry for an origin that may not be read, because a secret is part of it."""
    return _DIGEST + hashlib.sha256(origin.encode()).hexdigest()


def clean_entries(entries: Iterable[object]) -> list[str]:
    """Entries as they are kept: lower case, each once, at most 50. Raises EntryError."""
    kept: dict[str, None] = {}
    for entry in entries:
        text = str(entry).strip().lower().rstrip("/")
        if text:
            _parsed(text)
            kept[text] = None
    if len(kept) > MAX_ENTRIES:
        raise EntryError(f"At most {MAX_ENTRIES} hosts.")
    return list(kept)


def is_allowed(url: URL | str, entries: Iterable[str]) -> bool:
    """Whether one of the entries fits; an entry without a scheme takes any, one without a port the scheme's own."""
    target = URL(url) if isinstance(url, str) else url
    return any(
        hidden(origin_of(target)) == entry if entry.startswith(_DIGEST) else _parsed(entry).fits(target)
        for entry in entries
    )


def _parsed(text: str) -> _Entry:
    found = _ENTRY.fullmatch(text)
    if found is None or ".." in found["host"] or (found["port"] and int(found["port"]) > 65_535):
        shown = text[:80]
        raise EntryError(f"“{shown}” is not a host: write api.example.com, *.example.com or localhost:8000.")
    return _Entry(
        found["scheme"] or "", found["host"].strip("[]").rstrip("."), int(found["port"]) if found["port"] else None,
        bool(found["any"]),
    )  # fmt: skip


def _host(url: URL) -> str:
    return (url.raw_host or "").lower().rstrip(".")
