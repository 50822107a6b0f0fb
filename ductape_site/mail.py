"""Where mail goes: to the server that EMAIL_URL names, or nowhere.

Mail carries links that let somebody in. It is therefore never printed, as it would be kept with the logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

import structlog
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from ductape_site import env

log = structlog.get_logger(__name__)
PORTS = {"smtp": 587, "smtps": 465}


class Nowhere(BaseEmailBackend):
    """Says that a mail was not sent, and nothing of what stands in it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many were sent: none."""
        log.warning("mail_not_sent", reason="EMAIL_URL is not set", mails=len(email_messages))
        return 0


def server(url: str) -> dict[str, object]:
    """Django's settings for `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`; for "" the one above.

    Raises SettingError. `smtp://…?plain` speaks to a server on the same machine without encryption.
    """
    if not url:
        return {"EMAIL_BACKEND": "ductape_site.mail.Nowhere"}
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise env.SettingError("EMAIL_URL: expected smtp://user:password@host:587 or smtps://user:password@host:465")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and parts.query != "plain",
        "EMAIL_TIMEOUT": 10,
    }
