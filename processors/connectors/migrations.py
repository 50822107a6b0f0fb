"""Migrations as every database keeps and shows them: what is known, what was run here, and what that makes of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from processors.connectors.errors import InputRejected
from products.lib.jsontypes import JsonObject

StatementT = TypeVar("StatementT")


@dataclass(frozen=True, slots=True)
class Migration(Generic[StatementT]):
    """One that the product knows; `position` counts from 1."""

    tag: str
    position: int
    checksum: str
    up: tuple[StatementT, ...]
    down: tuple[StatementT, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """One that was begun here. `state` is applied, failed, or running: then it broke off after `done` statements."""

    tag: str
    position: int
    checksum: str
    state: str = "applied"
    direction: str = "up"
    done: int = 0
    error: str = ""
    applied_at: str = ""
    took_ms: int = 0

    @property
    def is_broken(self) -> bool:
        """Whether it is neither done nor undone."""
        return self.state != "applied"

    @property
    def is_untouched(self) -> bool:
        """Whether it failed and left nothing behind, so that it may simply be run again."""
        return self.state == "failed" and self.direction == "up" and not self.done


def refuse_unsound(known: tuple[Migration[StatementT], ...], before: Mapping[str, Stored]) -> None:
    """Nothing is run on top of one that failed half-way, or that is not what was run here any more.

    Raises InputRejected.
    """
    for each in known:
        row = before.get(each.tag)
        state = state_of(each, row)
        if state in {"failed", "drifted"} and not (row and row.is_untouched):
            why = "failed half-way" if state == "failed" else "was changed since it was run here"
            problem: JsonObject = {"pointer": f"/known/{each.position - 1}", "code": state, "detail": f"It {why}."}
            raise InputRejected(f"“{each.tag}” {why}: repair it first.", details={"errors": [problem]})


def listed(known: tuple[Migration[StatementT], ...], before: Mapping[str, Stored]) -> list[JsonObject]:
    """Each with its state: pending, applied, failed, drifted; and what was run here but is not known: missing."""
    found = [_shown(each.tag, state_of(each, before.get(each.tag)), before.get(each.tag)) for each in known]
    tags = {each.tag for each in known}
    return found + [_shown(tag, "missing", row) for tag, row in before.items() if tag not in tags]


def state_of(known: Migration[StatementT], row: Stored | None) -> str:
    """What a migration is in a database that has this row of it."""
    if row is None:
        return "pending"
    if row.is_broken:
        return "failed"
    return "applied" if row.checksum == known.checksum else "drifted"


def _shown(tag: str, state: str, row: Stored | None) -> JsonObject:
    if row is None:
        return {"tag": tag, "state": state, "applied_at": None}
    number, _, words = row.error.partition(": ") if row.error else ("", "", "")
    return {
        "tag": tag,
        "state": state,
        "applied_at": row.applied_at or None,
        "took_ms": row.took_ms,
        "direction": row.direction,
        "done": row.done,
        "statement": int(number) if number.isdigit() else row.done + 1 if row.is_broken else None,
        "message": words or None,
    }
