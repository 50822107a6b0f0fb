"""Remembers what was made from definitions, found again by their identity: definitions are never changed in place."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

Made = TypeVar("Made")


class IdentityCache(Generic[Made]):
    """`make(*parts)`, once for the same parts; the least recently used results are forgotten.

    An entry keeps its parts alive, so that their identity cannot be taken over by other objects.
    """

    def __init__(self, make: Callable[..., Made], *, size: int = 1_000) -> None:
        self._make = make
        self._size = size
        self._entries: OrderedDict[tuple[int, ...], tuple[tuple[Any, ...], Made]] = OrderedDict()
        self._lock = Lock()

    def get(self, *parts: Any) -> Made:
        """What was made of these very objects."""
        key = tuple(map(id, parts))
        with self._lock:
            known = self._entries.get(key)
            if known:
                self._entries.move_to_end(key)
                return known[1]
        made = self._make(*parts)
        with self._lock:
            self._entries[key] = (parts, made)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
        return made
