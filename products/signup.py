"""What allauth asks us: who may sign up, what a new password ends, how second factors are stored."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone

from products.models import Invitation, User
from products.queries.members import open_invitation
from products.services import vault
from products.services.invitations import accept_invitation
from products.services.sign_in import end_sessions

INVITATION_SESSION_KEY = "invitation"


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, past the proxies that are trusted."""
    return str(get_client_ip(request) or "")


def remember_invitation(request: HttpRequest, invitation: Invitation) -> None:
    """Keeps who came through which link until they have signed up."""
    request.session[INVITATION_SESSION_KEY] = str(invitation.pk)


def invitation_of(request: HttpRequest) -> Invitation | None:
    """The open invitation whose link this browser came through."""
    remembered = str(request.session.get(INVITATION_SESSION_KEY, ""))
    return open_invitation(remembered, now=timezone.now()) if remembered else None


class InvitedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes sign-up for everyone who did not come through an invitation's link."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """While the invitation is open."""
        return invitation_of(request) is not None

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """The person and the membership, or neither; whoever comes second by the same link finds sign-up closed."""
        invitation = invitation_of(request)
        if invitation is None:
            raise ImmediateHttpResponse(redirect("account_signup"))
        with transaction.atomic():
            if not Invitation.objects.select_for_update().filter(pk=invitation.pk, accepted_at=None).exists():
                raise ImmediateHttpResponse(redirect("account_signup"))
            saved: User = super().save_user(request, user, form, commit)
            accept_invitation(saved, invitation)
        self.stash_verified_email(request, saved.email)  # allauth writes it down right after this
        request.session.pop(INVITATION_SESSION_KEY, None)
        return saved

    def set_password(self, user: User, password: str) -> None:
        """Also ends every session of the person but the one that changes it; of two at once the second starts anew."""
        request = context.request
        is_own = request is not None and request.user.is_authenticated and request.user.pk == user.pk
        with transaction.atomic():
            if User.objects.select_for_update().get(pk=user.pk).password != user.password:
                raise ImmediateHttpResponse(redirect("account_reset_password"))
            super().set_password(user, password)
            end_sessions(user, but=request.session.session_key if is_own else None)


class SealedMfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keeps the seeds of second factors under the operator's master keys, not in clear."""

    def encrypt(self, text: str) -> str:
        """What is stored."""
        return vault.key_ring().wrap(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The seed. Raises SealError when no master key fits."""
        return vault.key_ring().unwrap(encrypted_text.encode()).decode()
