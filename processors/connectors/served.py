"""What each connector of resources serves, said without its drivers: importing those costs memory and seconds.

The connectors make their tables with `exactly`, so that none of them is ever loaded that serves something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Served:
    """Providers and operations of one connector, by the names that the catalogue has for them."""

    providers: tuple[str, ...]
    operations: tuple[str, ...]


_OF_DATABASES: Final = ("run", "explain", "check", "tables", "columns", "rows", "query", "migrations", "migrate")
SQL: Final = Served(("postgresql", "mysql", "sqlite"), _OF_DATABASES)
MONGODB: Final = Served(("mongodb",), _OF_DATABASES)
STORAGE: Final = Served(
    ("s3", "gcs", "azure", "local"), ("save", "read", "stat", "part", "list", "delete", "copy", "sign", "check")
)
CACHE: Final = Served(
    ("builtin", "redis"), ("get", "set", "delete", "increment", "check", "figures", "keys", "look", "purge")
)
SERVED: Final[dict[str, Served]] = {"database": SQL, "mongodb": MONGODB, "storage": STORAGE, "cache": CACHE}


def exactly(names: tuple[str, ...], made: Mapping[str, _T]) -> dict[str, _T]:
    """What was made for just these names. Raises RuntimeError for a name that is only on one side."""
    if different := {*names} ^ {*made}:
        raise RuntimeError(f"what is said to be served, and what is made, differ: {', '.join(sorted(different))}")
    return dict(made)
