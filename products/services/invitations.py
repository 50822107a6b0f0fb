"""Invitations: an address asked to join, by a link that works once, for seven days, for that address only."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac

from products import dispatch
from products.access import ROLE_PERMISSIONS, Actor, Permission, mine
from products.lib.digests import digest_of
from products.lib.errors import Conflict, Forbidden, NotFound
from products.models import Invitation, MailState, Membership, User, Workspace
from products.services import audit, scopes
from products.services.members import need_authority
from products.services.validation import insert

log = structlog.get_logger(__name__)
LIFE = timedelta(days=7)
UNHEARD_AFTER = timedelta(minutes=5)  # longer than a mail server may take
RUNG_AT_ONCE = 100
MAX_OPEN = 200
MAX_MEMBERS = 1000


@dataclass(frozen=True, slots=True)
class SentInvitation:
    """An invitation and its link, which is shown to the inviter once and mailed to the invited."""

    invitation: Invitation
    link: str


def invite(actor: Actor, *, email: str, role: str) -> SentInvitation:
    """Asks an address to join; asked again, the earlier link ends. Raises Invalid, Forbidden, Conflict."""
    actor.need(Permission.MANAGE_MEMBERS)
    need_authority(actor, role)
    if actor.product_scope or actor.environment_scope:
        raise Forbidden("An invitation is for all products; ask somebody who may work on all of them.")
    address = User.objects.normalize_email(email).strip()
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=actor.workspace.pk)
        _need_room(actor, address)
        row = Invitation(
            workspace=actor.workspace,
            email=address,
            role=role,
            invited_by=actor.user,
            expires_at=timezone.now() + LIFE,
        )
        row.token_hash = digest_of(_token(row))
        insert(row, unique="email", message="This address has been invited already.")
        audit.record(actor, "invitation.created", row, changes={"role": [None, role]}, name=address)
        dispatch.after_commit(dispatch.MAIL_INVITATION, str(row.pk))
    return SentInvitation(row, _link(row))


def mail_invitation(invitation_id: str) -> bool:
    """Mails the link, from a worker; whether there is nothing more to do. That the server took it is all we know."""
    row = (
        Invitation.objects
        .select_related("workspace", "invited_by")
        .filter(pk=invitation_id, accepted_at=None, expires_at__gt=timezone.now())
        .exclude(mail_state=MailState.SENT)
        .first()
    )
    if row is None:
        return True
    is_sent = digest_of(_token(row)) == row.token_hash and _is_mailed(row)
    row.mail_state = MailState.SENT if is_sent else MailState.FAILED
    row.save(update_fields=["mail_state"])
    return is_sent


def ring_unmailed() -> int:
    """Announces again what nobody has mailed for minutes, a message of which got lost; how many. For the sweeper."""
    now = timezone.now()
    rows = Invitation.objects.filter(
        mail_state=MailState.WAITING, accepted_at=None, expires_at__gt=now, updated_at__lt=now - UNHEARD_AFTER
    )
    found = list(rows.order_by("updated_at").values_list("pk", flat=True)[:RUNG_AT_ONCE])
    rows.filter(pk__in=found).update(updated_at=now)
    return sum(dispatch.ring(dispatch.MAIL_INVITATION, str(pk)) for pk in found)


def revoke_invitation(actor: Actor, invitation_id: object) -> None:
    """Ends an open invitation. Raises NotFound, Forbidden."""
    actor.need(Permission.MANAGE_MEMBERS)
    with transaction.atomic():
        rows = Invitation.objects.select_for_update().filter(workspace=actor.workspace, accepted_at=None)
        row = mine(actor, rows, "invitation", id=invitation_id)
        need_authority(actor, row.role)
        scopes.need_reach(actor, (), ())  # it is for all products
        audit.record(actor, "invitation.revoked", row, name=row.email)
        row.delete()


def accept_invitation(user: User, invitation: Invitation) -> Workspace:
    """Makes the invited person a member, once. Raises Forbidden for others, NotFound for a link that has ended."""
    if invitation.email.lower() != user.email.lower():
        raise Forbidden(f"This invitation is for {invitation.email}.")
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=invitation.workspace_id)
        if Membership.objects.filter(workspace=invitation.workspace_id).count() >= MAX_MEMBERS:
            raise Conflict(f"A workspace may have at most {MAX_MEMBERS} members.")
        now = timezone.now()
        open_still = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, expires_at__gt=now)
        if open_still.update(accepted_at=now) != 1:
            raise NotFound("This invitation has been used, withdrawn or is too old.")
        row, new = Membership.objects.get_or_create(
            workspace=invitation.workspace, user=user, defaults={"role": invitation.role}
        )
        if new:
            me = Actor(workspace=row.workspace, permissions=ROLE_PERMISSIONS[row.role], user=user, role=row.role)
            audit.record(me, "member.joined", row, changes={"role": [None, row.role]}, name=user.email)
    return invitation.workspace


def _need_room(actor: Actor, address: str) -> None:
    """No member yet, and the earlier invitation of the same address gone."""
    if Membership.objects.filter(workspace=actor.workspace, user__email__iexact=address).exists():
        raise Conflict(f"{address} is a member already.")
    rows = Invitation.objects.filter(workspace=actor.workspace, accepted_at=None)
    for earlier in rows.filter(email__iexact=address):
        need_authority(actor, earlier.role)
        earlier.delete()
    rows.filter(expires_at__lte=timezone.now()).delete()
    if rows.count() >= MAX_OPEN:
        raise Conflict(f"At most {MAX_OPEN} invitations may be open; withdraw some first.")


def _token(row: Invitation) -> str:
    """Made of the row's id and the site's key, so that a worker can mail what is stored nowhere."""
    return urlsafe_b64encode(salted_hmac("ductape.invitation", str(row.pk), algorithm="sha256").digest()).decode()[:43]


def _link(row: Invitation) -> str:
    return f"{settings.BASE_URL}/invitations/{_token(row)}/"


def _is_mailed(row: Invitation) -> bool:
    """A mail server that is down is logged: the inviter has the link too."""
    inviter = row.invited_by.email if row.invited_by else row.workspace.name
    facts = {"workspace": row.workspace, "inviter": inviter, "link": _link(row), "invitation": row}
    body = render_to_string("products/invitations/mail.txt", facts)
    subject = " ".join(f"Join {row.workspace.name} on Ductape".split())
    try:
        return send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [row.email]) == 1
    except (OSError, SMTPException) as error:
        log.warning("invitation_not_mailed", invitation=str(row.pk), error=type(error).__name__)
        return False
