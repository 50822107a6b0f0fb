"""Notes which secrets and credentials runs use: when last, and in the audit log once a day for each connection."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from processors.runtime.database import Pool, fetch
from processors.runtime.loader import Definition, SealedValue
from products.models.base import new_id

REMEMBERED = 20_000  # uses of today that are in the log already, as far as this worker knows

_LAST_USE = """
UPDATE products_secret SET last_used_at = now()
WHERE id = ANY(%(secrets)s::uuid[]) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
"""

# The unique constraint of the log decides between workers: the first use of the day stands in it.
_IN_LOG = """
INSERT INTO products_auditentry
    (id, at, workspace_id, actor, verb, object_type, object_id, object_name, changes, request_id)
SELECT u.id, now(), p.workspace_id, 'system',
    CASE WHEN s.id IS NULL THEN 'credentials.used' ELSE 'secret.used' END,
    CASE WHEN s.id IS NULL THEN 'connection' ELSE 'secret' END,
    coalesce(s.id, c.id), coalesce(s.key, c.tag),
    jsonb_build_object('place', ce.id::text, 'day', %(day)s::text, 'product', p.tag, 'connection', c.tag,
        'environment', e.slug, 'run', u.run::text), ''
FROM unnest(%(ids)s::uuid[], %(things)s::uuid[], %(places)s::uuid[], %(runs)s::uuid[]) AS u(id, secret, place, run)
JOIN products_connectionenvironment ce ON ce.id = u.place
JOIN products_environment e ON e.id = ce.environment_id
JOIN products_connection c ON c.id = ce.connection_id
JOIN products_product p ON p.id = c.product_id
LEFT JOIN products_secret s ON s.id = u.secret
WHERE u.secret IS NULL OR s.id IS NOT NULL
ON CONFLICT DO NOTHING
"""


class Uses:
    """Collects in memory; somebody calls `store` every few seconds."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._secrets: set[UUID] = set()
        self._new: dict[tuple[UUID | None, UUID], UUID] = {}  # (secret or None for credentials, place) to its run
        self._told: set[tuple[str, UUID | None, UUID]] = set()

    def note(self, run: UUID, definition: Definition, values: Iterable[SealedValue]) -> None:
        """These values went into a run."""
        place = definition.connection_environment
        for value in values:
            secret = value.id if value.kind == "secret" else None
            if secret is not None:
                self._secrets.add(secret)
            self._new.setdefault((secret, place), run)

    def note_secrets(self, values: Iterable[SealedValue]) -> None:
        """Expressions of a feature may read these secrets."""
        self._secrets.update(value.id for value in values if value.kind == "secret")

    async def store(self) -> None:
        """Writes what was noted. Raises psycopg.Error."""
        secrets, self._secrets = self._secrets, set()
        new, self._new = self._new, {}
        if secrets:
            await fetch(self._pool, _LAST_USE, {"secrets": sorted(secrets)})
        day = datetime.now(UTC).date().isoformat()
        untold = {key: run for key, run in new.items() if (day, *key) not in self._told}
        if not untold:
            return
        values = {
            "day": day,
            "ids": [new_id() for _ in untold],
            "things": [secret for secret, _ in untold],
            "places": [place for _, place in untold],
            "runs": list(untold.values()),
        }
        await fetch(self._pool, _IN_LOG, values)
        if len(self._told) + len(untold) > REMEMBERED:
            self._told.clear()
        self._told.update((day, *key) for key in untold)
