"""Mail goes to the server that is named, or nowhere, and never into a log."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.mail import send_mail

from ductape_site import env, mail


def test_a_server_is_named_by_its_address() -> None:
    found = mail.server("smtp://me%40example.com:p%3Aw@mail.example.com")
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example.com", 587)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("me@example.com", "p:w")
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (True, False)
    assert mail.server("smtps://mail.example.com")["EMAIL_PORT"] == 465
    assert mail.server("smtps://mail.example.com")["EMAIL_USE_TLS"] is False
    assert mail.server("smtp://localhost:25?plain")["EMAIL_USE_TLS"] is False
    assert found["EMAIL_TIMEOUT"]


@pytest.mark.parametrize("url", ["mail.example.com", "http://mail.example.com", "smtp://"])
def test_what_is_no_server_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(env.SettingError, match="EMAIL_URL: expected") as caught:
        mail.server(url)
    assert url not in str(caught.value) or url == "smtp://"


def test_K5_without_a_server_nothing_of_a_mail_is_printed_or_logged(
    settings: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = mail.server("")["EMAIL_BACKEND"]
    assert send_mail("Reset canary-subject", "link canary-body", "a@example.com", ["canary@example.com"]) == 0
    seen = "".join(capfd.readouterr()) + caplog.text
    assert "mail_not_sent" in seen
    assert "canary" not in seen
