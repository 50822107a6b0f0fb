"""Reads of members and invitations."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from products.access import Actor, Permission, mine
from products.lib.digests import digest_of
from products.models import Invitation, Membership


def members_of(actor: Actor) -> QuerySet[Membership]:
    """Everyone in the workspace with their person. Raises Forbidden."""
    actor.need(Permission.VIEW_MEMBERS)
    return Membership.objects.filter(workspace=actor.workspace).select_related("user").order_by("id")


def member_by_id(actor: Actor, member_id: object) -> Membership:
    """Raises NotFound, Forbidden."""
    return mine(actor, members_of(actor), "member", id=member_id)


def open_invitations(actor: Actor) -> QuerySet[Invitation]:
    """Those not yet accepted, those that are too old included. Raises Forbidden."""
    actor.need(Permission.MANAGE_MEMBERS)
    rows = Invitation.objects.filter(workspace=actor.workspace, accepted_at=None)
    return rows.select_related("invited_by").order_by("-id")


def invitation_by_id(actor: Actor, invitation_id: object) -> Invitation:
    """An open one. Raises NotFound, Forbidden."""
    return mine(actor, open_invitations(actor), "invitation", id=invitation_id)


def invitation_by_token(token: str, *, now: datetime) -> Invitation | None:
    """The open invitation behind a link; None for one used, withdrawn or too old."""
    rows = Invitation.objects.filter(accepted_at=None, expires_at__gt=now).select_related("workspace", "invited_by")
    return rows.filter(token_hash=digest_of(token[:100])).first()


def open_invitation(invitation_id: str, *, now: datetime) -> Invitation | None:
    """The open invitation that a session remembers by its id."""
    rows = Invitation.objects.filter(accepted_at=None, expires_at__gt=now).select_related("workspace")
    return rows.filter(pk=invitation_id).first()
