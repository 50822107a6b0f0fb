"""Runs a database action: its statements in one transaction, with the same output on every database."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from processors.connectors.sql.attempts import Attempt, Transaction
from processors.connectors.sql.pooling import statement_s
from processors.connectors.sql.sessions import Bounds, Failure, Given, SqlFailed, plain_statement
from products.lib.database_actions import DatabaseAction, read_action
from products.lib.identity_cache import IdentityCache
from products.lib.jsontypes import Json, JsonObject
from products.lib.sql_statements import Statement, statements

KEPT_DAYS: Final = 7
_ACTIONS: Final[IdentityCache[DatabaseAction]] = IdentityCache(read_action, size=500)
_OWN: Final = Bounds(10, 10_000_000, drains=True)
_EFFECTS: Final = (
    "CREATE TABLE IF NOT EXISTS ductape_effects "
    "(effect_key VARCHAR(191) NOT NULL PRIMARY KEY, made_at VARCHAR(32) NOT NULL, result TEXT)"
)
_INSERT: Final = {
    "postgresql": "INSERT INTO ductape_effects (effect_key, made_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
    "sqlite": "INSERT INTO ductape_effects (effect_key, made_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
    "mysql": "INSERT IGNORE INTO ductape_effects (effect_key, made_at) VALUES (?, ?)",
}
_prepared: set[tuple[Any, str]] = set()  # places whose table is known to be there


async def run(attempt: Attempt) -> Json:
    """`rows`, `count` of them, `changed` rows, `truncated`; `statements` where there are several; or only `count`."""
    call = attempt.call
    action = _ACTIONS.get(call.definition)
    attempt.method = action.type.upper()
    made = statements(action, attempt.dialect.name, call.input)
    reads = action.reads or attempt.read_only
    limit_s = min(action.timeout_s or 3_600.0, statement_s(call.place))
    once = bool(attempt.key) and not reads and call.place.settings.get("exactly_once") is True
    if once:
        await _have_effects(attempt)
    async with attempt.transaction(read_only=reads, limit_s=limit_s) as session:
        if once:
            before = await _claim(attempt, session)
            if before is not None:
                attempt.notices.append("An earlier attempt had done this already; this is what it gave.")
                return before
        output = _output(action, await _all(attempt, session, made, action, drains=not reads))
        if once:
            text = json.dumps(output, ensure_ascii=False)
            keep = plain_statement("UPDATE ductape_effects SET result = ? WHERE effect_key = ?", text, attempt.key)
            await session.execute(keep, _OWN)
    if output.get("truncated"):
        attempt.notices.append("There are more rows than the output has: a limit of the action or the run is reached.")
    return output


async def _all(
    attempt: Attempt, session: Transaction, made: tuple[Statement, ...], action: DatabaseAction, *, drains: bool
) -> list[Given]:
    bounds = Bounds(action.max_rows, attempt.max_bytes, drains=drains or len(made) > 1)
    last = made[-1] if not drains else None  # it may be sent with the end of the transaction
    return [await attempt.execute(session, each, bounds, ends=each is last) for each in made]


def _output(action: DatabaseAction, given: list[Given]) -> JsonObject:
    with_rows = [each for each in given if each.rows is not None]
    rows = (with_rows[-1].rows if with_rows else None) or []
    if action.type == "count":
        return {"count": _counted(rows)}
    output: JsonObject = {
        "rows": rows,
        "count": len(rows),
        "changed": sum(each.changed for each in given),
        "truncated": bool(with_rows and with_rows[-1].truncated),
    }
    if len(given) > 1:
        output["statements"] = [
            {"changed": each.changed, "count": None if each.rows is None else len(each.rows)} for each in given
        ]
    return output


def _counted(rows: list[JsonObject]) -> int:
    values = list(rows[0].values()) if len(rows) == 1 else []
    if len(values) != 1 or isinstance(values[0], bool) or not isinstance(values[0], int):
        raise SqlFailed(Failure("no_count"))
    return values[0]


async def _have_effects(attempt: Attempt) -> None:
    """The table, made once; what is old in it goes."""
    mark = (attempt.call.place.id, attempt.call.place.fingerprint)
    if mark in _prepared:
        return
    old = (datetime.now(UTC) - timedelta(days=KEPT_DAYS)).isoformat(timespec="seconds")
    async with attempt.transaction(read_only=False) as session:
        await session.execute(plain_statement(_EFFECTS), _OWN)
    async with attempt.transaction(read_only=False) as session:
        await session.execute(plain_statement("DELETE FROM ductape_effects WHERE made_at < ?", old), _OWN)
    if len(_prepared) > 10_000:
        _prepared.clear()
    _prepared.add(mark)


async def _claim(attempt: Attempt, session: Transaction) -> JsonObject | None:
    """What an earlier attempt gave; None when this is the first, which holds the key until its transaction ends."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    claimed = await session.execute(plain_statement(_INSERT[attempt.dialect.name], attempt.key, now), _OWN)
    if claimed.changed:
        return None
    find = plain_statement("SELECT result FROM ductape_effects WHERE effect_key = ?", attempt.key)
    rows = (await session.execute(find, _OWN)).rows or []
    found = json.loads(rows[0]["result"]) if rows and rows[0]["result"] else None
    if not isinstance(found, dict):
        raise SqlFailed(Failure("busy"))
    return found
