"""What a question for a kept result is answered with, and what such a result is kept under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from products.lib.jsontypes import Json, content_hash

RESULT: Final = "result:"


@dataclass(frozen=True, slots=True)
class Token:
    """The right to keep a result. It ends by itself when its holder does not come back."""

    key: str
    secret: str
    generation: str
    fresh_ms: int
    life_ms: int


@dataclass(frozen=True, slots=True)
class Found:
    """A kept result. `is_stale`: its time is over, and somebody fetches the new one."""

    value: Json
    age_s: float
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class Lead:
    """Make the call, then `store` or `give_up` the token: others may be waiting.

    `old` is the result whose time is over, where it may still be given: it can be used at once, or if the call fails.
    """

    token: Token
    old: Found | None = None


@dataclass(frozen=True, slots=True)
class Follow:
    """Somebody makes this call just now: `wait` for it."""


@dataclass(frozen=True, slots=True)
class Bypass:
    """Make the call without the cache. `notice` says why, for the run."""

    notice: str = ""


Answer: TypeAlias = Found | Lead | Follow | Bypass


def cache_key(kind: str, target: str, definition_hash: str, environment: str, input: Json) -> str:
    """What a result is kept under: readable in front, then a hash of all that it depends on.

    Inputs that are equal as JSON have equal keys, whatever the order of their fields. Raises JsonError.
    """
    digest = content_hash([kind, target, definition_hash, environment, input])
    return f"{RESULT}{kind}:{target[:200]}:{digest}"
