"""Reads the body of a run as `RunInputShape` does, ten times as fast, when it is as plain as nearly all bodies are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from products.lib.tries import LEAST_TRY_S, MAX_TRY_S

_TAG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_KEY = re.compile(r"[\x21-\x7e]{0,200}")
_NEEDED = ("product", "environment", "app", "action")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10


def _number(least: float, most: float) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


_FITS: dict[str, Callable[[Any], bool]] = {
    **{name: lambda value: isinstance(value, str) and _TAG.fullmatch(value) is not None for name in _NEEDED},
    "input": lambda value: isinstance(value, dict),
    "idempotency_key": lambda value: isinstance(value, str) and _KEY.fullmatch(value) is not None,
    "retries": _whole,
    "timeout": _number(LEAST_TRY_S, MAX_TRY_S),
    "wait": _number(0, 60),
}


def plain_call(data: Any) -> dict[str, Any] | None:
    """The validated body; None for one that deserves a second look, also for all that is wrong: the shape says how."""
    if not all(name in data for name in _NEEDED):
        return None
    if not all(name in _FITS and _FITS[name](value) for name, value in data.items()):
        return None
    timeout = data.get("timeout")
    return {
        **{name: data[name] for name in _NEEDED},
        "input": data.get("input", {}),
        "idempotency_key": data.get("idempotency_key", ""),
        "retries": data.get("retries"),
        "timeout": None if timeout is None else float(timeout),
        "cache": "",
        "wait": float(data.get("wait", 0)),
    }
