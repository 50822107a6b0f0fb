"""Who is in a workspace, as what, and narrowed to what. Nobody grants more than they have; the last owner stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from products.access import Actor, Permission, mine, role_rank
from products.lib.errors import Conflict, Forbidden, Invalid
from products.models import Invitation, Membership, Role, Workspace
from products.services import audit, scopes
from products.services.keys import revoke_keys_of
from products.services.validation import assign

_FIELDS = ("role", "product_scope", "environment_scope")


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What is to be different; None leaves a part as it is. Empty scopes mean all."""

    role: str | None = None
    product_scope: Sequence[str] | None = None
    environment_scope: Sequence[str] | None = None


def change_member(actor: Actor, member_id: object, change: MemberChange) -> Membership:
    """Another role or other scopes. Raises NotFound, Forbidden, Invalid, Conflict (the last owner)."""
    actor.need(Permission.MANAGE_MEMBERS)
    with transaction.atomic():
        row = _locked(actor, member_id)
        need_authority(actor, row.role)
        scopes.need_reach(actor, row.product_scope, row.environment_scope)
        if change.role is not None and change.role != row.role:
            need_authority(actor, change.role)
            _need_not_last_owner(row)
        values = _values(actor, row, change)
        changes = assign(row, values, _FIELDS)
        if changes:
            row.save(update_fields=[*_FIELDS, "updated_at"])
            audit.record(actor, "member.changed", row, changes=changes, name=row.user.email)
    return row


def remove_member(actor: Actor, member_id: object) -> int:
    """Ends a membership, and the open invitations and access keys of that person; how many keys.

    Raises NotFound, Forbidden, Conflict.
    """
    actor.need(Permission.MANAGE_MEMBERS)
    with transaction.atomic():
        row = _locked(actor, member_id)
        need_authority(actor, row.role)
        scopes.need_reach(actor, row.product_scope, row.environment_scope)
        return _end(actor, row, "member.removed")


def leave_workspace(actor: Actor) -> int:
    """Ends one's own membership and access keys; how many keys. Raises Conflict for the last owner."""
    actor.need(Permission.VIEW_MEMBERS)
    if actor.user is None:
        raise Forbidden("An access key cannot leave; revoke it instead.")
    with transaction.atomic():
        own = Membership.objects.get(workspace=actor.workspace, user=actor.user)
        return _end(actor, _locked(actor, own.pk), "member.left")


def need_authority(actor: Actor, role: str) -> None:
    """Raises Invalid for no role at all, Forbidden when the actor may not give or take this one."""
    if role not in Role.values:
        raise Invalid.field("role", f"Choose one of {', '.join(Role.values)}.")
    if role == Role.OWNER:
        actor.need(Permission.MANAGE_OWNERS)
    if actor.role and role_rank(role) > role_rank(actor.role):
        raise Forbidden("You may give no role above your own.")


def _locked(actor: Actor, member_id: object) -> Membership:
    """The membership; the workspace's row is locked so that two owners cannot remove each other at once."""
    Workspace.objects.select_for_update().get(pk=actor.workspace.pk)
    rows = Membership.objects.filter(workspace=actor.workspace).select_related("user", "workspace")
    return mine(actor, rows, "member", id=member_id)


def _values(actor: Actor, row: Membership, change: MemberChange) -> dict[str, object]:
    products = row.product_scope if change.product_scope is None else change.product_scope
    environments = row.environment_scope if change.environment_scope is None else change.environment_scope
    narrowed = bool(actor.product_scope or actor.environment_scope)
    if narrowed or (change.product_scope, change.environment_scope) != (None, None):
        products, environments = scopes.checked(actor, products, environments)
    return {
        "role": change.role or row.role,
        "product_scope": list(products),
        "environment_scope": list(environments),
    }


def _end(actor: Actor, row: Membership, verb: str) -> int:
    _need_not_last_owner(row)
    Invitation.objects.filter(workspace=row.workspace, invited_by=row.user, accepted_at=None).delete()
    audit.record(actor, verb, row, name=row.user.email)
    ended = revoke_keys_of(actor, row.user)
    row.delete()
    return ended


def _need_not_last_owner(row: Membership) -> None:
    others = Membership.objects.filter(workspace=row.workspace, role=Role.OWNER).exclude(pk=row.pk)
    if row.role == Role.OWNER and not others.exists():
        raise Conflict("A workspace needs an owner; make somebody else one first.")
