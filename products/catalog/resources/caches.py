"""Caches: named, with an expiry, in Valkey or Redis."""

from __future__ import annotations

from typing import Any, Final

from products.catalog.resources.shapes import Operation, Provider, ResourceKind, Setting
from products.lib.actions import Parameter
from products.lib.jsontypes import JsonObject

# The name of a field type would say that only objects can be kept.
_ANYTHING: Final[JsonObject] = {"type": ["object", "array", "string", "number", "boolean", "null"]}


def _field(name: str, type: str, description: str, **more: Any) -> Parameter:
    return Parameter(name, "query", type, description=description, **more)


_KEY: Final = _field("key", "string", "What it is kept under.", required=True, minimum=1, maximum=512)
_FOR: Final = _field("for", "string", "How long, as 10s, 5m, 2h, 3d; without it as the cache says.")

CACHE: Final = ResourceKind(
    "cache",
    "Cache",
    "caches",
    "bolt",
    "cache",
    "Results that are kept for a while, and values of your own.",
    (
        "Any event or run can name a cache: equal inputs then give the kept result. A hundred equal calls at once "
        "make one. With “stale for”, whoever comes after the expiry gets the old result at once, while one call "
        "fetches the new.",
        "Values can also be set, got, deleted and counted up directly.",
    ),
    (
        Provider("builtin", "Built in", "bolt", "The Valkey of this installation.", ()),
        Provider(
            "redis", "Redis or Valkey", "brand-redis", "A server of your own.",
            (
                Setting("host", "Host", required=True, maximum=253),
                Setting("port", "Port", "integer", default=6379, minimum=1, maximum=65_535),
                Setting("database", "Database", "integer", default=0, minimum=0, maximum=1_000),
                Setting("user", "User", maximum=128),
                Setting("password", "Password", secret=True, maximum=500),
                Setting("tls", "TLS", "choice", default="verify", choices=("verify", "require", "off")),
                Setting("tls_ca", "Certificate authority", "text", maximum=64_000),
            ),
        ),
    ),
    (
        Operation("get", "Get", "The value of a key.", "reads", (_KEY,), "`value`, whether it was `found`, `age_s`."),
        Operation("set", "Set", "Keeps a value: encrypted, unless it is a whole number.", "changes",
                  (_KEY, _field("value", "object", "Anything.", required=True, schema=_ANYTHING), _FOR), "`key`."),
        Operation("delete", "Delete", "Forgets a key.", "changes", (_KEY,), "`key`, and whether it `existed`."),
        Operation("increment", "Increment", "Counts up, at once for everybody.", "changes",
                  (_KEY, _field("by", "number", "By how much.", default=1), _FOR), "`value`, as it is now."),
        Operation("check", "Test the connection", "Asks the server for its version.", "reads", inner=True),
        Operation("figures", "Figures", "Hits, misses, bytes and keys.", "reads", inner=True),
        Operation(
            "keys", "Keys", "A page of keys.", "reads",
            (
                _field("after", "string", "Where to go on."),
                _field("limit", "number", "Keys at most.", default=100, minimum=1, maximum=1_000),
                _field("contains", "string", "A part of the key."),
            ),
            inner=True,
        ),
        Operation("look", "Look", "One value, with size, age and expiry.", "reads", (_KEY,), inner=True),
        Operation("purge", "Purge", "Forgets one key, or all.", "changes",
                  (_field("key", "string", "Without it, all."),), inner=True),
    ),
    settings=(
        Setting("max_value_bytes", "Size limit", "integer", "Bytes that one value may have.", default=1_000_000,
                minimum=1, maximum=50_000_000),
        Setting("max_bytes", "Room", "integer", "Bytes of all values together; the least recently used go first.",
                default=100_000_000, minimum=1_000, maximum=10_000_000_000),
    ),
    shared=(
        Setting("for", "Kept for", help="As 10s, 5m, 2h, 3d.", required=True, default="5m", maximum=20),
        Setting("stale_for", "Stale for", help="How long after that an old result may still be given while a new one "
                "is fetched.", default="0s", maximum=20),
    ),
)  # fmt: skip
