"""Sessions in the database, asked only for keys that could be one: a cookie may hold anything, also zero bytes."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore


class SessionStore(DatabaseStore):
    """Django's own, which would let PostgreSQL refuse what no key can be."""

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key) and len(str(key)) <= 40 and str(key).isascii() and str(key).isalnum()
