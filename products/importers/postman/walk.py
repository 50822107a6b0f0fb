"""Walks the folders of a Postman collection, in its order, handing auth down from folder to request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from products.importers.postman.auth import Chosen, PostmanAuths
from products.importers.report import Report
from products.importers.shapes import as_list, clean_name

_MAX_FOLDERS = 12  # deeper folders are joined into the last one


@dataclass(frozen=True, slots=True)
class Leaf:
    """An item with a request, where it is, and the auth it inherits."""

    item: dict[str, Any]
    folder: tuple[str, ...]
    auth: Chosen
    place: str


@dataclass(frozen=True, slots=True)
class _Step:
    node: Any
    folder: tuple[str, ...]
    auth: Chosen
    place: str
    top: bool = False


def walk(collection: dict[str, Any], auths: PostmanAuths, default: Chosen, report: Report) -> Iterator[Leaf]:
    """Every item that has a request."""
    waiting = [_Step(collection, (), default, "", top=True)]
    while waiting:
        step = waiting.pop()
        node = step.node
        if not isinstance(node, dict):
            report.skipped("bad-item", step.place, "An entry of the collection is no object and was left out.")
        elif isinstance(node.get("item"), list):
            waiting.extend(reversed(_inside(step, auths, report)))
        elif "request" in node:
            yield Leaf(node, step.folder, step.auth, _place(step, node))
        elif not step.top:
            report.skipped("no-request", _place(step, node), "The entry has neither a request nor entries of its own.")


def _inside(step: _Step, auths: PostmanAuths, report: Report) -> list[_Step]:
    node, folder, auth, place = step.node, step.folder, step.auth, step.place
    if not step.top:
        place = _place(step, node)
        name = report.name(node.get("name"), place, "Folder")
        folder = (*folder, name) if len(folder) < _MAX_FOLDERS else folder
        own = auths.read(node.get("auth"), place)
        auth = auth if own.inherits else own
        if as_list(node.get("event")):
            report.skipped("folder-script", place, "Scripts of folders are left out; nothing here executes scripts.")
        if "request" in node:
            report.skipped("bad-item", place, "The entry has both a request and entries; its request was left out.")
    return [
        _Step(child, folder, auth, place if isinstance(child, dict) else f"{place} / item {number}".lstrip(" /"))
        for number, child in enumerate(node["item"])
    ]


def _place(step: _Step, node: dict[str, Any]) -> str:
    name = clean_name(node.get("name"))[:80] or "(no name)"
    return f"{step.place} / {name}" if step.place else name
