"""R7: the pool of connections after the database was away."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator

import pytest
from django.db import ConnectionHandler
from psycopg_pool import ConnectionPool
from yarl import URL

from ductape_site import database
from ductape_site.embedded import ports
from ductape_site.postgresql.base import DatabaseWrapper
from tests.chaos.proxy import Fault, Proxy
from tests.patience import until

LINES = 12


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Between us and the database."""
    made = Proxy(ports.choose(None), URL(os.environ["DATABASE_URL"]).port or 5432).start()
    yield made
    made.stop()


@pytest.fixture
def pooled(proxy: Proxy) -> Iterator[DatabaseWrapper]:
    """What Django has of a pool that goes through the proxy."""
    url = URL(os.environ["DATABASE_URL"]).with_port(proxy.port).with_path("/postgres")
    settings = {**ConnectionHandler({"default": {}}).settings["default"], **database.described(str(url))}
    made = DatabaseWrapper(settings, alias="pooled")
    yield made
    proxy.heal()
    made.close_pool()


def test_R7_connections_that_died_together_are_one_request_s_concern(
    proxy: Proxy, pooled: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tries one, not all: each may take long to be known as dead."""
    taken = [pooled.get_new_connection({}) for _ in range(LINES)]
    for each in taken:
        pooled.pool.putconn(each)
    proxy.reset_all()
    tried: list[object] = []
    check = ConnectionPool.check_connection
    monkeypatch.setattr(ConnectionPool, "check_connection", lambda one: tried.append(one) or check(one))
    one = pooled.get_new_connection({})
    assert one.execute("SELECT 7").fetchone() == (7,)
    assert len(tried) == 2, "the first dead one, and a new one"
    pooled.pool.putconn(one)


def test_R7_who_waits_for_the_database_has_it_when_it_comes_back(
    proxy: Proxy, pooled: DatabaseWrapper, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where the pool had given up meanwhile."""
    caplog.set_level(logging.WARNING, "psycopg.pool")
    proxy.spoil(Fault(refuse=True))

    def heal() -> None:
        until(lambda: "reconnection attempt" in caplog.text, what="the pool gives up")
        proxy.heal()

    healing = threading.Thread(target=heal)
    healing.start()
    try:
        one = pooled.get_new_connection({})
    finally:
        healing.join()
    assert one.execute("SELECT 7").fetchone() == (7,)
    pooled.pool.putconn(one)
