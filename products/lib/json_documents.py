"""JSON of strangers to a tree: numbers kept exact or as text, depth bounded, text made storable."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from products.lib.document_errors import MAX_CONTAINERS, MAX_DEPTH, DocumentError, too_deep

_MAX_NOTES = 20
_LONG_NUMBER = 300  # digits: more than any number has that means something
_NEEDS_CLEANING = re.compile("\x00|[\ud800-\udfff]|\\\\u(?:0000|[dD][89a-fA-F])")
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(text: str) -> tuple[Any, tuple[str, ...]]:
    """The tree and the notes. Raises DocumentError with line and column."""
    if text.count("{") + text.count("[") > MAX_CONTAINERS:
        raise DocumentError("too-large", f"The document has more than {MAX_CONTAINERS} objects and lists.")
    doubles: list[str] = []
    try:
        tree = json.loads(text, object_pairs_hook=_pairs(doubles), parse_int=_integer, parse_constant=str)
    except json.JSONDecodeError as error:
        message = f"Invalid JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        raise DocumentError("bad-json", message, line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise too_deep() from None
    notes = tuple(f"The key “{key[:80]}” is there twice in one object; the last one counts." for key in doubles)
    return tidy(tree, clean=bool(_NEEDS_CLEANING.search(text))), notes


def tidy(tree: Any, *, clean: bool) -> Any:
    """The same tree, changed in place: infinite numbers become text and, with `clean`, text becomes storable.

    Raises DocumentError when it is nested too deep.
    """
    root = [tree]
    level: list[Any] = [root]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for container in level for inner in _tidy_one(container, clean=clean)]
        if not level:
            return root[0]
    raise too_deep()


def storable(text: str) -> str:
    """Text that UTF-8 and PostgreSQL can hold: no NUL, no lone surrogates."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\x00", ""))


def _tidy_one(container: Any, *, clean: bool) -> Iterator[Any]:
    if clean and isinstance(container, dict) and any(storable(key) != key for key in container):
        renamed = {storable(key): value for key, value in container.items()}
        container.clear()
        container.update(renamed)
    for key, value in container.items() if isinstance(container, dict) else enumerate(container):
        if isinstance(value, (dict, list)):
            yield value
        elif isinstance(value, float) and not math.isfinite(value):
            container[key] = str(value)
        elif clean and isinstance(value, str):
            container[key] = storable(value)


def _pairs(doubles: list[str]) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs) and len(doubles) < _MAX_NOTES:
            seen: set[str] = set()
            doubles.extend(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return result

    return collect


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= _LONG_NUMBER else text
