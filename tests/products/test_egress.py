"""S6: whatever an operator opens, runs do not reach the platform's own services."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from products.services import egress

OPEN = ["127.0.0.0/8", "::1/128"]


@pytest.fixture
def opened(settings: Any) -> Any:
    """An installation whose runs may call its own machine."""
    settings.EGRESS_ALLOW = OPEN
    settings.PORT, settings.METRICS_PORT = 8123, 9123
    return settings


@pytest.mark.parametrize("name", ["DATABASE_URL", "VALKEY_URL", "CELERY_BROKER_URL", "PORT", "METRICS_PORT"])
def test_S6_the_platform_s_own_services_are_closed(opened: Any, name: str) -> None:
    given = getattr(opened, name)
    port = given if isinstance(given, int) else urlsplit(given).port
    policy = egress.address_policy()
    assert not policy.allows("127.0.0.1", port)
    assert not policy.allows("::ffff:127.0.0.1", port)
    assert policy.allows("127.0.0.1", 8124)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1"])
def test_S6_the_web_process_is_closed_at_every_address_of_the_machine_itself(opened: Any, address: str) -> None:
    assert not egress.address_policy().allows(address, 8123)


def test_S6_a_name_that_cannot_be_resolved_now_closes_everything_until_it_can(
    opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.VALKEY_URL = "redis://valkey.invalid:6379/0"
    found = socket.getaddrinfo

    def away(host: str, *args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror("no answer")

    monkeypatch.setattr(socket, "getaddrinfo", away)
    with pytest.raises(OSError, match="no answer"):
        egress.address_policy()
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **kwargs: found("127.0.0.1", *args, **kwargs))
    assert not egress.address_policy().allows("127.0.0.1", 6379)
