"""Counts in windows: one command for several limits, and keys that go with their window."""

from __future__ import annotations

from uuid import uuid4

import redis
from django.conf import settings

from products.services.counting import Limit, count


def test_each_limit_counts_by_itself_and_its_key_goes_with_its_window() -> None:
    mine, ours = (Limit("caller", 2, 60), uuid4().hex), (Limit("workspace", 100, 3600), uuid4().hex)
    assert [one.used for one in count(mine, ours)] == [1, 1]
    assert [one.used for one in count(ours)] == [2]
    found = count(mine, ours)
    assert [one.used for one in found] in ([2, 3], [1, 3]), "two of the first, unless another minute has begun"
    assert not found[0].exceeded
    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        for (limit, whose), used in ((mine, 61), (ours, 3601)):
            lives = [int(client.ttl(key)) for key in client.scan_iter(f"count:{limit.name}:{whose}:*")]
            assert lives
            assert all(0 < life <= used for life in lives)


def test_a_limit_of_nothing_is_none() -> None:
    assert count((Limit("caller", 0, 60), "x")) == []
