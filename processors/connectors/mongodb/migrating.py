"""Migrations of one database, as in SQL databases: which were run is kept in the database, in `ductape_migrations`.

MongoDB commits every statement by itself, so a migration that fails has done what came before. How far it came is
remembered; nothing more is run until a person says what is to become of it: go on with the statement that failed
(`retry`), take it as done (`skip`) or as never begun (`forget`). The last two also settle one that was changed since.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from pymongo.errors import OperationFailure, PyMongoError

from processors.connectors.errors import ConnectorError, InputRejected
from processors.connectors.migrations import Stored, listed, refuse_unsound
from processors.connectors.mongodb.asking import Asked
from processors.connectors.mongodb.clients import MongoClient
from processors.connectors.mongodb.failures import told
from processors.connectors.mongodb.ledger import Ledger, Lock, MongoMigration, read_known
from processors.connectors.mongodb.running import Bounds, run
from processors.connectors.mongodb.values import to_bson
from products.lib.errors import Invalid
from products.lib.jsontypes import Json, JsonObject
from products.lib.mongodb_migrations import SchemaChange, read_statement
from products.lib.mongodb_operations import MongoOperation

ALL: Final = "*"
REPAIRS: Final = ("retry", "skip", "forget")
_THERE_ALREADY: Final = 48  # NamespaceExists
_NOT_THERE: Final = 27  # IndexNotFound


@dataclass(frozen=True, slots=True)
class _Step:
    """A migration to be run or rolled back, from its statement `start` on."""

    known: MongoMigration
    down: bool = False
    start: int = 0
    resumed: bool = False

    def statements(self) -> list[MongoOperation | SchemaChange]:
        """Read before the first of them is run. Raises Invalid."""
        made = []
        for number, each in enumerate(self.known.down if self.down else self.known.up, 1):
            try:
                made.append(read_statement(each))
            except Invalid as error:
                raise Invalid(f"“{self.known.tag}”, statement {number}: {error.message}", errors=error.errors) from None
        return made

    def row(self, state: str, done: int, began: float, error: str = "") -> Stored:
        """What the database is to remember."""
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        took_ms = int((time.monotonic() - began) * 1_000)
        known, direction = self.known, "down" if self.down else "up"
        return Stored(known.tag, known.position, known.checksum, state, direction, done, error, now, took_ms)


async def migrations(asked: Asked, client: MongoClient) -> JsonObject:
    """`migrations`: tag, state (pending, applied, drifted, failed, missing), when, how long, where it failed."""
    known = read_known(asked.call.input.get("known"))
    return {"migrations": listed(known, await Ledger(client.db).all())}


async def migrate(asked: Asked, client: MongoClient) -> JsonObject:
    """The same list afterwards, and the tags that were run or rolled back in `done`. Raises at the first that fails."""
    given = asked.call.input
    known, ledger = read_known(given.get("known")), Ledger(client.db)
    target, direction, repair = (_word(given, name) for name in ("to", "direction", "repair"))
    if direction not in {"", "up", "down"} or repair not in {"", *REPAIRS}:
        field = "direction" if direction not in {"", "up", "down"} else "repair"
        raise Invalid.field(field, "Up or down, and to repair: retry, skip or forget.", code="not_allowed")
    async with ledger.locked() as lock:
        before = await ledger.all()
        if repair:
            steps = await _repaired(ledger, known, before, target, repair)
        else:
            refuse_unsound(known, before)
            steps = _rolled_back(known, before, target) if direction == "down" else _pending(known, before, target)
        migrating = Migrating(asked, client, ledger, lock)
        for step in steps:
            await migrating.run(step)
        return {"migrations": listed(known, await ledger.all()), "done": [step.known.tag for step in steps]}


class Migrating:
    """Runs steps, under the lock."""

    def __init__(self, asked: Asked, client: MongoClient, ledger: Ledger, lock: Lock) -> None:
        self._asked, self._client, self._ledger, self._lock = asked, client, ledger, lock

    async def run(self, step: _Step) -> None:
        """All statements that are left. Raises ConnectorError, once it is remembered how far it came."""
        began, statements = time.monotonic(), step.statements()
        number = step.start
        try:
            for number, statement in enumerate(statements[step.start :], step.start + 1):
                self._lock.check()
                # Should this process die: whoever goes on finds the statement that may have been done already.
                with self._told(changes=False):
                    await self._ledger.keep(step.row("running", number - 1, began))
                with self._told(changes=True):
                    await self._execute(statement, again=step.resumed and number == step.start + 1)
        except ConnectorError as error:
            await self._note_failure(step, number, began, error)
            error.details["statement"] = number
            error.message = f"“{step.known.tag}” failed at statement {number}. {error.message}"
            error.args = (error.message,)
            raise
        if step.down:
            await self._ledger.forget(step.known.tag)
        else:
            await self._ledger.keep(step.row("applied", len(statements), began))

    def _told(self, *, changes: bool) -> AbstractContextManager[None]:
        return told(self._client, self._asked.call.redactor, changes=changes)

    async def _note_failure(self, step: _Step, number: int, began: float, error: ConnectorError) -> None:
        """What may have been done stays `running`: one that failed with nothing done would simply be run again."""
        said = str(error.details.get("remote_message") or error.message)[:300]
        state = "running" if error.outcome_unknown else "failed"
        with suppress(PyMongoError):  # the failure itself is what is told; that it was begun stands there
            await self._ledger.keep(step.row(state, max(0, number - 1), began, f"{number}: {said}"))

    async def _execute(self, statement: MongoOperation | SchemaChange, *, again: bool) -> None:
        """`again`: it may have been done before that could be remembered."""
        if isinstance(statement, MongoOperation):
            await run(self._client.db, statement, Bounds(1, 1_000_000, self._asked.limit_s))
            return
        try:
            await _change(self._client.db, statement)
        except OperationFailure as error:
            if not again or error.code not in {_THERE_ALREADY, _NOT_THERE}:
                raise


async def _change(db: Any, change: SchemaChange) -> None:
    collection = db.get_collection(change.collection)
    if change.kind == "createCollection":
        await db.command({"create": change.collection, **to_bson(change.options)})
    elif change.kind == "dropCollection":
        await db.drop_collection(change.collection)
    elif change.kind == "renameCollection":
        await collection.rename(change.to)
    elif change.kind == "createIndex":
        await collection.create_index(list(change.keys), **to_bson(change.options))
    else:
        await collection.drop_index(change.name)


def _pending(known: tuple[MongoMigration, ...], before: dict[str, Stored], target: str) -> list[_Step]:
    last = _index(known, target) if target else len(known) - 1
    return [_Step(each) for each in known[: last + 1] if each.tag not in before or before[each.tag].is_untouched]


def _rolled_back(known: tuple[MongoMigration, ...], before: dict[str, Stored], target: str) -> list[_Step]:
    """The last first. Without a target it is one; with `*` all; else those after the target."""
    unknown = set(before) - {each.tag for each in known}
    if unknown:
        raise InputRejected(f"“{min(unknown)}” was run here and is not known any more: nothing is rolled back.")
    applied = [each for each in reversed(known) if each.tag in before and not before[each.tag].is_untouched]
    if target and target != ALL:
        applied = [each for each in applied if each.position > _index(known, target) + 1]
    elif not target:
        applied = applied[:1]
    without = next((each for each in applied if not each.down), None)
    if without:
        raise InputRejected(f"“{without.tag}” has no statements to roll it back.", details={"field": "known"})
    return [_Step(each, down=True) for each in applied]


async def _repaired(
    ledger: Ledger, known: tuple[MongoMigration, ...], before: dict[str, Stored], target: str, repair: str
) -> list[_Step]:
    """What is still to be run of one that failed half-way, or was changed since."""
    row = before.get(target) if target else next((each for each in before.values() if each.is_broken), None)
    mine = next((each for each in known if row and each.tag == row.tag), None)
    if row is None or (mine is None and repair != "forget"):
        raise InputRejected("There is no migration to repair.", details={"field": "repair"})
    if repair == "retry" and mine:
        if not row.is_broken:
            raise InputRejected(f"“{row.tag}” did not fail.", details={"field": "repair"})
        return [_Step(mine, down=row.direction == "down", start=row.done, resumed=True)]
    if repair == "forget" or mine is None:
        await ledger.forget(row.tag)
    else:
        done = _Step(mine).row("applied", len(mine.up), time.monotonic())
        await ledger.keep(replace(done, applied_at=row.applied_at or done.applied_at))
    return []


def _index(known: tuple[MongoMigration, ...], tag: str) -> int:
    found = next((number for number, each in enumerate(known) if each.tag == tag), None)
    if found is None:
        raise Invalid.field("to", "There is no migration of this name.")
    return found


def _word(given: JsonObject, name: str) -> str:
    value: Json = given.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid.field(name, "This must be text.", code="type")
    return (value or "").strip()
