"""Follows `$ref` inside one document; what lies outside is reported and never opened."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from products.importers.report import Report

MISSING: Any = object()


class Refs:
    """The references of one document tree."""

    def __init__(self, document: Any, report: Report) -> None:
        self._document = document
        self._report = report
        self._found: dict[str, Any] = {}

    def follow(self, node: Any, place: str) -> Any:
        """What `node` stands for after all its references, or MISSING (then it is in the report)."""
        seen: set[str] = set()
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            ref = node["$ref"]
            if ref in seen:
                self._report.changed("circular-reference", place, f"The reference {ref[:120]} leads back to itself.")
                return MISSING
            seen.add(ref)
            node = self.target(ref, place)
        return node

    def target(self, ref: str, place: str) -> Any:
        """What one reference points at, or MISSING (then it is in the report)."""
        if ref not in self._found:
            self._found[ref] = self._walk(ref)
        found = self._found[ref]
        if found is MISSING:
            reason = "points to nothing in the document" if ref.startswith("#") else "is outside the document"
            self._report.changed("unresolved-reference", place, f"Unresolved reference: {ref[:120]} {reason}.")
        return found

    def _walk(self, ref: str) -> Any:
        if ref == "#":
            return self._document
        if not ref.startswith("#/"):
            return MISSING
        node = self._document
        for part in ref[2:].split("/"):
            node = _step(node, part)
            if node is MISSING:
                return MISSING
        return node


def _step(node: Any, part: str) -> Any:
    """One step down; keys that hold a percent sign themselves are tried as they are written first."""
    if isinstance(node, list):
        return node[int(part)] if part.isdecimal() and len(part) < 7 and int(part) < len(node) else MISSING
    if not isinstance(node, dict):
        return MISSING
    written = part.replace("~1", "/").replace("~0", "~")
    if written in node:
        return node[written]
    return node.get(unquote(written), MISSING)
