"""What may be stored in the cache: JSON, so that nobody who can write to it can run code here."""

from __future__ import annotations

import json
from typing import Any


class JsonSerializer:
    """Django's cache serializer protocol over JSON. Integers stay plain so that `incr` works."""

    def dumps(self, value: Any) -> bytes | int:
        """Raises TypeError for what JSON cannot hold."""
        if type(value) is int:
            return value
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        """Raises ValueError for anything that is not JSON."""
        return json.loads(data)
