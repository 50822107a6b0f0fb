"""The spellings in which one secret value may come back: base64, percent, JSON, HTML, hex and its own lines."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from products.lib.jsontypes import Json, clean_text

_MIN_FORM = 4
_MIN_LINE = 8  # a line of a many-line secret that is shorter is not worth masking alone
_PERCENT = re.compile("%[0-9A-F]{2}")
_SAFE_SETS = ("", "/", "!'()*~", "/!$'()*,:;=@?&+~", "!$'()*,:;@/?")


def forms_of(value: str) -> set[str]:
    """Every form of `value` that a redactor looks for, itself included."""
    forms: set[str] = set()
    for part in _parts(value):
        forms.update(_spellings(part))
    return {form for form in forms if len(form) >= _MIN_FORM}


def _parts(value: str) -> Iterator[str]:
    yield value
    stripped = value.strip()
    if len(stripped) >= _MIN_FORM:
        yield stripped
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (line.strip() for line in lines if len(line.strip()) >= _MIN_LINE)
    if stripped[:1] in {"{", "["}:
        yield from _json_leaves(stripped)


def _json_leaves(text: str) -> Iterator[str]:
    """The long texts inside a JSON secret (a service account's key): a remote side may send them back alone."""
    try:
        queue: list[Json] = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while queue:
        item = queue.pop()
        if isinstance(item, dict):
            queue.extend(item.values())
        elif isinstance(item, list):
            queue.extend(item)
        elif isinstance(item, str) and len(item) >= 2 * _MIN_LINE and not item.startswith(("http://", "https://")):
            yield item


def _spellings(text: str) -> Iterator[str]:
    yield text
    yield clean_text(text)
    for ascii_only in (True, False):
        escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield from (escaped, escaped.replace("/", "\\/"), json.dumps(escaped, ensure_ascii=ascii_only)[1:-1])
    data = text.encode("utf-8", "replace")
    yield from _percent_forms(data)
    yield from _html_forms(text)
    yield from (data.hex(), data.hex().upper())
    yield from _base64_forms(data)


def _percent_forms(data: bytes) -> Iterator[str]:
    encoded = {quote_plus(data), *(quote(data, safe=safe) for safe in _SAFE_SETS)}
    encoded |= {quote(form, safe="") for form in tuple(encoded)}  # encoded twice
    for form in encoded:
        yield form
        yield _PERCENT.sub(lambda found: found[0].lower(), form)


def _html_forms(text: str) -> Iterator[str]:
    escaped = html.escape(text)
    yield from (escaped, html.escape(text, quote=False), escaped.replace("&#x27;", "&#39;"))
    yield escaped.replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


def _base64_forms(data: bytes) -> Iterator[str]:
    """The whole value, and what stays the same of it inside a longer text, at each of the three alignments."""
    for offset in range(3):
        padded = b"\0" * offset + data
        first = -(-offset * 8 // 6)
        last = len(padded) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(padded).decode()
            yield text[first:last]
            if offset == 0:
                yield from (text, text.rstrip("="))
