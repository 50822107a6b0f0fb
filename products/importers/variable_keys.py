"""Usable keys for variables whose names ours may not have: `{{a/b}}` becomes `{{a_b}}`, and the report says so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from products.importers.report import Report
from products.lib import placeholders

_LENGTH = 100
_MENTION = re.compile(r"\{\{([^{}\"\r\n]{1,200})\}\}")
_UNUSABLE = re.compile(r"[^A-Za-z0-9_.\-]+")
# What nobody declared is a variable only when it looks like a name: `{{#each}}` and `{{a | b}}` are other languages.
_NAME = re.compile(r"\s*\w[\w/:@+.\-$ ]*")
_NOT_SENT = {"event", "description", "response"}


class KeyBook:
    """The names of one document and the keys they got."""

    def __init__(self, report: Report, taken: Iterable[str] = ()) -> None:
        self._report = report
        self._taken = set(taken)
        self._keys: dict[str, str] = {}

    def usable(self, name: str, place: str) -> str:
        """`name` itself, or the key that stands for it."""
        if is_usable(name):
            return name
        if name not in self._keys:
            key = self._keys[name] = _free(_spelt(name), self._taken)
            self._taken.add(key)
            message = f"The variable “{name[:80]}” is called “{key}” here: keys have letters, digits, _, - and dots."
            self._report.changed("variable-renamed", place, message)
        return self._keys[name]


def is_usable(name: str) -> bool:
    """Whether `{{name}}` is filled in."""
    return bool(placeholders.find("{{" + name + "}}"))


def with_usable_keys(collection: dict[str, Any], declared: Iterable[str], report: Report) -> dict[str, Any]:
    """The Postman collection with every variable under a usable key, in what is sent; scripts stay as they are."""
    known = set(declared)
    mentioned = {name for text in _texts(collection) for name in _MENTION.findall(text)}
    odd = [
        name for name in sorted(known | mentioned) if not is_usable(name) and (name in known or _NAME.fullmatch(name))
    ]
    if not odd:
        return collection
    book = KeyBook(report, taken={name.strip() for name in known | mentioned if is_usable(name)})
    keys = {name: book.usable(name, f"variable / {name[:80]}") for name in odd}
    renamed: dict[str, Any] = _renamed(collection, keys)
    for part in ("variable", "variables"):
        if part in renamed:
            renamed[part] = _renamed_rows(renamed[part], keys)
    return renamed


def _texts(tree: Any) -> Iterator[str]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            waiting.extend(value for key, value in node.items() if key not in _NOT_SENT)
        elif isinstance(node, list):
            waiting.extend(node)


def _renamed(node: Any, keys: dict[str, str]) -> Any:
    if isinstance(node, str):
        return _MENTION.sub(lambda found: "{{" + keys.get(found[1], found[1]) + "}}", node) if "{{" in node else node
    if isinstance(node, dict):
        return {key: value if key in _NOT_SENT else _renamed(value, keys) for key, value in node.items()}
    return [_renamed(each, keys) for each in node] if isinstance(node, list) else node


def _renamed_rows(rows: Any, keys: dict[str, str]) -> Any:
    if isinstance(rows, dict):
        return {keys.get(key, key): value for key, value in rows.items()}
    return [
        {word: keys.get(value, value) if word in {"key", "id", "name"} and isinstance(value, str) else value
         for word, value in row.items()} if isinstance(row, dict) else row
        for row in (rows if isinstance(rows, list) else [])
    ]  # fmt: skip


def _spelt(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return _UNUSABLE.sub("_", plain).strip("_.- ")[:_LENGTH] or "variable"


def _free(key: str, taken: set[str]) -> str:
    number = 2
    free = key
    while free in taken:
        free = f"{key}_{number}"
        number += 1
    return free
