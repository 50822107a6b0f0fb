"""What the pool of connections does when it has given up connecting."""

from __future__ import annotations

from typing import Any

from psycopg_pool import ConnectionPool


def begin_anew(pool: ConnectionPool[Any]) -> None:
    """Makes one more try: whoever waits in the pool would hear of nothing any more.

    The pool begins to connect only for who asks while it is not connecting, or when its least size is raised.
    """
    found, least = pool.get_stats(), pool.min_size
    if found["pool_size"] < pool.max_size and (found["pool_size"] < least or found.get("requests_waiting", 0)):
        pool.resize(least + 1, pool.max_size)
        pool.resize(least, pool.max_size)
