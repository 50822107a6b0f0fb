"""Reads of workspaces: those of a person, and how full one is."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from products.access import Actor, workspaces_of
from products.models import AccessKey, Connection, Membership, Product, Secret, User, Workspace


@dataclass(frozen=True, slots=True)
class Contents:
    """How much deleting a workspace would take away."""

    products: int
    apps: int
    connections: int
    secrets: int
    members: int
    keys: int


def memberships_of(user: User) -> QuerySet[Membership]:
    """The person's workspaces with their role in each."""
    return Membership.objects.filter(user=user).select_related("workspace").order_by("workspace__name", "id")


def first_workspace_tag(user: User, preferred: str = "") -> str:
    """The one a person was in last, else the first by name; empty for nobody's member."""
    tags = list(workspaces_of(user).values_list("tag", flat=True)[:200])
    return preferred if preferred in tags else next(iter(tags), "")


def contents_of(actor: Actor) -> Contents:
    """Counts of what is in the workspace."""
    here = actor.workspace
    return Contents(
        products=Product.objects.filter(workspace=here, deleting_at__isnull=True).count(),
        apps=here.apps.count(),
        connections=Connection.objects.filter(product__workspace=here, product__deleting_at__isnull=True).count(),
        secrets=Secret.objects.filter(workspace=here).count(),
        members=here.memberships.count(),
        keys=here.access_keys.filter(revoked_at=None).count(),
    )


def workspaces_seen(user: User | None, key: AccessKey | None) -> QuerySet[Workspace]:
    """The person's workspaces; for a client, the one of its key."""
    if user is not None:
        return workspaces_of(user)
    return Workspace.objects.filter(pk=key.workspace_id) if key is not None else Workspace.objects.none()


def workspace_ids(tag: str | None) -> list[UUID]:
    """For operators: of the one with this tag, or of all."""
    rows = Workspace.objects.order_by("pk")
    return list((rows.filter(tag=tag) if tag else rows).values_list("pk", flat=True))
