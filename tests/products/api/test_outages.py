"""What a REST caller hears while the database is away."""

from __future__ import annotations

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from tests.people import Cast


@pytest.mark.parametrize(
    "error", [OperationalError("server closed the connection: secret-dsn"), InterfaceError("gone")]
)
def test_R8_a_database_that_is_away_is_a_503_that_says_when_to_come_back(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def away(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("products.access.mine", away)
    client = Client(raise_request_exception=False)
    client.force_login(cast.alice)
    answer = client.get("/api/v1/workspaces/acme/products/shop/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json()["code"] == "unavailable"
    assert b"secret-dsn" not in answer.content
