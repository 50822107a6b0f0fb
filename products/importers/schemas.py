"""Schemas of a document as self-contained JSON Schema 2020-12: shared definitions, and the few each action needs.

Every referenced schema is translated once, under a short name, with its references pointing to `#/$defs/…`.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from products.importers.keywords import Dialect, Translation, translate
from products.importers.refs import MISSING, Refs
from products.importers.report import Report
from products.lib.tags import unique_tag

ACTION_BYTES = 200_000  # of definitions, for one action
DOCUMENT_BYTES = 16_000_000  # of definitions, for all actions together
_MAX_DISTANCE = 40  # references from the action's own schema; no form is drawn deeper
_PREFIX = "#/$defs/"


class SchemaBook:
    """The schemas of one document."""

    def __init__(self, refs: Refs, report: Report, *, dialect: Dialect, actions: int = 1) -> None:
        self._refs = refs
        self._report = report
        self._dialect = dialect
        self._limit = max(20_000, min(ACTION_BYTES, DOCUMENT_BYTES // max(actions, 1)))
        self._names: dict[str, str] = {}  # ref → name
        self._taken: set[str] = set()
        self._sources: dict[str, tuple[Any, str]] = {}  # name → raw schema and its ref
        self._definitions: dict[str, Translation] = {}
        self._sizes: dict[str, int] = {}
        self._settled: set[str] = set()
        self._cut_at: dict[str, None] = {}

    def translate(self, raw: Any, place: str) -> dict[str, Any]:
        """A schema of the document, with references to definitions. {} where there is nothing to say."""
        return self._translation(raw, place).schema

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A translated schema itself, or the definition it merely points at, with the pointing one's own words."""
        ref = schema.get("$ref")
        if not isinstance(ref, str):
            return schema
        target = self.definition(ref.removeprefix(_PREFIX))
        own = {key: value for key, value in schema.items() if key != "$ref"}
        return {**target, **own} if own else target

    def definition(self, name: str) -> dict[str, Any]:
        """The translated definition of a name that a translated schema refers to; {} for others."""
        found = self._definition(name)
        self._settle(name)
        return found.schema if found else {}

    def definitions_for(self, schemas: Iterable[dict[str, Any]], place: str) -> dict[str, Any]:
        """The definitions that these schemas reach, nearest first, bounded in size and distance."""
        kept: dict[str, Any] = {}
        size = 0
        waiting = deque((name, 1) for schema in schemas for name in referenced(schema))
        while waiting:
            name, distance = waiting.popleft()
            if name in kept:
                continue
            found = self._definition(name)
            size += self._size(name)
            if found is None or size > self._limit or distance > _MAX_DISTANCE:
                size -= self._size(name)
                kept[name] = {}
                self._cut_at[place] = None
                continue
            self._settle(name)
            kept[name] = found.schema
            waiting.extend((next_name, distance + 1) for next_name in found.references)
        return kept

    def name_of(self, ref: str, place: str) -> str:
        """The name of what a reference leads to in the end; "" (and a notice) where it leads nowhere."""
        if ref not in self._names:
            self._names[ref] = self._new_name(ref, place)
        return self._names[ref]

    def _new_name(self, ref: str, place: str) -> str:
        seen: set[str] = set()
        last = ref
        while True:
            target = self._refs.target(last, place)
            if target is MISSING:
                return ""
            onward = target.get("$ref") if isinstance(target, dict) and len(target) == 1 else None
            if not isinstance(onward, str):
                return self._register(last, target)
            if onward in seen:
                self._report.changed("circular-reference", place, f"The reference {ref[:120]} leads back to itself.")
                return ""
            seen.add(onward)
            last = onward

    def _register(self, ref: str, target: Any) -> str:
        if ref in self._names:
            return self._names[ref]
        name = unique_tag(_short_name(ref), self._taken)
        self._taken.add(name)
        self._names[ref] = name
        self._sources[name] = (target, ref)
        return name

    def _translation(self, raw: Any, place: str) -> Translation:
        return translate(raw, self._dialect, name_of=self.name_of, report=self._report, place=place)

    def _definition(self, name: str) -> Translation | None:
        if name not in self._definitions and name in self._sources:
            raw, ref = self._sources[name]
            self._definitions[name] = self._translation(raw, ref.removeprefix("#"))
        return self._definitions.get(name)

    def _size(self, name: str) -> int:
        if name not in self._sizes:
            found = self._definition(name)
            self._sizes[name] = len(json.dumps(found.schema)) if found else 2
        return self._sizes[name]

    def note_cuts(self) -> None:
        """Say once how many actions did not get all the definitions they reach."""
        if self._cut_at:
            many = f"The schemas of {len(self._cut_at)} actions are" if len(self._cut_at) > 1 else "The schema is"
            message = f"{many} too large to keep whole; the parts farthest inside accept anything."
            self._report.changed("schema-cut", next(iter(self._cut_at)), message)

    def _settle(self, name: str) -> None:
        """Cut references that lead back to a schema without ever stepping into a value: nothing could satisfy them."""
        if name in self._settled:
            return
        path = [name]
        walks: list[Iterator[dict[str, Any]]] = [self._in_place(name)]
        while walks:
            edge = next(walks[-1], None)
            if edge is None:
                walks.pop()
                self._settled.add(path.pop())
                continue
            target = str(edge.get("$ref", "")).removeprefix(_PREFIX)
            if target in path:
                edge.clear()
                self._report.changed("circular-reference", name, f"The schema “{target}” contains itself; it was cut.")
            elif target and target not in self._settled:
                path.append(target)
                walks.append(self._in_place(target))

    def _in_place(self, name: str) -> Iterator[dict[str, Any]]:
        found = self._definition(name)
        return iter(found.in_place if found else ())


def referenced(schema: Any) -> Iterator[str]:
    """The names of definitions that a translated schema refers to directly."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            ref = node.get("$ref")
            if isinstance(ref, str) and ref.startswith(_PREFIX):
                yield ref.removeprefix(_PREFIX)
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _short_name(ref: str) -> str:
    """The last telling part of a reference, in letters that need no escaping in a JSON pointer."""
    parts = [part for part in ref.split("/") if part not in {"#", "schema", "items", "properties", "allOf"}]
    last = parts[-1] if parts else "root"
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "._-") else "_" for char in last)
    return kept.strip("_")[-60:] or "schema"
