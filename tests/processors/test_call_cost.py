"""What one call over REST with `wait` costs the database: nothing is asked twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from queue import SimpleQueue
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.test import Client

from processors.runtime import loop
from products import dispatch
from tests import objects
from tests.people import Cast
from tests.processors.conftest import Runs

pytestmark = pytest.mark.django_db(transaction=True)
BODY = {"product": "shop", "environment": "dev", "app": "api", "action": "get", "wait": 30}


def test_a_call_with_wait_makes_four_statements(people: Cast, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key, the versions of what is called, the run, its end: each once."""
    waiting: SimpleQueue[str] = SimpleQueue()

    def ring(ids: Sequence[str], *, queue: str) -> int:
        waiting.put(ids[0])
        return len(ids)

    def work() -> None:
        for _ in range(2):
            loop.start().submit(UUID(waiting.get()))

    monkeypatch.setattr(dispatch, "ring_for_runs", ring)
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    client = Client(headers={"authorization": f"Bearer {objects.key(people.workspace, 'run').text}"})

    def call() -> Any:
        path = "/api/v1/workspaces/acme/processor/action/run"
        return client.post(path, json.dumps(BODY), content_type="application/json")

    assert call().status_code == 201
    made: list[str] = []
    plain = psycopg.Cursor.execute

    def execute(self: Any, query: Any, *values: Any, **options: Any) -> Any:
        made.append(str(query))
        return plain(self, query, *values, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", execute)
    assert call().status_code == 201
    worker.join(60)
    asked = ("products_accesskey", "FROM products_product p", "INSERT INTO processors_run ", "SELECT state, reason")
    mine = [each for each in made if each.strip()]
    assert [name for name in asked for each in mine if name in each] == list(asked)
    assert len(mine) == len(asked), mine
