"""Collects what an import skipped, changed or warns about, each thing once and never without end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from products.importers.drafts import Notice, NoticeLevel
from products.importers.shapes import clean_name, hides_characters
from products.lib.actions import AuthSpec

_LIMIT = 1000
_SCHEME = re.compile(r"^(?:Bearer|Basic|Token)\s+", re.IGNORECASE)


class Report:
    """Notices in the order they were found; the same sentence is kept once, with its first place."""

    def __init__(self) -> None:
        self._notices: dict[tuple[str, str, str], Notice] = {}
        self._times: Counter[tuple[str, str, str]] = Counter()
        self._more = 0
        self.secrets: set[str] = set()  # literal ones that were removed: they may stand elsewhere too

    def secret(self, place: str, what: str, value: object = "") -> None:
        """A literal secret was removed; `what` says of what, as in “The value of “password””."""
        if isinstance(value, str) and value.strip():
            self.secrets.add(_SCHEME.sub("", value.strip()))
        self.warning("secret-removed", place, f"{what} looks like a secret and was removed.")

    def skipped(self, code: str, place: str, message: str) -> None:
        """Something of the document did not come in."""
        self._add("skipped", code, place, message)

    def changed(self, code: str, place: str, message: str) -> None:
        """Something came in otherwise than it was written."""
        self._add("changed", code, place, message)

    def warning(self, code: str, place: str, message: str) -> None:
        """Something came in, and a person should look at it."""
        self._add("warning", code, place, message)

    def name(self, value: object, place: str, fallback: str) -> str:
        """A clean name; says so when characters were removed or the name was cut."""
        name = clean_name(value)
        if hides_characters(value):
            self.changed("name-cleaned", place, f"Invisible characters were removed from the name “{name[:60]}”.")
        if isinstance(value, str) and len(value.strip()) > len(name) + 20 and len(name) > 150:
            self.changed("name-cut", place, f"The name “{name[:60]}…” was cut to 200 characters.")
        return name or clean_name(fallback) or "Unnamed"

    def queries_with_secrets(self, auths: Iterable[AuthSpec]) -> None:
        """Warns of auths that put a credential into the address, which whatever stands in between logs."""
        for auth in auths:
            for placement in auth.placements:
                if placement.place == "query":
                    self.warning(
                        "secret-in-query",
                        auth.name,
                        f"The auth “{auth.name}” sends its credential in the query parameter “{placement.key}”: "
                        "addresses end up in logs. Prefer a header if the API takes one.",
                    )

    def notices(self) -> tuple[Notice, ...]:
        """All of them, and a last one that counts what did not fit."""
        kept = tuple(_counted(notice, self._times[key]) for key, notice in self._notices.items())
        if not self._more:
            return kept
        return (*kept, Notice("warning", "more", "", f"{self._more} further notices are not listed."))

    def _add(self, level: NoticeLevel, code: str, place: str, message: str) -> None:
        key = (level, code, message if code in _ONCE else f"{place} {message}")
        self._times[key] += 1
        if key in self._notices:
            return
        if len(self._notices) >= _LIMIT:
            self._more += 1
            return
        self._notices[key] = Notice(level, code, clean_name(place), clean_name(message))


def _counted(notice: Notice, times: int) -> Notice:
    if notice.code not in _ONCE or times < 2:
        return notice
    again = "once more" if times == 2 else f"{times - 1} more times"
    return replace(notice, message=f"{notice.message} The same {again}.")


# Codes whose sentence says it all: they are told once and counted, not repeated for every operation.
_ONCE = frozenset({
    "unresolved-reference",
    "circular-reference",
    "schema-simplified",
    "unknown-auth",
    "auth-not-supported",
    "header-from-body",
    "scripts-kept",
    "folder-script",
})
