"""The contract of caches against the installation's Valkey, a Valkey with rights, and a real Redis."""

from __future__ import annotations

import pytest

from tests.contracts.caches import CacheContract
from tests.processors.connectors.caches.conftest import a_place, redis_place, team_place


class TestBuiltin(CacheContract):
    @pytest.fixture
    def place(self):
        return a_place("builtin")


class TestValkeyWithRights(CacheContract):
    @pytest.fixture
    def place(self, valkey):
        return team_place(valkey.port)


@pytest.mark.services("redis")
class TestRedis(CacheContract):
    @pytest.fixture
    def place(self):
        return redis_place()
