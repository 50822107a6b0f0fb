"""Whose turn it is: runs that share a concurrency limit start as far as it allows, the oldest first.

Such a run is written as one that is not due (`models.NEVER`); whoever writes one, or ends one, lets the next go.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import connection, transaction

from processors.models import NEVER

MOST = 1_000

# Workers and the synchronous side make both, one after the other in one transaction. The lock is of the sharers: two
# that start or end at the same time must not both count themselves. A statement sees what was there when it began: the
# one that counts begins once it has the lock, and so sees whom others let go. One that is due and not begun has its
# place too. Parameters: environment, key, never, most.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%(environment)s::text || %(key)s::text, 7))"
LET_GO = """
WITH sharing AS (
    SELECT r.id, r.state = 'queued' AND coalesce(r.wake_at = %(never)s, false) AS waits, r.concurrency_limit
    FROM processors_run r
    WHERE r.environment_id = %(environment)s::uuid AND r.concurrency_key = %(key)s::text
        AND r.state IN ('queued', 'running', 'waiting')
), turn AS (
    SELECT id, row_number() OVER (ORDER BY id) + (SELECT count(*) FROM sharing WHERE NOT waits) AS place,
        concurrency_limit
    FROM sharing WHERE waits ORDER BY id LIMIT %(most)s
)
UPDATE processors_run r SET wake_at = NULL, reason = '', rang_at = NULL FROM turn
WHERE r.id = turn.id AND turn.place <= turn.concurrency_limit AND r.state = 'queued' AND r.wake_at = %(never)s
RETURNING r.id AS run_id
"""

# Those that share a limit with one that waits, and of whose end nobody may have heard.
_WAITING = """
SELECT DISTINCT environment_id, concurrency_key FROM processors_run
WHERE state = 'queued' AND wake_at = %(never)s AND concurrency_key <> '' LIMIT %(most)s
"""

OLDER = """
SELECT id FROM processors_run
WHERE environment_id = %(environment)s AND concurrency_key = %(key)s AND id < %(than)s
    AND state IN ('queued', 'running', 'waiting')
ORDER BY id LIMIT %(most)s
"""


def lock(environment: UUID, keys: Iterable[str]) -> None:
    """Keeps others that share these limits from starting until the transaction ends.

    Whoever also locks rows of runs takes this lock first.
    """
    with connection.cursor() as cursor:
        for key in sorted(set(keys)):
            cursor.execute(LOCK, {"environment": environment, "key": key})


def let_go(environment: UUID, key: str) -> list[UUID]:
    """The runs whose turn it is from now on; somebody has to ring for them."""
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        lock(environment, [key])
        cursor.execute(LET_GO, {"environment": environment, "key": key, "never": NEVER, "most": MOST})
        return [row[0] for row in cursor.fetchall()]


def let_all_go() -> int:
    """A round over all that wait for their turn; how many may go. The sweeper rings for them."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"never": NEVER, "most": MOST})
        sharers = cursor.fetchall()
    return sum(len(let_go(environment, key)) for environment, key in sharers)


def older(environment: UUID, key: str, than: UUID, *, most: int = MOST) -> list[UUID]:
    """Those of the same limit that were started before, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(OLDER, {"environment": environment, "key": key, "than": than, "most": most})
        return [row[0] for row in cursor.fetchall()]
