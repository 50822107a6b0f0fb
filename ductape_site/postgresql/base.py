"""Takes a connection out of the pool, and out of all that died together.

The pool's own check looks at one connection after the other, with pauses of 1, 2, 4 … seconds in between: after a
restart of the server whoever comes first waits for longer than anybody does, though the server is well.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Error
from psycopg_pool import ConnectionPool

_draining = threading.Lock()
_drained: dict[str, float] = {}  # when, by the monotonic clock


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection of Django's."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection that has just answered. Raises psycopg.Error, such as PoolTimeout."""
        if self.pool is None:
            return super().get_new_connection(conn_params)
        until = time.monotonic() + self.pool.timeout
        while True:
            asked_at = time.monotonic()
            connection = super().get_new_connection(conn_params)
            try:
                ConnectionPool.check_connection(connection)
                return connection
            except Error:
                self._renew(connection, asked_at)
                if time.monotonic() > until:
                    raise
            except BaseException:
                self.pool.putconn(connection)
                raise

    def _renew(self, dead: Any, asked_at: float) -> None:
        """Those that lie in the pool have most likely died with it: all are made anew, by whoever sees it first."""
        self.pool.putconn(dead)
        with _draining:
            if _drained.get(self.alias, 0.0) < asked_at:
                _drained[self.alias] = time.monotonic()
                self.pool.drain()
