"""The migrations that a product knows, and the rows that a database keeps of those that were run in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from processors.connectors.migrations import Migration, Stored
from products.lib.errors import FieldProblem, Invalid
from products.lib.jsontypes import Json, JsonObject

SqlMigration: TypeAlias = Migration[str]
MAX_KNOWN: Final = 2_000
NAME: Final = "ductape_migrations"
TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS ductape_migrations (tag VARCHAR(191) NOT NULL PRIMARY KEY, position INTEGER NOT NULL, "
    "checksum VARCHAR(128) NOT NULL, state VARCHAR(16) NOT NULL, direction VARCHAR(4) NOT NULL, done INTEGER NOT NULL, "
    "error TEXT, applied_at VARCHAR(32), took_ms INTEGER)"
)
_COLUMNS: Final = "tag, position, checksum, state, direction, done, error, applied_at, took_ms"
_MARKS: Final = ", ".join("?" * 9)
_ON_CONFLICT: Final = (
    f"INSERT INTO ductape_migrations ({_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT (tag) DO UPDATE SET "  # noqa: S608
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ")[1:])
)
UPSERT: Final = {
    "postgresql": _ON_CONFLICT,
    "sqlite": _ON_CONFLICT,
    "mysql": f"REPLACE INTO ductape_migrations ({_COLUMNS}) VALUES ({_MARKS})",  # noqa: S608
}
DELETE: Final = "DELETE FROM ductape_migrations WHERE tag = ?"
FIND: Final = f"SELECT {_COLUMNS} FROM ductape_migrations ORDER BY position, tag"  # noqa: S608 - names of our own


def values_of(row: Stored) -> tuple[Any, ...]:
    """In the order of the table's columns."""
    return (
        row.tag, row.position, row.checksum, row.state, row.direction, row.done, row.error or None,
        row.applied_at or None, row.took_ms,
    )  # fmt: skip


@dataclass(slots=True)
class _Reading:
    problems: list[FieldProblem] = field(default_factory=list)

    def wrong(self, pointer: str, detail: str) -> None:
        self.problems.append(FieldProblem(f"/known{pointer}", "invalid", detail))


def read_known(given: Json) -> tuple[SqlMigration, ...]:
    """The product's migrations, in order. Raises Invalid with pointers under /known."""
    if not isinstance(given, list) or len(given) > MAX_KNOWN:
        raise Invalid.field("known", f"This must be a list of at most {MAX_KNOWN:,} migrations.", code="type")
    reading = _Reading()
    found = [_read(each, number, reading) for number, each in enumerate(given)]
    tags = [each.tag for each in found]
    for number, tag in enumerate(tags):
        if tag in tags[:number]:
            reading.wrong(f"/{number}/tag", "There are two migrations of this name.")
    if reading.problems:
        raise Invalid(errors=tuple(reading.problems))
    return tuple(found)


def stored(row: JsonObject) -> Stored:
    """From a row of the table."""
    return Stored(
        str(row["tag"]), int(row["position"]), str(row["checksum"]), str(row["state"]), str(row["direction"]),
        int(row["done"]), str(row["error"] or ""), str(row["applied_at"] or ""), int(row["took_ms"] or 0),
    )  # fmt: skip


def _read(each: Json, number: int, reading: _Reading) -> SqlMigration:
    if not isinstance(each, dict):
        reading.wrong(f"/{number}", "This must be an object.")
        return Migration("", number + 1, "", (), ())
    for key in ("tag", "checksum"):
        if not isinstance(each.get(key), str) or not 0 < len(each[key]) <= 128:
            reading.wrong(f"/{number}/{key}", "This must be text of 1 to 128 characters.")
    return Migration(
        str(each.get("tag")),
        number + 1,
        str(each.get("checksum")),
        _texts(each, "up", number, reading),
        _texts(each, "down", number, reading),
    )


def _texts(each: JsonObject, key: str, number: int, reading: _Reading) -> tuple[str, ...]:
    given = each.get(key) or []
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(
        isinstance(text, str) and text.strip() and "\x00" not in text for text in texts
    ):
        reading.wrong(f"/{number}/{key}", "This must be a list of SQL statements.")
        return ()
    return tuple(texts)
