"""Forgets sessions that have ended: nobody deletes the row of a browser that never comes back."""

from __future__ import annotations

from django.db import connection

LOT = 1_000

# A session and what is known of it go together. The lot is chosen first and once: a subquery may be run for every row.
_EXPIRED = """
WITH old AS MATERIALIZED (
    SELECT session_key FROM django_session WHERE expire_date < now() ORDER BY expire_date LIMIT %(lot)s
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM django_session WHERE session_key IN (SELECT session_key FROM old) RETURNING session_key
)
DELETE FROM usersessions_usersession WHERE session_key IN (SELECT session_key FROM gone)
"""

# Whoever signs out leaves theirs behind; one that only begins has a day to get its session.
_LEFT_BEHIND = """
WITH old AS MATERIALIZED (
    SELECT u.id FROM usersessions_usersession u
    WHERE u.created_at < now() - interval '1 day'
        AND NOT EXISTS (SELECT FROM django_session s WHERE s.session_key = u.session_key)
    LIMIT %(lot)s FOR UPDATE OF u SKIP LOCKED
)
DELETE FROM usersessions_usersession WHERE id IN (SELECT id FROM old)
"""


def forget_ended() -> None:
    """Deletes a bounded lot of each. For the sweeper."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRED, {"lot": LOT})
        cursor.execute(_LEFT_BEHIND, {"lot": LOT})
