"""The headers of a request: collected without doubles, checked so that none can end a line or steer the connection."""

from __future__ import annotations

import re

from processors.connectors.http.bodies import rejected
from processors.connectors.http.styles import header_text
from products.lib.jsontypes import Json, escape_pointer

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z\-]{1,256}")
_VALUE = re.compile(r"[\x20-\x7e\t]*")
_MAX_VALUE = 16_384
# What the connection itself decides. The first are left out in silence: exports of other tools carry them.
_COMPUTED = frozenset({"content-length", "connection", "keep-alive", "accept-encoding"})
_REFUSED = frozenset({
    "host", "transfer-encoding", "te", "trailer", "upgrade", "expect", "proxy-authorization", "proxy-connection",
    "http2-settings",
})  # fmt: skip


class HeaderList:
    """Headers by name, the last one set wins whatever its case."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[str, str]] = {}
        self.secret: set[str] = set()

    def set(self, name: str, value: Json, *, explode: bool | None = None, secret: bool = False) -> None:
        """Raises InputRejected for a name or value that HTTP cannot carry or that steers the connection."""
        pointer = f"/headers/{escape_pointer(name[:80])}"
        low = name.lower()
        if not _NAME.fullmatch(name):
            raise rejected(pointer, "This is not a header name.")
        if low in _COMPUTED:
            return
        if low in _REFUSED:
            raise rejected(pointer, "This header is set by the connection and cannot be given.")
        text = header_text(value, explode=explode).strip(" \t")
        if len(text) > _MAX_VALUE:
            raise rejected(pointer, f"This header is longer than {_MAX_VALUE} characters.")
        if not _VALUE.fullmatch(text):
            raise rejected(pointer, "A header may hold only printable ASCII characters, and no line breaks.")
        self._values[low] = (name, text)
        if secret:
            self.secret.add(low)

    def has(self, name: str) -> bool:
        """Whether a header of this name is set."""
        return name.lower() in self._values

    def add_default(self, name: str, value: str) -> None:
        """Set a header unless it is set already."""
        if not self.has(name):
            self.set(name, value)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """What is sent."""
        return tuple(self._values.values())
