"""The page behind an invitation's link."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views import View

from products.lib.errors import DomainError
from products.models import Invitation, User
from products.queries.members import invitation_by_token
from products.services.invitations import accept_invitation
from products.services.sign_in import guessed_too_often
from products.signup import address_of, remember_invitation


class AcceptInvitation(View):
    """`/invitations/<token>/`: open to everybody who has the link, and for the invited address only."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Who invites whom to what, and the way in: accept, sign in, or sign up."""
        invitation = invitation_by_token(token, now=timezone.now())
        if invitation is None and guessed_too_often("invitation", address_of(request)):
            return render(request, "429.html", status=429)
        if invitation is None:
            return self._show(request, None, status=404)
        if not request.user.is_authenticated:
            remember_invitation(request, invitation)
        return self._show(request, invitation)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Makes the signed-in person a member."""
        invitation = invitation_by_token(token, now=timezone.now())
        if invitation is None or not isinstance(request.user, User):
            return self._show(request, invitation, status=404 if invitation is None else 403)
        try:
            workspace = accept_invitation(request.user, invitation)
        except DomainError as error:
            return self._show(request, invitation, status=error.status, problem=error.message)
        messages.success(request, f"Welcome to {workspace.name}.")
        return redirect("home", workspace.tag)

    def _show(
        self, request: HttpRequest, invitation: Invitation | None, status: int = 200, **more: Any
    ) -> HttpResponse:
        mine = invitation is not None and str(getattr(request.user, "email", "")).lower() == invitation.email.lower()
        context = {"invitation": invitation, "mine": mine, **more}
        return render(request, "products/invitations/accept.html", context, status=status)
