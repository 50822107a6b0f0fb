"""Every request leaves one line that says who asked for what and how it ended, and never a secret."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import structlog
from django.test import Client, override_settings
from django.urls import reverse

from tests import objects
from tests.people import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Any:
    """The lines about requests, as they go to the formatter."""
    caplog.set_level(logging.INFO)
    return lambda: [
        record.msg
        for record in caplog.records
        if isinstance(record.msg, dict) and record.msg["event"] == "request_finished"
    ]


def test_a_line_names_the_key_and_never_shows_it(cast: Cast, logged: Any) -> None:
    issued = objects.key(cast.workspace)
    path = reverse("api-runs", args=[cast.workspace.tag])
    Client().get(f"{path}?limit=1", headers={"authorization": f"Bearer {issued.text}", "x-request-id": "mine-1"})
    (line,) = logged()
    assert (line["request"], line["code"], line["level"]) == (f"GET {path}?limit=1", 200, "info")
    assert (line["key_id"], line["request_id"], line["ip"]) == (str(issued.key.pk), "mine-1", "127.0.0.1")
    assert issued.text not in repr(line)
    assert "ip" not in structlog.contextvars.get_contextvars()


def test_a_line_names_the_person_and_a_refusal_is_a_warning(cast: Cast, logged: Any) -> None:
    client = Client()
    client.force_login(cast.vera)
    client.get("/w/nowhere/")
    (line,) = logged()
    assert (line["code"], line["level"], line["user_id"]) == (404, "warning", str(cast.vera.pk))


def test_A_forwarded_addresses_count_only_from_trusted_proxies(cast: Cast, logged: Any) -> None:
    Client().get("/accounts/login/", headers={"x-forwarded-for": "203.0.113.9"})
    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1):
        Client().get("/accounts/login/", headers={"x-forwarded-for": "198.51.100.7, 203.0.113.9"})
    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=2):
        Client(raise_request_exception=False).get("/accounts/login/", headers={"x-forwarded-for": "203.0.113.9"})
    assert [line["ip"] for line in logged()] == ["127.0.0.1", "203.0.113.9", "127.0.0.1"]
