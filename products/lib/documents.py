"""Bytes that a stranger sent to a tree of plain JSON values: JSON or YAML, bounded in size and depth."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Any, Literal

from products.lib.document_errors import MAX_BYTES, DocumentError
from products.lib.json_documents import read_json, tidy
from products.lib.yaml_documents import read_yaml

__all__ = ["MAX_BYTES", "Document", "DocumentError", "decode", "load_document"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """A tree of dict, list, str, int, float, bool and None, and what had to be changed to get it."""

    tree: Any
    syntax: Literal["json", "yaml"]
    notes: tuple[str, ...] = ()


def load_document(data: bytes, *, filename: str = "", max_bytes: int = MAX_BYTES) -> Document:
    """Read JSON or YAML, whichever it is.

    Duplicate keys: the last one wins. NaN, Infinity and numbers too long to mean something become text. NUL
    characters are removed, lone surrogates replaced. Raises DocumentError, with line and column where known.
    """
    if len(data) > max_bytes:
        raise DocumentError("too-large", f"The document is larger than {_size(max_bytes)}.")
    text = decode(data)
    if not text.strip(" \t\r\n\x00"):
        raise DocumentError("empty", "The document is empty.")
    if text.lstrip()[:1] not in {"{", "["}:
        return _yaml(text)
    try:
        return Document(*_json(text))
    except DocumentError as error:
        if filename.lower().endswith(".json") or error.code != "bad-json":
            raise
        return _yaml_or(error, text)


def decode(data: bytes) -> str:
    """Text of UTF-8 bytes, or of UTF-16 and UTF-32 with a byte order mark. Raises DocumentError."""
    mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", "utf-8"))
    body = data[len(mark) :]
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        before = body[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        message = f"The document is not {encoding.upper()} text (line {line}, column {column})."
        raise DocumentError("not-text", message, line=line, column=column) from None


def _json(text: str) -> tuple[Any, Literal["json"], tuple[str, ...]]:
    tree, notes = read_json(text)
    return tree, "json", notes


def _yaml(text: str) -> Document:
    tree, notes = read_yaml(text)
    return Document(tidy(tree, clean="\\u" in text or "\\0" in text or "\\x" in text), "yaml", notes)


def _yaml_or(error: DocumentError, text: str) -> Document:
    """YAML may begin with a brace too; where it is neither, the JSON error says more."""
    try:
        return _yaml(text)
    except DocumentError:
        raise error from None


def _size(count: int) -> str:
    return f"{count // 1024 // 1024} MB" if count >= 1024 * 1024 else f"{count // 1024} kB"
