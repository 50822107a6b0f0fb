"""What the sample shop remembers, in memory and bounded: the oldest entry goes when there are too many."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ductape_site.sample_api.goods import GOODS
from ductape_site.sample_api.messages import Answer

KEPT = 2000
TOKEN_SECONDS = 3600

Value = TypeVar("Value")


class Shelf(Generic[Value]):
    """A dictionary that forgets its oldest entry beyond `most`."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._entries: OrderedDict[str, Value] = OrderedDict()

    def get(self, key: str) -> Value | None:
        """The entry, or None."""
        return self._entries.get(key)

    def put(self, key: str, value: Value) -> None:
        """Adds or replaces."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def drop(self, key: str) -> None:
        """Forgets it, if it is there."""
        self._entries.pop(key, None)

    def entries(self) -> list[Value]:
        """All of them, the oldest first."""
        return list(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True, slots=True)
class Remembered:
    """The first answer to an idempotency key, and what had been asked."""

    asked: bytes
    answer: Answer


@dataclass(slots=True)
class Store:
    """One environment of the shop: what happens in one is not seen in another."""

    clock: Callable[[], float] = time.time
    goods: dict[str, dict[str, Any]] = field(default_factory=lambda: {good["id"]: good for good in GOODS})
    orders: Shelf[dict[str, Any]] = field(default_factory=Shelf)
    payments: Shelf[dict[str, Any]] = field(default_factory=Shelf)
    reservations: Shelf[dict[str, Any]] = field(default_factory=Shelf)
    shipments: Shelf[dict[str, Any]] = field(default_factory=Shelf)
    accounts: Shelf[dict[str, Any]] = field(default_factory=Shelf)
    messages: Shelf[dict[str, Any]] = field(default_factory=Shelf)
    tokens: Shelf[float] = field(default_factory=Shelf)
    answers: Shelf[Remembered] = field(default_factory=Shelf)
    failures: Shelf[int] = field(default_factory=Shelf)

    def new_token(self) -> str:
        """A bearer token, good for TOKEN_SECONDS."""
        token = f"tok_{secrets.token_urlsafe(24)}"
        self.tokens.put(token, self.clock() + TOKEN_SECONDS)
        return token

    def knows_token(self, token: str) -> bool:
        """Whether this shop gave it and it has not expired."""
        expires = self.tokens.get(token)
        return expires is not None and expires > self.clock()


def new_id(kind: str) -> str:
    """Ids as shops write them: `ord_…`, `pay_…`."""
    return f"{kind}_{secrets.token_hex(8)}"
