"""The registry and the connector that lives in memory."""

from __future__ import annotations

import pytest

from processors.connectors.base import Connector
from processors.connectors.errors import DeadlineExceeded, RemoteUnavailable
from processors.connectors.fake import FakeConnector
from processors.connectors.registry import Registry, UnknownConnector


async def test_connectors_are_found_by_kind_and_closed_together():
    registry = Registry()
    fake: Connector = FakeConnector()
    registry.register("http", fake)
    assert registry.get("http") is fake
    assert registry.kinds() == ("http",)
    with pytest.raises(ValueError, match="http"):
        registry.register("http", FakeConnector())
    with pytest.raises(UnknownConnector, match="smoke"):
        registry.get("smoke")
    await registry.close()
    assert fake.closed


async def test_the_fake_answers_in_order_and_remembers():
    fake = FakeConnector([RemoteUnavailable(), {"id": 1}])
    with pytest.raises(RemoteUnavailable):
        await fake.call("one", deadline_s=1, max_bytes=10, idempotency_key="k")
    for _ in range(2):
        result = await fake.call("two", deadline_s=1, max_bytes=10)
        assert result.output == {"id": 1}
        assert result.response.body == '{"id":1}'
    assert [(seen.call, seen.idempotency_key) for seen in fake.calls] == [("one", "k"), ("two", ""), ("two", "")]


async def test_the_fake_keeps_the_deadline():
    with pytest.raises(DeadlineExceeded):
        await FakeConnector([1], delay_s=5).call(None, deadline_s=0.01, max_bytes=1)
    assert (await FakeConnector(answer=lambda call: call * 2).call(4, deadline_s=1, max_bytes=1)).output == 8
