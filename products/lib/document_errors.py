"""Why a document cannot be read, and how large, deep and full one may be."""

from __future__ import annotations

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 150  # real documents stay below 60; two Python frames a level must fit into the stack
MAX_CONTAINERS = 1_000_000


class DocumentError(Exception):
    """The document cannot be imported at all. `code` is stable, `line` and `column` count from 1 (0: unknown)."""

    def __init__(self, code: str, message: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column


def too_deep(line: int = 0, column: int = 0) -> DocumentError:
    """The document is nested deeper than MAX_DEPTH."""
    message = f"The document is nested deeper than {MAX_DEPTH} levels."
    return DocumentError("too-deep", message, line=line, column=column)
