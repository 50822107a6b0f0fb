"""A JSON value as a tree people can fold: escaped throughout, bounded in size and depth."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

MAX_LINES: Final = 2_000
MAX_DEPTH: Final = 24
MAX_TEXT: Final = 4_000
OPEN_DEPTH: Final = 3
_MASKED: Final = re.compile(r"^[•*]{3,}$")


@dataclass(slots=True)
class _Budget:
    """How many lines may still be drawn."""

    left: int


def json_html(value: object, *, max_lines: int = MAX_LINES) -> SafeString:
    """Draw a JSON value; what is beyond ``max_lines`` or ``MAX_DEPTH`` is told as a count."""
    return format_html('<div class="json">{}</div>', _node(value, "", 0, _Budget(max_lines)))


def parsed(value: object) -> object:
    """Return what a JSON text holds, or the value itself if it is no JSON text."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _node(value: object, key: str | SafeString, depth: int, budget: _Budget) -> SafeString:
    budget.left -= 1
    if isinstance(value, dict) and value:
        return _branch(key, ("{", "}", "keys"), _members(value, depth, budget), (len(value), depth))
    if isinstance(value, (list, tuple)) and value:
        return _branch(key, ("[", "]", "items"), _elements(value, depth, budget), (len(value), depth))
    return format_html('<div class="leaf">{}{}</div>', key, _leaf(value))


def _branch(
    key: str | SafeString, signs: tuple[str, str, str], items: Iterator[SafeString], at: tuple[int, int]
) -> SafeString:
    opening, closing, noun = signs
    count, depth = at
    if depth >= MAX_DEPTH:
        return format_html('<div class="leaf">{}<span class="more">{} … {}</span></div>', key, opening, closing)
    return format_html(
        '<details{}><summary>{}{}<span class="size"> {} {} {}</span></summary>'
        '<div class="json-items">{}</div><div class="leaf">{}</div></details>',
        mark_safe(" open") if depth < OPEN_DEPTH else "",
        key,
        opening,
        count,
        noun if count != 1 else noun[:-1],
        closing,
        mark_safe("".join(items)),  # noqa: S308  (made of escaped parts above)
        closing,
    )


def _members(value: dict[object, object], depth: int, budget: _Budget) -> Iterator[SafeString]:
    for position, (name, item) in enumerate(value.items()):
        if budget.left <= 0:
            yield _more(len(value) - position)
            return
        yield _node(item, format_html('<span class="key">{}</span>: ', _quoted(str(name))), depth + 1, budget)


def _elements(value: list[object] | tuple[object, ...], depth: int, budget: _Budget) -> Iterator[SafeString]:
    for position, item in enumerate(value):
        if budget.left <= 0:
            yield _more(len(value) - position)
            return
        yield _node(item, "", depth + 1, budget)


def _more(count: int) -> SafeString:
    return format_html('<div class="leaf more">… {} more</div>', count)


def _leaf(value: object) -> SafeString:
    if isinstance(value, str):
        if _MASKED.match(value):
            return mark_safe('<span class="masked" title="Kept secret">••••••</span>')
        return format_html('<span class="string">{}</span>', _quoted(value))
    if isinstance(value, bool) or value is None:
        return format_html('<span class="word">{}</span>', json.dumps(value))
    if isinstance(value, (int, float)):
        return format_html('<span class="number">{}</span>', str(value))
    if value == {} or value == [] or value == ():
        return format_html('<span class="size">{}</span>', "{}" if isinstance(value, dict) else "[]")
    return format_html('<span class="string">{}</span>', _quoted(str(value)))


def _quoted(text: str) -> str:
    shown = json.dumps(text[:MAX_TEXT], ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return shown if len(text) <= MAX_TEXT else f"{shown} … {len(text) - MAX_TEXT:,} more characters"
