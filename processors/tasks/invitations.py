"""The doorbell of invitations: mail is sent from here, so that nobody waits for a mail server."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from products import dispatch
from products.services.invitations import mail_invitation

TRIES = 4
FIRST_WAIT_S = 20


@shared_task(name=dispatch.MAIL_INVITATION, bind=True, max_retries=TRIES - 1)
def mail(self: Any, invitation_id: str) -> None:
    """Somebody was invited; a server that is away is asked again, ever later."""
    if not mail_invitation(invitation_id) and self.request.retries < TRIES - 1:
        raise self.retry(countdown=FIRST_WAIT_S * 4**self.request.retries)
