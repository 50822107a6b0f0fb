"""Reads typed fields out of JSON objects that people sent, and gathers everything that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from products.lib.errors import FieldProblem
from products.lib.jsontypes import JsonError, JsonObject, check_json, escape_pointer

MAX_PROBLEMS = 50


class Problems:
    """What was found wrong so far, in order; at most MAX_PROBLEMS."""

    def __init__(self) -> None:
        self.found: list[FieldProblem] = []

    def add(self, pointer: str, detail: str, code: str = "invalid") -> None:
        """Notes one problem."""
        if len(self.found) < MAX_PROBLEMS:
            self.found.append(FieldProblem(pointer, code, detail))


class Fields:
    """One JSON object at `pointer`. Every reader gives a usable value and notes a problem where there was none."""

    def __init__(self, data: JsonObject, problems: Problems, *, pointer: str = "", known: Collection[str] = ()) -> None:
        self.data = data
        self.problems = problems
        self.pointer = pointer
        for key in data if known else ():
            if key not in known:
                self.wrong(key, f"There is no field “{str(key)[:60]}” here.", "unknown")

    def wrong(self, key: str, detail: str, code: str = "invalid") -> None:
        """Notes a problem with the field `key`."""
        self.problems.add(f"{self.pointer}/{escape_pointer(key)}" if key else self.pointer, detail, code)

    def text(self, key: str, *, most: int, required: bool = False, pattern: str = "", say: str = "") -> str:
        """A text without white space around it; `say` is the sentence for one that does not match `pattern`."""
        value = self.data.get(key)
        if value is None:
            value = ""
        if not isinstance(value, str):
            self.wrong(key, "This must be text.", "type")
            return ""
        value = value.strip()
        if required and not value:
            self.wrong(key, "This field is required.", "required")
        elif len(value) > most:
            self.wrong(key, f"This may have at most {most} characters.", "too_long")
        elif "\x00" in value:
            self.wrong(key, "This text contains a NUL character.")
        elif value and pattern and not re.fullmatch(pattern, value):
            self.wrong(key, say)
        return value

    def choice(self, key: str, options: Collection[str], default: str) -> str:
        """One of `options`."""
        value = self.data.get(key, default)
        if not isinstance(value, str) or value not in options:
            self.wrong(key, f"This must be one of: {', '.join(options)}.", "not_allowed")
            return default
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            self.wrong(key, "This must be true or false.", "type")
            return default
        return value

    def number(self, key: str, *, least: float, most: float, whole: bool = False) -> float | None:
        """A number within limits; None where there is none."""
        value = self.data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or (whole and value != int(value)):
            self.wrong(key, "This must be a whole number." if whole else "This must be a number.", "type")
            return None
        if not least <= value <= most:
            self.wrong(key, f"This must be between {least:g} and {most:g}.", "out_of_range")
            return None
        return int(value) if whole else value

    def object(self, key: str, *, max_bytes: int = 512_000) -> JsonObject:
        """A JSON object, {} where there is none."""
        value = self.data.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(key, "This must be an object.", "type")
            return {}
        return value if self._storable(key, value, max_bytes) else {}

    def json(self, key: str, *, max_bytes: int = 512_000) -> Any:
        """Any JSON value."""
        value = self.data.get(key)
        return value if self._storable(key, value, max_bytes) else None

    def texts(self, key: str, *, most: int, longest: int = 200) -> tuple[str, ...]:
        """A list of texts, each once."""
        value = self.data.get(key)
        items = [] if value is None else value
        if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) for item in items):
            self.wrong(key, "This must be a list of texts.", "type")
            return ()
        if len(items) > most or any(len(item) > longest for item in items):
            self.wrong(key, f"This may have at most {most} items of at most {longest} characters.", "too_long")
            return ()
        return tuple(dict.fromkeys(item.strip() for item in items if item.strip()))

    def rows(self, key: str, *, most: int, known: Collection[str]) -> Iterator[Fields]:
        """The objects of a list, one after the other."""
        value = self.data.get(key)
        items = [] if value is None else value
        if not isinstance(items, (list, tuple)):
            self.wrong(key, "This must be a list.", "type")
            return
        if len(items) > most:
            self.wrong(key, f"This may have at most {most} items.", "too_long")
            return
        for index, item in enumerate(items):
            pointer = f"{self.pointer}/{key}/{index}"
            if isinstance(item, dict):
                yield Fields(item, self.problems, pointer=pointer, known=known)
            else:
                self.problems.add(pointer, "This must be an object.", "type")

    def _storable(self, key: str, value: Any, max_bytes: int) -> bool:
        try:
            check_json(value)
        except JsonError as error:
            self.wrong(key, error.message)
            return False
        if len(repr(value)) > max_bytes:
            self.wrong(key, f"This is larger than {max_bytes // 1000} kB.", "too_large")
            return False
        return True
