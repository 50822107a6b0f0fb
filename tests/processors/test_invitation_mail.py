"""Invitations are mailed by a worker, which asks a server that is away again and then says that it failed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from processors.tasks import invitations
from products import dispatch
from products.models import Invitation, MailState, Role
from products.services.invitations import invite, ring_unmailed
from tests.people import Cast

pytestmark = pytest.mark.django_db


class Away(BaseEmailBackend):
    """A server that does not answer."""

    asked = 0

    def send_messages(self, email_messages: Any) -> int:
        Away.asked += 1
        raise TimeoutError("no answer")


@pytest.fixture
def row(cast: Cast) -> Invitation:
    return invite(cast.as_(cast.alice), email="new@example.com", role=Role.VIEWER).invitation


def test_it_is_mailed_once_however_often_it_is_rung_for(row: Invitation) -> None:
    assert row.mail_state == MailState.WAITING
    for _ in range(2):
        invitations.mail.apply(args=[str(row.pk)])
    row.refresh_from_db()
    assert (row.mail_state, len(mail.outbox)) == (MailState.SENT, 1)


def test_a_server_that_is_away_is_asked_again_and_then_no_more(row: Invitation, settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Away"
    Away.asked = 0
    done = invitations.mail.apply(args=[str(row.pk)])
    row.refresh_from_db()
    assert (row.mail_state, Away.asked, done.failed()) == (MailState.FAILED, invitations.TRIES, False)


def test_a_withdrawn_invitation_is_not_mailed(row: Invitation) -> None:
    pk = str(row.pk)
    row.delete()
    invitations.mail.apply(args=[pk])
    assert mail.outbox == []


def test_A12_a_link_made_under_another_key_of_the_site_is_not_mailed(row: Invitation, settings: Any) -> None:
    """It would open nothing; the inviter has the one that does."""
    settings.SECRET_KEY = "another-" + "y" * 40
    invitations.mail.apply(args=[str(row.pk)])
    row.refresh_from_db()
    assert (row.mail_state, mail.outbox) == (MailState.FAILED, [])


def test_R6_a_mail_whose_message_was_lost_is_announced_again_and_not_every_time(
    row: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(dispatch, "ring", lambda _task, pk: bool(rung.append(pk) or True))
    assert ring_unmailed() == 0, "its message is on its way"
    Invitation.objects.update(updated_at=timezone.now() - timedelta(minutes=6))
    assert [ring_unmailed(), ring_unmailed()] == [1, 0]
    assert rung == [str(row.pk)]
    Invitation.objects.update(updated_at=timezone.now() - timedelta(minutes=6), mail_state=MailState.SENT)
    assert ring_unmailed() == 0
