"""Looks for secrets in everything that a run writes."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from django.db import connection

TABLES = ("run", "step", "attempt", "logline", "rundefinition", "idempotencyrecord", "worker")


def stored() -> str:
    """Everything in the tables that a run writes, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM processors_{table} t")
            found.append(cursor.fetchone()[0])
        cursor.execute("SELECT string_agg(last_failure, ' ') FROM products_connectionenvironment")
        found.append(cursor.fetchone()[0] or "")
    return " ".join(found)


def spellings(secret: str) -> set[str]:
    """How it may turn up."""
    raw = secret.encode()
    once = json.dumps(secret)[1:-1]
    return {
        secret, once, json.dumps(once)[1:-1], quote(secret, safe=""), base64.b64encode(raw).decode(), raw.hex(),
        secret[: max(8, len(secret) // 2)],
    }  # fmt: skip


def nothing_shows(*secrets: str) -> None:
    """Not in any spelling."""
    text = stored()
    shown = [form for secret in secrets for form in spellings(secret) if form in text or json.dumps(form)[1:-1] in text]
    assert not shown
