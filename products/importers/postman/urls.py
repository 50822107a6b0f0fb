"""Postman's URLs: where a request goes, its path template and its query, from text or from parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_plus

from products.importers.openapi.paths import PLACEHOLDER
from products.importers.postman.rows import Row, read_rows
from products.importers.report import Report
from products.importers.shapes import PATH_LENGTH, as_dict, as_list, as_text

_LONGEST = 8000
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*|\{\{[^{}]*\}\}):(?://|\\\\)")
_VARIABLE_BASE = re.compile(r"\{\{[^{}]*\}\}[^/?#\\]*")
_COLON = re.compile(r"(?<=/):([A-Za-z0-9_][\w.\- ]*)(?=/|$)")
_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")
_BLANKS = re.compile("[\t\r\n]")


@dataclass(frozen=True, slots=True)
class Url:
    """`base` is scheme, host and port, or a variable that stands for them; "" where the document names none."""

    base: str = ""
    path: str = "/"
    query: tuple[Row, ...] = ()
    variables: tuple[Row, ...] = ()
    had_password: bool = False

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names in single braces, each once."""
        return tuple(dict.fromkeys(PLACEHOLDER.findall(self.path)))


def read_url(raw: Any) -> Url:
    """A URL of any shape; one that cannot be understood gives the path "/"."""
    if isinstance(raw, str):
        return split_url(raw)
    parts = as_dict(raw)
    text = as_text(parts.get("raw"))
    if not text.strip():
        text = _assembled(parts)
    url = split_url(text)
    rows = [_decoded(row) for row in read_rows(parts.get("query"))]
    return replace(url, query=tuple(rows) or url.query, variables=tuple(read_rows(parts.get("variable"))))


def within_length(url: Url, report: Report, place: str) -> Url:
    """The URL with a base and a path that can be stored; says so when one was cut."""
    if len(url.path) <= PATH_LENGTH and len(url.base) <= PATH_LENGTH:
        return url
    report.changed("path-cut", place, f"The address is longer than {PATH_LENGTH} characters and was cut.")
    return replace(url, path=url.path[:PATH_LENGTH], base=url.base[:PATH_LENGTH])


def split_url(text: str) -> Url:
    """The parts of a URL as text. Templates in double braces stay whole, `:id` becomes `{id}`."""
    text = _BLANKS.sub("", text.strip())[:_LONGEST]
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\x00{len(kept) - 1}\x01"

    def restore(part: str) -> str:
        return re.sub("\x00([0-9]+)\x01", lambda found: kept[int(found[1])], part)

    base, rest = _split_base(text)
    rest = _TEMPLATE.sub(keep, rest)  # a template may hold a question mark or a slash
    rest, _, _fragment = rest.partition("#")
    path, _, query = rest.partition("?")
    path = _COLON.sub(r"{\1}", restore("/" + path.replace("\\", "/").lstrip("/")))
    clean, had_password = _without_password(base)
    return Url(clean, path, tuple(_query(query, restore)), had_password=had_password)


def _split_base(text: str) -> tuple[str, str]:
    scheme = _SCHEME.match(text)
    if scheme:
        end = re.search(r"[/\\?#]", text[scheme.end() :])
        cut = scheme.end() + (end.start() if end else len(text) - scheme.end())
        return f"{scheme[1]}://{text[scheme.end() : cut]}", text[cut:]
    variable = _VARIABLE_BASE.match(text)
    if variable:
        return variable[0], text[variable.end() :]
    if text.startswith(("/", "?", "#", ":", "{")) or not text:
        return "", text
    end = re.search(r"[/\\?#]", text)
    cut = end.start() if end else len(text)
    return f"http://{text[:cut]}", text[cut:]


def _without_password(base: str) -> tuple[str, bool]:
    """Credentials in a URL are never kept."""
    scheme, divider, host = base.partition("://")
    user, at, rest = host.rpartition("@")
    return (f"{scheme}{divider}{rest}", bool(user)) if at else (base, False)


def _decoded(row: Row) -> Row:
    """Rows hold what is sent, so what is already encoded must not be encoded again."""
    return replace(row, key=unquote_plus(row.key), value=unquote_plus(as_text(row.value)))


def _query(text: str, restore: Any) -> list[Row]:
    rows = []
    for pair in text.split("&") if text else []:
        key, _, value = pair.partition("=")
        if key:
            rows.append(Row(restore(unquote_plus(key)), restore(unquote_plus(value))))
    return rows


def _assembled(parts: dict[str, Any]) -> str:
    host = parts.get("host")
    name = ".".join(as_text(each) for each in host) if isinstance(host, list) else as_text(host)
    port = as_text(parts.get("port"))
    protocol = as_text(parts.get("protocol"))
    path = parts.get("path")
    segments = [as_text(each.get("value")) if isinstance(each, dict) else as_text(each) for each in as_list(path)]
    joined = "/".join(segments) if isinstance(path, list) else as_text(path)
    prefix = f"{protocol}://" if protocol and name else ""
    return f"{prefix}{name}{f':{port}' if port else ''}/{joined.lstrip('/')}" if name or joined else ""
