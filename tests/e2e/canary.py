"""After an end-to-end test: every value that is sealed in the database is looked for in everything else.

What is a secret is not listed anywhere: it is what opens with the installation's own keys, so that a test has nothing
to do for this. `planted` is the check of the check: a text that must be found.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import redis
from psycopg import sql

from products.lib.sealing import KeyRing, Place, Sealer

LEAST = 8  # shorter values turn up by chance
_OF_CONNECTION = """
FROM {table} t JOIN products_connectionenvironment e ON e.id = t.connection_environment_id
JOIN products_connection c ON c.id = e.connection_id JOIN products_product p ON p.id = c.product_id
JOIN products_workspace w ON w.id = p.workspace_id
"""
_OF_RESOURCE = """
FROM {table} t JOIN products_resourceconfig c ON c.id = t.config_id JOIN products_resource r ON r.id = c.resource_id
JOIN products_product p ON p.id = r.product_id JOIN products_workspace w ON w.id = p.workspace_id
"""
_OF_WORKSPACE = "FROM {table} t JOIN products_workspace w ON w.id = t.workspace_id"
_ACCESS_KEY = re.compile(r"duk_[a-z0-9]{8}_[A-Za-z0-9_-]{43}")
SEALED: dict[str, str] = {
    "products_secret": _OF_WORKSPACE,
    "products_connectionvalue": _OF_CONNECTION,
    "products_resourcesecret": _OF_RESOURCE,
    "products_rememberedanswer": _OF_WORKSPACE,
    "processors_authtoken": _OF_CONNECTION,
}
# Of what is sealed here, not the whole is a secret.
PARTS: dict[str, Callable[[str], list[str]]] = {"products_rememberedanswer": _ACCESS_KEY.findall}
# Documents and contents: most of one is shown in many places, and what is to be masked in it no table says.
CONTENTS = frozenset({
    "products_documentimport.document", "processors_runinput.sealed", "processors_runsignal.sealed",
    "processors_filepiece.sealed",
    "products_workspace.data_key",  # wrapped, and no text
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Installation:
    """Where one running Ductape keeps things. `keys`: its master keys; `public` values are not looked for."""

    database_url: str
    valkey_url: str
    keys: Sequence[str]
    logs: Sequence[Path]
    public: frozenset[str] = frozenset()  # sealed like any other, and known to everybody


def nothing_leaks(place: Installation) -> None:
    """Fails, naming where and which row's secret, if any sealed value shows anywhere in clear."""
    known: dict[str, set[str]] = {}
    for name, forms in secrets_of(place):
        known.setdefault(name, set()).update(forms)
    found = [
        f"{name} in {where}"
        for where, text in everything(place)
        for name, forms in known.items()
        if any(form in text for form in forms)
    ]
    assert not found, found[:20]


def secrets_of(place: Installation) -> Iterator[tuple[str, set[str]]]:
    """Every secret, credential, token and access key by its row, as the spellings in which it may turn up."""
    for table, row, text in opened(place):
        for secret in PARTS.get(table, _whole)(text):
            if len(secret) >= LEAST and not secret.startswith("http") and secret not in place.public:
                yield f"{table} {row}", spellings(secret)


def _whole(text: str) -> list[str]:
    return [text]


def opened(place: Installation) -> Iterator[tuple[str, str, str]]:
    """Table, id and text of every row that is sealed."""
    ring = KeyRing(place.keys)
    with psycopg.connect(place.database_url) as connection:
        for table, join in SEALED.items():
            query = sql.SQL("SELECT t.id, t.sealed, w.id, w.data_key " + join + " WHERE t.sealed IS NOT NULL")
            for row, blob, workspace, wrapped in connection.execute(query.format(table=sql.Identifier(table))):
                sealer = Sealer(ring.unwrap(wrapped))
                text = sealer.open(blob, place=Place(str(workspace), table, str(row), "sealed"))
                yield table, str(row), text


def spellings(value: str) -> set[str]:
    """As it is, in JSON once and twice, in URLs, as base64 and hexadecimal, and the half of a longer one."""
    raw, inner = value.encode(), json.dumps(value)[1:-1]
    forms = {value, inner, json.dumps(inner)[1:-1], quote(value), quote(value, safe=""), raw.hex()}
    forms |= {coder(raw).decode().rstrip("=") for coder in (base64.b64encode, base64.urlsafe_b64encode)}
    if len(value) >= 2 * LEAST:
        forms.add(value[: len(value) // 2])
    return forms


def everything(place: Installation) -> Iterator[tuple[str, str]]:
    """All tables, all of Valkey, all logs, as text."""
    with psycopg.connect(place.database_url) as connection:
        names = connection.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY 1"
        ).fetchall()
        for (table,) in names:
            rows = connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)))
            text = "\n".join(row for (row,) in rows)
            yield f"table {table}", text + text.replace('""', '"').replace("\\\\", "\\")
    with redis.Redis.from_url(place.valkey_url) as client:
        yield from in_valkey(client)
    for path in place.logs:
        yield f"log {path.name}", path.read_text(errors="replace")


def in_valkey(client: redis.Redis) -> Iterator[tuple[str, str]]:
    """Every key with its value as text; a dump would be compressed, and a message of Celery is base64 inside JSON."""
    read: dict[bytes, Callable[[bytes], Any]] = {
        b"string": client.get,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1),
        b"hash": client.hgetall,
        b"stream": client.xrange,
    }
    for key in client.scan_iter(count=1000):
        text = _plain(read[bytes(client.type(key))](key))
        yield f"Valkey {key!r}", f"{key.decode('utf-8', 'replace')} {text}"


def _plain(value: Any) -> str:
    """Bytes as text, and what is base64 in them also decoded."""
    if isinstance(value, dict):
        return " ".join(_plain(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple | set):
        return " ".join(_plain(part) for part in value)
    return with_decoded(bytes(value).decode("utf-8", "replace")) if value is not None else ""


def with_decoded(text: str) -> str:
    """The text, and what the longer pieces of base64 in it say."""
    decoded = []
    for piece in re.findall(r"[A-Za-z0-9+/]{24,}={0,2}", text):
        with suppress(ValueError):
            decoded.append(base64.b64decode(piece + "=" * (-len(piece) % 4)).decode("utf-8", "replace"))
    return " ".join([text, *decoded])


def planted(place: Installation, text: str) -> list[str]:
    """Where a text shows: the search looks there."""
    return [where for where, seen in everything(place) if text in seen]
