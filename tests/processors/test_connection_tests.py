"""Testing a connection over REST."""

from __future__ import annotations

import pytest
from django.test import Client

from processors.runtime import loop
from processors.services import starting
from processors.services.bell import News
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.sink import Sink

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/workspaces/acme/products/shop/connections/api/environments/dev/test/"


def test_R9_a_test_under_a_key_has_a_result_and_is_made_once(
    runs: Runs, sink: Sink, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever executes it must see it while the answer is still waited for."""

    class Straight:
        def ring(self, news: News) -> None:
            loop.start().ring(news.run_ids)

    monkeypatch.setattr(starting, "bell", Straight())
    client = Client(headers={"Idempotency-Key": "once"})
    client.force_login(people.dev)
    answers = [client.post(URL, {"wait": 60}, content_type="application/json").json() for _ in range(2)]
    assert [answer["state"] for answer in answers] == ["ok", "ok"], answers
    assert answers[0]["run"] == answers[1]["run"]
    assert len(sink.calls) == 1
