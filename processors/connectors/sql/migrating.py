"""Migrations of one database: which were run is kept in the database itself, in `ductape_migrations`.

Where changes of the schema are part of a transaction (PostgreSQL, SQLite) a migration is done as a whole or not at
all. Where they are not (MySQL) the statements that were done are counted, so that a person sees where one broke off and
can go on from there (`retry`), say that it is done (`skip`) or that it was never begun (`forget`).
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from processors.connectors import errors
from processors.connectors.migrations import Stored, listed, refuse_unsound
from processors.connectors.sql import migration_rows as table
from processors.connectors.sql.attempts import Attempt, Transaction, schema_of
from processors.connectors.sql.failures import connector_error
from processors.connectors.sql.migration_rows import SqlMigration, read_known
from processors.connectors.sql.sessions import Bounds, Failure, SqlFailed, plain_statement
from products.lib.errors import Invalid
from products.lib.jsontypes import Json, JsonObject
from products.lib.sql_statements import Statement

ALL: Final = "*"
REPAIRS: Final = ("retry", "skip", "forget")
_LOCK: Final = 727_166_201_401_882_113  # a number of our own among PostgreSQL's advisory locks
_OWN: Final = Bounds(5_000, 20_000_000, drains=True)
_DROPPED: Final = Bounds(0, 0, drains=True)
_LOCKS: Final = {
    "postgresql": f"SELECT CASE WHEN pg_try_advisory_xact_lock({_LOCK}) THEN 1 ELSE 0 END AS got",
    "mysql": "SELECT GET_LOCK(CONCAT('ductape_migrations:', LEFT(DATABASE(), 40)), 2) AS got",
    "sqlite": "SELECT 1 AS got",  # a transaction that writes has the file to itself
}


@dataclass(frozen=True, slots=True)
class _Step:
    """A migration to be run or rolled back, from its statement `start` on. `resumed`: as it stood when it broke off."""

    known: SqlMigration
    down: bool = False
    start: int = 0
    resumed: Stored | None = None

    @property
    def statements(self) -> tuple[str, ...]:
        return self.known.down if self.down else self.known.up

    def row(self, state: str, done: int, began: float, error: str = "") -> Stored:
        """What the database is to remember."""
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        took_ms = int((time.monotonic() - began) * 1_000)
        direction = "down" if self.down else "up"
        return Stored(
            self.known.tag, self.known.position, self.known.checksum, state, direction, done, error, now, took_ms
        )

    def is_due(self, row: Stored | None) -> bool:
        """Whether nobody else was quicker, with this row now. Raises InputRejected where somebody left it half-way."""
        if self.resumed:
            left = (self.resumed.direction, self.resumed.done)
            return row is not None and row.is_broken and (row.direction, row.done) == left
        if row is None or row.is_untouched:
            return not self.down
        if row.is_broken:
            raise errors.InputRejected(f"“{self.known.tag}” failed half-way: repair it first.")
        return self.down


async def migrations(attempt: Attempt) -> Json:
    """`migrations`: tag, state (pending, applied, drifted, failed, missing), when, how long, where it failed."""
    known = read_known(attempt.call.input.get("known"))
    return {"migrations": listed(known, await _stored(attempt))}


async def migrate(attempt: Attempt) -> Json:
    """The same list afterwards, and the tags that were run or rolled back in `done`. Raises at the first that fails."""
    given = attempt.call.input
    known = read_known(given.get("known"))
    target, direction, repair = (_word(given, name) for name in ("to", "direction", "repair"))
    if attempt.read_only:
        raise SqlFailed(Failure("read_only"))
    if direction not in {"", "up", "down"} or repair not in {"", *REPAIRS}:
        raise Invalid.field("direction", "Up or down, and to repair: retry, skip or forget.", code="not_allowed")
    async with attempt.transaction(read_only=False, limit_s=_left(attempt)) as session:
        await _lock(attempt, session)  # two that make the same table at once would be refused one
        await session.execute(plain_statement(table.TABLE), _OWN)
        rows = (await session.execute(plain_statement(table.FIND), _OWN)).rows or []
    before = {row["tag"]: table.stored(row) for row in rows}  # under the lock: what is running has broken off
    if repair:
        steps = await _repaired(attempt, known, before, target, repair)
    else:
        refuse_unsound(known, before)
        steps = _rolled_back(known, before, target) if direction == "down" else _pending(known, before, target)
    done = [step.known.tag for step in steps if await _run(attempt, step)]
    return {"migrations": listed(known, await _stored(attempt)), "done": list(done)}


def _pending(known: tuple[SqlMigration, ...], before: dict[str, Stored], target: str) -> list[_Step]:
    last = _index(known, target) if target else len(known) - 1
    return [_Step(each) for each in known[: last + 1] if each.tag not in before or before[each.tag].is_untouched]


def _rolled_back(known: tuple[SqlMigration, ...], before: dict[str, Stored], target: str) -> list[_Step]:
    """The last first. Without a target it is one; with `*` all; else those after the target."""
    unknown = set(before) - {each.tag for each in known}
    if unknown:
        raise errors.InputRejected(f"“{min(unknown)}” was run here and is not known any more: nothing is rolled back.")
    applied = [each for each in reversed(known) if each.tag in before and not before[each.tag].is_untouched]
    if target and target != ALL:
        applied = [each for each in applied if each.position > _index(known, target) + 1]
    elif not target:
        applied = applied[:1]
    without = next((each for each in applied if not each.down), None)
    if without:
        raise errors.InputRejected(f"“{without.tag}” has no statements to roll it back.", details={"field": "known"})
    return [_Step(each, down=True) for each in applied]


async def _repaired(
    attempt: Attempt, known: tuple[SqlMigration, ...], before: dict[str, Stored], target: str, repair: str
) -> list[_Step]:
    """What is still to be run of one that failed half-way, or was changed since."""
    row = before.get(target) if target else next((each for each in before.values() if each.is_broken), None)
    mine = next((each for each in known if row and each.tag == row.tag), None)
    if row is None or (mine is None and repair != "forget"):
        raise errors.InputRejected("There is no migration to repair.", details={"field": "repair"})
    if repair == "retry" and mine:
        if not row.is_broken:
            raise errors.InputRejected(f"“{row.tag}” did not fail.", details={"field": "repair"})
        return [_Step(mine, down=row.direction == "down", start=row.done, resumed=row)]
    async with attempt.transaction(read_only=False, limit_s=_left(attempt)) as session:
        await _lock(attempt, session)
        if repair == "forget" or mine is None:
            await session.execute(plain_statement(table.DELETE, row.tag), _OWN)
        else:
            await _keep(attempt, session, _Step(mine).row("applied", len(mine.up), time.monotonic()))
    return []


async def _run(attempt: Attempt, step: _Step) -> bool:
    """Whether it was run by this call. What fails is written down, in a transaction of its own."""
    began = time.monotonic()
    attempt.statement = step.start
    try:
        async with attempt.transaction(read_only=False, limit_s=_left(attempt)) as session:
            return await _run_all(attempt, session, step, began)
    except SqlFailed as error:
        if error.failure.kind == "locked":
            raise
        failed = _failed(attempt, step, error.failure)
        if not failed.outcome_unknown and attempt.statement > step.start:
            with suppress(SqlFailed):  # the failure itself is what is told
                await _note_failure(attempt, step, began, error.failure)
        raise failed from None


async def _run_all(attempt: Attempt, session: Transaction, step: _Step, began: float) -> bool:
    await _lock(attempt, session)
    rows = (await session.execute(plain_statement(table.FIND), _OWN)).rows or []
    if not step.is_due(next((table.stored(row) for row in rows if row["tag"] == step.known.tag), None)):
        return False
    for number, text in enumerate(step.statements[step.start :], step.start + 1):
        await attempt.execute(session, Statement.written(text, plain=False), _DROPPED)
        if attempt.dialect.lasting_ddl:  # it is done for good, so that is remembered at once
            await _keep(attempt, session, step.row("running", number, began))
            attempt.committing = True  # the statement and the note of it, or neither
            await session.commit()
            attempt.committing = False
            session.begin(limit_s=_left(attempt))
    if step.down:
        await session.execute(plain_statement(table.DELETE, step.known.tag), _OWN)
    else:
        await _keep(attempt, session, step.row("applied", len(step.statements), began))
    return True


async def _note_failure(attempt: Attempt, step: _Step, began: float, failure: Failure) -> None:
    number = attempt.statement
    done = number - 1 if attempt.dialect.lasting_ddl else 0
    words = attempt.call.redactor.text(failure.message)[:300]
    async with attempt.transaction(read_only=False, limit_s=5.0) as session:
        row = step.row("failed", done, began, f"{number}: {words}")
        if step.down and not attempt.dialect.lasting_ddl:
            row = replace(row, state="applied", direction="up", done=len(step.known.up))  # it was not rolled back
        await _keep(attempt, session, row)


def _failed(attempt: Attempt, step: _Step, failure: Failure) -> errors.ConnectorError:
    error = connector_error(
        failure,
        attempt.call.redactor,
        limit_s=attempt.limit_s,
        statement=attempt.statement,
        outcome_unknown=attempt.committing,
    )
    place = f" at statement {attempt.statement}" if attempt.statement > step.start else ""
    error.message = f"“{step.known.tag}” failed{place}. {error.message}"
    return error


async def _lock(attempt: Attempt, session: Transaction) -> None:
    given = await session.execute(plain_statement(_LOCKS[attempt.dialect.name]), _OWN)
    attempt.leftover = True  # a lock of MySQL's belongs to the connection: it ends with it, after the commit
    if not given.rows or given.rows[0]["got"] != 1:
        raise SqlFailed(Failure("locked"))


async def _keep(attempt: Attempt, session: Transaction, row: Stored) -> None:
    await session.execute(plain_statement(table.UPSERT[attempt.dialect.name], *table.values_of(row)), _OWN)


async def _stored(attempt: Attempt) -> dict[str, Stored]:
    schema = schema_of(attempt)
    if not await attempt.inspect(lambda inspector: inspector.has_table(table.NAME, schema)):
        return {}
    async with attempt.transaction(read_only=True) as session:
        rows = (await session.execute(plain_statement(table.FIND), _OWN)).rows or []
    return {row["tag"]: table.stored(row) for row in rows}


def _index(known: tuple[SqlMigration, ...], tag: str) -> int:
    found = next((number for number, each in enumerate(known) if each.tag == tag), None)
    if found is None:
        raise Invalid.field("to", "There is no migration of this name.")
    return found


def _word(given: JsonObject, name: str) -> str:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid.field(name, "This must be text.", code="type")
    return (value or "").strip()


def _left(attempt: Attempt) -> float:
    return max(1.0, attempt.until - time.monotonic())
