"""Lists ask the database the same number of times however long they are."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def assert_constant_queries(client: Client, url: str, make: Callable[[int], object]) -> None:
    """Opens `url` with one row and with six; `make` adds the row of that number."""
    make(0)
    client.get(url)  # what is cached or noted at the first visit does not count
    few = _queries(client, url)
    for number in range(1, 6):
        make(number)
    many = _queries(client, url)
    assert len(many) <= len(few), "\n".join(many)


def _queries(client: Client, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        response = client.get(url)
    assert response.status_code == 200, response.content[:300]
    return [one["sql"] for one in asked]
