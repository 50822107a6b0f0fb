"""One id for one request: in its log lines, in its answer's header and in its error."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.django_db
def test_log_lines_carry_the_id_that_the_answer_names(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    response = client.get("/api/v1/workspaces/nowhere/")
    told = response.headers["X-Request-ID"]
    logged = {record.msg["request_id"] for record in caplog.records if isinstance(record.msg, dict)}
    assert logged == {told}
    assert response.json()["request_id"] == told
