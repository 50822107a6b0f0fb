"""Writes new runs: row, sealed input, definition and idempotency keys in one statement, however many runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID

from django.db import connection

from processors.models import NEVER, Run, RunState
from products.lib.jsontypes import Json, JsonObject
from products.models import Environment
from products.queries.prepared import fetch

DEFINITIONS_REMEMBERED = 10_000
_known: set[str] = set()
_lock = Lock()

_DEFINE = """
INSERT INTO processors_rundefinition (hash, workspace_id, content, created_at)
VALUES (%(hash)s, %(workspace)s, %(content)s::jsonb, now()) ON CONFLICT (hash) DO NOTHING
"""

# A key that is taken and not expired lets its run out of the answer; the caller then looks whose it is. No run is
# written without its definition: that it was there once does not mean that it is, after a backup was restored.
_INSERT = """
WITH given AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(inputs)s::text[], %(sealed)s::bytea[], %(keys)s::text[],
        %(body_hashes)s::text[], %(shares)s::text[]) AS g(id, input, sealed, key, body_hash, share)
    WHERE EXISTS (SELECT FROM processors_rundefinition WHERE hash = %(hash)s)
), key AS (
    INSERT INTO processors_idempotencyrecord AS k (workspace_id, scope, key, body_hash, run_id, expires_at)
    SELECT %(workspace)s::uuid, %(scope)s::text, g.key, g.body_hash, g.id,
        now() + %(life_s)s::float8 * interval '1 second'
    FROM given g WHERE g.key <> ''
    ON CONFLICT (workspace_id, scope, key) DO UPDATE SET
        body_hash = excluded.body_hash, run_id = excluded.run_id, expires_at = excluded.expires_at
    WHERE k.expires_at < now()
    RETURNING run_id
), run AS (
    INSERT INTO processors_run (id, created_at, workspace_id, product_id, environment_id, kind, target, definition_id,
        processor_tag, trigger, actor, started_by_id, request_id, idempotency_key, replay_of, state, reason, input,
        retries, timeout_s, fence, lost, rang_at, seq, release, wake_at, concurrency_key, concurrency_limit)
    SELECT g.id, now(), %(workspace)s::uuid, %(product)s::uuid, %(environment)s::uuid, %(kind)s::text,
        %(target)s::text, %(hash)s::text, %(processor)s::text, %(trigger)s::text, %(actor)s::text, %(user)s::uuid,
        %(request_id)s::text, g.key, %(replay_of)s::uuid, 'queued',
        CASE WHEN g.share <> '' THEN %(turn)s::text
            WHEN EXISTS (SELECT FROM processors_processor p WHERE p.workspace_id = %(workspace)s::uuid
            AND p.tag = %(processor)s::text AND p.paused_at IS NOT NULL) THEN %(paused)s::text ELSE '' END,
        g.input::jsonb, %(retries)s::int, %(timeout_s)s::float8, 0, 0, now(), 0, %(release)s::int,
        CASE WHEN g.share <> '' THEN %(never)s::timestamptz END, g.share, %(limit)s::int
    FROM given g WHERE g.key = '' OR g.id IN (SELECT run_id FROM key)
    RETURNING id, created_at, reason
), input AS (
    INSERT INTO processors_runinput (run_id, sealed) SELECT run.id, g.sealed FROM run JOIN given g ON g.id = run.id
)
SELECT id, created_at, reason FROM run
"""


@dataclass(frozen=True, slots=True)
class NewRun:
    """What differs between runs that are started together. `input` is masked."""

    id: UUID
    input: Json
    sealed: bytes
    key: str = ""
    body_hash: str = ""
    share: str = ""  # those with the same share a concurrency limit; it waits until somebody lets it go


@dataclass(frozen=True, slots=True)
class Shared:
    """What runs that are started together have in common; `columns` are the parameters of the statement."""

    hash: str
    content: JsonObject
    columns: dict[str, Any]


def insert(shared: Shared, runs: Sequence[NewRun], *, life_s: float, paused: str) -> dict[UUID, tuple[datetime, str]]:
    """When each run was made and why it may not run, by id; those whose key is taken are missing."""
    _define(shared)
    values = _values(shared, runs, life_s=life_s, paused=paused)
    rows = fetch(_INSERT, values)
    if not rows and _was_lost(shared.hash):
        _define(shared)
        rows = fetch(_INSERT, values)
    return {row[0]: (row[1], row[2]) for row in rows}


def _values(shared: Shared, runs: Sequence[NewRun], *, life_s: float, paused: str) -> dict[str, Any]:
    return {
        "release": None,
        "limit": None,
        "turn": "",
        **shared.columns,
        "never": NEVER,
        "shares": [run.share for run in runs],
        "hash": shared.hash,
        "life_s": life_s,
        "paused": paused,
        "ids": [run.id for run in runs],
        "inputs": [json.dumps(run.input, ensure_ascii=False) for run in runs],
        "sealed": [run.sealed for run in runs],
        "keys": [run.key for run in runs],
        "body_hashes": [run.body_hash for run in runs],
    }


def as_model(shared: Shared, new: NewRun, made: tuple[datetime, str], environment: Environment) -> Run:
    """The run that was just written, without reading it back."""
    columns = shared.columns
    run = Run(
        id=new.id, created_at=made[0], reason=made[1], workspace_id=columns["workspace"],
        product=environment.product, environment=environment, kind=columns["kind"],
        target=columns["target"], definition_id=shared.hash, processor_tag=columns["processor"],
        trigger=columns["trigger"], actor=columns["actor"], started_by_id=columns["user"],
        request_id=columns["request_id"], idempotency_key=new.key, replay_of=columns["replay_of"],
        state=RunState.QUEUED, input=new.input, retries=columns["retries"], timeout_s=columns["timeout_s"],
        release=columns.get("release"), concurrency_key=new.share, news=0, depth=0,
    )  # fmt: skip
    run._state.adding = False
    run._state.db = "default"
    return run


def _was_lost(definition: str) -> bool:
    """Whether a definition that was remembered as written is not there; it is forgotten then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM processors_rundefinition WHERE hash = %s", [definition])
        if cursor.fetchone() is not None:
            return False
    with _lock:
        _known.discard(definition)
    return True


def _define(shared: Shared) -> None:
    """A definition is written once; that it was is remembered, so that most runs do not write it again."""
    if shared.hash in _known:
        return
    content = json.dumps(shared.content, ensure_ascii=False)
    with connection.cursor() as cursor:
        cursor.execute(_DEFINE, {"hash": shared.hash, "workspace": shared.columns["workspace"], "content": content})
    if connection.in_atomic_block:
        return  # it may still be rolled back
    with _lock:
        if len(_known) >= DEFINITIONS_REMEMBERED:
            _known.clear()
        _known.add(shared.hash)
