"""What starts runs, in words."""

from __future__ import annotations

from typing import Final

TRIGGER_WORDS: Final[dict[str, str]] = {
    "page": "Page",
    "rest": "REST",
    "replay": "Replay",
    "restart": "Restart",
    "resume": "Resume",
    "parent": "Another run",
    "test": "Test",
    "link": "Signed link",
    "setup": "First start",
}


def trigger_words(trigger: str) -> str:
    """As people read it; one that a later version brought stays as it is stored."""
    return TRIGGER_WORDS.get(trigger, trigger)
