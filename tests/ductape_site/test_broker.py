"""Messages to Redis and Valkey go by one client, to queues that are declared once, and arrive all the same."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from celery import current_app

from ductape_site.broker import Channel
from products import dispatch


@pytest.fixture
def queue() -> str:
    """One that nobody listens to."""
    return f"test-{uuid4().hex}"


def test_a_channel_keeps_its_client_until_its_connections_are_cut() -> None:
    with current_app.connection_for_write() as link:
        channel: Any = link.default_channel
        assert issubclass(type(channel), Channel)
        first = channel._create_client()
        assert channel._create_client() is first
        assert channel._create_client(asynchronous=True) is not first, "who waits for messages has a client of its own"
        channel._disconnect_pools()
        assert channel._create_client() is not first
        assert channel._create_client().ping()


def test_every_message_arrives_also_after_the_broker_forgot_the_queue(queue: str) -> None:
    assert dispatch.ring("some.task", "1", queue=queue)
    assert dispatch.broker.options(queue) == {"declare": []}
    with current_app.connection_for_write() as link:
        channel: Any = link.default_channel
        channel._create_client().delete(queue, f"_kombu.binding.{queue}")
    for number in range(2):
        assert dispatch.ring("some.task", str(number), queue=queue)
    assert dispatch.waiting(queue) == 2
    with current_app.connection_for_write() as link:
        channel = link.default_channel
        message = channel.basic_get(queue, no_ack=True)
        assert message.payload[0] == ["0"]
        assert message.headers["argsrepr"] == "1 ids"


def test_after_the_broker_was_away_queues_are_declared_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    known = dispatch.Broker()
    known.answered("runs")
    known.did_not_answer(OSError())
    assert known.options("runs") == {}
