"""Tells values apart whose handling takes longer than an event loop may be held up."""

from __future__ import annotations

from products.lib.jsontypes import Json

LARGE = 131_072  # characters: some milliseconds of masking and writing
_ITEM = 16  # what each item counts beside its text


def is_large(value: Json) -> bool:
    """Whether the value is large; looks no further than that takes."""
    left = LARGE
    queue: list[Json] = [value]
    while queue:
        item = queue.pop()
        if isinstance(item, str):
            left -= len(item)
        elif isinstance(item, (dict, list)):
            left -= _ITEM * len(item)
            if left > 0:
                queue.extend(item.values() if isinstance(item, dict) else item)
        if left <= 0:
            return True
    return False
