"""Workspaces, members, invitations and the audit log."""

from __future__ import annotations

from django.contrib import admin

from products.admin.base import ReadOnlyAdmin
from products.models import AuditEntry, Invitation, Membership, Workspace


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin):
    """The tenants."""

    list_display = ["name", "tag", "created_at", "deleting_at"]
    search_fields = ["name", "tag"]


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Who is in which workspace."""

    list_display = ["user", "workspace", "role", "product_scope", "environment_scope", "created_at"]
    list_filter = ["role"]
    search_fields = ["user__email", "workspace__tag"]
    list_select_related = ["user", "workspace"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who was asked to join; the link is in the mail only."""

    list_display = ["email", "workspace", "role", "invited_by", "expires_at", "accepted_at"]
    list_filter = ["role"]
    search_fields = ["email", "workspace__tag"]
    list_select_related = ["workspace", "invited_by"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what."""

    list_display = ["at", "actor", "verb", "object_type", "object_name", "workspace"]
    list_filter = ["object_type"]
    search_fields = ["actor", "verb", "object_name", "workspace__tag", "request_id"]
    list_select_related = ["workspace"]
