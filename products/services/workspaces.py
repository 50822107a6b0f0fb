"""Workspaces: made by whoever becomes their owner, renamed, deleted with everything in them."""

from __future__ import annotations

import structlog
from django.db import transaction
from django.utils import timezone

from products.access import ROLE_PERMISSIONS, Actor, Permission, workspaces_of
from products.lib.errors import Conflict
from products.lib.tags import slugify_tag, unique_tag
from products.models import App, Connection, Membership, Product, Role, User, Visibility, Workspace
from products.services import audit, leaving, vault
from products.services.validation import assign, insert, name_text

log = structlog.get_logger(__name__)
MAX_WORKSPACES = 50


def create_workspace(user: User, *, name: str, tag: str = "") -> Workspace:
    """A workspace that `user` owns; without a tag one is made from the name. Raises Invalid, Taken, Conflict."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if workspaces_of(user).count() >= MAX_WORKSPACES:
            raise Conflict(f"One person may be in at most {MAX_WORKSPACES} workspaces.")
        row = Workspace(name=name_text(name), tag=tag or _free_tag(name), data_key=vault.wrapped_data_key())
        insert(row, unique="tag", message="This tag is taken; choose another.")
        Membership.objects.create(workspace=row, user=user, role=Role.OWNER)
        owner = Actor(workspace=row, permissions=ROLE_PERMISSIONS[Role.OWNER], user=user, role=Role.OWNER)
        audit.record(owner, "workspace.created", row)
    return row


def rename_workspace(actor: Actor, *, name: str) -> Workspace:
    """Gives it another name; its tag stays. Raises Invalid, Forbidden."""
    actor.need(Permission.MANAGE_WORKSPACE)
    with transaction.atomic():
        row = Workspace.objects.select_for_update().get(pk=actor.workspace.pk)
        changes = assign(row, {"name": name_text(name)}, ["name"])
        if changes:
            row.save(update_fields=["name", "updated_at"])
            audit.record(actor, "workspace.renamed", row, changes=changes)
    return row


def delete_workspace(actor: Actor) -> None:
    """Deletes it with everything in it. Raises Conflict while others have connected its published apps.

    Nobody has access from then on, and its tag is free; a worker deletes the rows.
    """
    actor.need(Permission.MANAGE_WORKSPACE)
    with transaction.atomic():
        row = Workspace.objects.select_for_update().get(pk=actor.workspace.pk)
        App.objects.filter(workspace=row, visibility=Visibility.PUBLIC).update(visibility=Visibility.PRIVATE)
        elsewhere = Connection.objects.filter(app__workspace=row).exclude(product__workspace=row)
        used = elsewhere.select_related("app").first()
        if used is not None:
            raise Conflict(f"Other workspaces have connected your app “{used.app.name}”.")
        audit.record(actor, "workspace.deleted", row, changes={"tag": [row.tag, None]})
        Product.objects.filter(workspace=row, deleting_at__isnull=True).update(deleting_at=timezone.now())
        for gone in (row.memberships, row.access_keys, row.invitations):
            gone.all().delete()
        leaving.mark(row)
    log.info("workspace_deleted", workspace=actor.workspace.tag, by=actor.name)  # its audit log goes with it


def _free_tag(name: str) -> str:
    base = slugify_tag(name, fallback="workspace")
    return unique_tag(base, set(Workspace.objects.filter(tag__startswith=base).values_list("tag", flat=True)))
