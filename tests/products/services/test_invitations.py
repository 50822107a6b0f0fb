"""Invitations: one link, once, for one address, for seven days."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from products import access
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.models import Invitation, Membership, Role, User
from products.queries.members import invitation_by_token
from products.services.invitations import accept_invitation, invite, mail_invitation, revoke_invitation
from tests.people import Cast

pytestmark = pytest.mark.django_db


def token_of(link: str) -> str:
    return link.rstrip("/").rsplit("/", 1)[1]


def test_the_link_is_mailed_and_only_its_hash_is_stored(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        sent = invite(cast.as_(cast.adam), email=" New@Example.COM ", role=Role.DEVELOPER)
    assert mail.outbox == [], "nobody who invites waits for a mail server"
    assert mail_invitation(str(sent.invitation.pk))
    assert mail_invitation(str(sent.invitation.pk)), "rung twice, mailed once"
    assert len(mail.outbox) == 1
    assert sent.invitation.email == "New@example.com"
    assert sent.link in mail.outbox[0].body
    assert mail.outbox[0].to == ["New@example.com"]
    assert token_of(sent.link) not in str(Invitation.objects.values().get())


def test_A12_it_is_accepted_once_and_only_by_the_invited(cast: Cast) -> None:
    sent = invite(cast.as_(cast.alice), email="New@example.com", role=Role.DEVELOPER)
    invited = User.objects.create_user("new@example.com", "x")
    with pytest.raises(Forbidden):
        accept_invitation(cast.charlie, sent.invitation)
    accept_invitation(invited, sent.invitation)
    assert access.member(invited, "acme").role == Role.DEVELOPER
    with pytest.raises(NotFound):
        accept_invitation(invited, sent.invitation)
    assert invitation_by_token(token_of(sent.link), now=timezone.now()) is None


def test_A12_an_old_or_withdrawn_link_is_nothing(cast: Cast) -> None:
    sent = invite(cast.as_(cast.alice), email="new@example.com", role=Role.VIEWER)
    later = timezone.now() + timedelta(days=7, seconds=1)
    assert invitation_by_token(token_of(sent.link), now=timezone.now()) is not None
    assert invitation_by_token(token_of(sent.link), now=later) is None
    revoke_invitation(cast.as_(cast.adam), sent.invitation.pk)
    assert invitation_by_token(token_of(sent.link), now=timezone.now()) is None
    with pytest.raises(NotFound):
        revoke_invitation(cast.as_(cast.adam), sent.invitation.pk)


def test_inviting_again_ends_the_earlier_link(cast: Cast) -> None:
    first = invite(cast.as_(cast.alice), email="new@example.com", role=Role.VIEWER)
    second = invite(cast.as_(cast.alice), email="NEW@example.com", role=Role.ADMIN)
    assert invitation_by_token(token_of(first.link), now=timezone.now()) is None
    assert invitation_by_token(token_of(second.link), now=timezone.now()) is not None


def test_an_admin_invites_no_owner_and_replaces_no_owners_invitation(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        invite(cast.as_(cast.adam), email="new@example.com", role=Role.OWNER)
    sent = invite(cast.as_(cast.alice), email="new@example.com", role=Role.OWNER)
    with pytest.raises(Forbidden):
        invite(cast.as_(cast.adam), email="new@example.com", role=Role.VIEWER)
    with pytest.raises(Forbidden):
        revoke_invitation(cast.as_(cast.adam), sent.invitation.pk)


def test_a_member_is_not_invited_again_and_nonsense_is_refused_by_field(cast: Cast) -> None:
    with pytest.raises(Conflict):
        invite(cast.as_(cast.alice), email="VERA@example.com", role=Role.ADMIN)
    with pytest.raises(Invalid) as refused:
        invite(cast.as_(cast.alice), email="no address", role=Role.ADMIN)
    assert refused.value.errors[0].pointer == "/email"
    with pytest.raises(Invalid) as refused:
        invite(cast.as_(cast.alice), email="a@example.com", role="god")
    assert refused.value.errors[0].pointer == "/role"


@pytest.mark.django_db(transaction=True)
def test_A12_two_at_once_make_one_member(cast: Cast) -> None:
    sent = invite(cast.as_(cast.alice), email="new@example.com", role=Role.VIEWER)
    invited = User.objects.create_user("new@example.com", "x")
    start, outcomes = threading.Barrier(2), []

    def accept() -> None:
        try:
            start.wait(120)
            accept_invitation(invited, sent.invitation)
            outcomes.append("joined")
        except NotFound:
            outcomes.append("used")
        finally:
            connection.close()

    both = [threading.Thread(target=accept) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(120)
    assert sorted(outcomes) == ["joined", "used"]
    assert Membership.objects.filter(user=invited).count() == 1
