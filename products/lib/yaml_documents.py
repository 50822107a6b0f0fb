"""YAML of strangers to a tree: nothing is constructed but plain JSON values, and aliases have a budget.

Built on libyaml's event stream, which never recurses; the meaning of plain scalars is that of YAML 1.2, narrowed
to what JSON has: `on`, `yes`, dates and numbers with leading zeros stay text.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import yaml

from products.lib.document_errors import MAX_CONTAINERS, MAX_DEPTH, DocumentError, too_deep

_MAX_ANCHORS = 10_000
_MAX_ALIASED_NODES = 100_000  # nodes that aliases stand for, all together
_PREFIX = "tag:yaml.org,2002:"
_TEXT_TAGS = {None, "!", *(_PREFIX + name for name in ("str", "timestamp", "binary"))}
_PLAIN_TAGS = {_PREFIX + name for name in ("int", "float", "bool", "null")}
_CONTAINER_TAGS = {None, "!", _PREFIX + "map", _PREFIX + "seq"}
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,299})")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?(?:\.[0-9]+|[0-9]\.)(?:[eE][-+]?[0-9]+)?|[-+]?[1-9][0-9]*[eE][-+]?[0-9]+")
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_KEY: Any = object()
_MERGE: Any = object()


@dataclass(slots=True)
class _Frame:
    """An object or list that is being filled."""

    value: Any
    anchor: str | None
    nodes: int = 1
    key: Any = _NO_KEY
    merged: list[dict[str, Any]] = field(default_factory=list)


def read_yaml(text: str) -> tuple[Any, tuple[str, ...]]:
    """The tree and the notes. Raises DocumentError with line and column."""
    readable = _UNREADABLE.sub("", text)
    notes = ("Control characters were removed.",) if readable != text else ()
    composer = _Composer()
    try:
        for event in yaml.parse(readable, Loader=yaml.CSafeLoader):
            composer.take(event)
            if composer.documents > 1:
                return composer.root, (*notes, "The file holds several YAML documents; only the first was read.")
    except yaml.MarkedYAMLError as error:
        raise _bad_yaml(error) from None
    except yaml.YAMLError as error:
        raise DocumentError("bad-yaml", f"Invalid YAML: {str(error)[:200]}.") from None
    return composer.root, notes


class _Composer:
    def __init__(self) -> None:
        self.root: Any = None
        self.documents = 0
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()
        self._aliased = 0
        self._containers = 0

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1

    def _scalar(self, event: Any) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is _NO_KEY and isinstance(frame.value, dict):
            plain = event.implicit[0] and event.value == "<<"
            value: Any = _MERGE if plain else event.value  # a key is what is written: 200, on, null
        else:
            value = _meaning(event)
        self._anchor(event, value, 1)
        self._put(value, 1, event)

    def _start(self, event: Any) -> None:
        if event.tag not in _CONTAINER_TAGS:
            raise _refused("yaml-tag", f"The YAML tag {event.tag[:60]} is not allowed", event)
        if len(self._stack) >= MAX_DEPTH:
            raise too_deep(*_where(event))
        self._containers += 1
        if self._containers > MAX_CONTAINERS:
            raise _refused("too-large", f"The document has more than {MAX_CONTAINERS} objects and lists", event)
        if event.anchor is not None:
            self._open.add(event.anchor)
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._stack.append(_Frame(value, event.anchor))

    def _end(self, event: Any) -> None:
        frame = self._stack.pop()
        for merged in frame.merged:
            for key, value in merged.items():
                frame.value.setdefault(key, value)
        if frame.anchor is not None:
            self._open.discard(frame.anchor)
            self._keep(frame.anchor, frame.value, frame.nodes, event)
        self._put(frame.value, frame.nodes, event)

    def _alias(self, event: Any) -> None:
        if event.anchor in self._open:
            raise _refused("yaml-alias", f"The YAML alias *{event.anchor[:60]} contains itself", event)
        if event.anchor not in self._anchors:
            raise _refused("yaml-alias", f"The YAML alias *{event.anchor[:60]} has no anchor", event)
        value, nodes = self._anchors[event.anchor]
        self._aliased += nodes
        if self._aliased > _MAX_ALIASED_NODES:
            raise _refused("yaml-alias", "The YAML aliases stand for too much", event)
        self._put(value, nodes, event)

    def _put(self, value: Any, nodes: int, event: Any) -> None:
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        frame.nodes += nodes
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is _NO_KEY:
            frame.key = _key(value, event)
        else:
            self._put_pair(frame, value, event)

    @staticmethod
    def _put_pair(frame: _Frame, value: Any, event: Any) -> None:
        key, frame.key = frame.key, _NO_KEY
        if key is not _MERGE:
            frame.value[key] = value
            return
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise _refused("yaml-merge", "A YAML merge key needs an object or a list of objects", event)
        frame.merged.extend(parts)

    def _anchor(self, event: Any, value: Any, nodes: int) -> None:
        if event.anchor is not None:
            self._keep(event.anchor, value, nodes, event)

    def _keep(self, anchor: str, value: Any, nodes: int, event: Any) -> None:
        if len(self._anchors) >= _MAX_ANCHORS:
            raise _refused("yaml-alias", f"The document has more than {_MAX_ANCHORS} YAML anchors", event)
        self._anchors[anchor] = (value, nodes)


def _key(value: Any, event: Any) -> Any:
    if value is _MERGE or isinstance(value, str):
        return value
    if isinstance(value, Hashable):
        return "null" if value is None else str(value).lower()
    raise _refused("yaml-key", "A YAML key must be text", event)


def _meaning(event: Any) -> Any:
    """The value of a scalar; raises DocumentError for a tag that would have to be constructed."""
    if event.tag in _PLAIN_TAGS or (event.implicit[0] and event.tag is None):
        return _plain(event.value)
    if event.tag in _TEXT_TAGS:
        return event.value
    raise _refused("yaml-tag", f"The YAML tag {event.tag[:60]} is not allowed", event)


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _where(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _refused(code: str, reason: str, event: Any) -> DocumentError:
    line, column = _where(event)
    return DocumentError(code, f"{reason} (line {line}, column {column}).", line=line, column=column)


def _bad_yaml(error: yaml.MarkedYAMLError) -> DocumentError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    problem = error.problem or error.context or "it cannot be read"
    return DocumentError(
        "bad-yaml", f"Invalid YAML: {problem} at line {line}, column {column}.", line=line, column=column
    )
