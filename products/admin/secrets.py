"""Secrets and access keys: that they are there, never what they are."""

from __future__ import annotations

from django.contrib import admin

from products.admin.base import ReadOnlyAdmin
from products.models import AccessKey, Secret


@admin.register(Secret)
class SecretAdmin(ReadOnlyAdmin):
    """Secrets of all workspaces, without values."""

    list_display = ["key", "workspace", "revision", "expires_at", "last_used_at", "changed_by", "updated_at"]
    search_fields = ["key", "workspace__tag"]
    list_select_related = ["workspace", "changed_by"]


@admin.register(AccessKey)
class AccessKeyAdmin(ReadOnlyAdmin):
    """Keys of all workspaces, without their text."""

    list_display = ["name", "prefix", "workspace", "verbs", "expires_at", "last_used_at", "revoked_at", "created_by"]
    search_fields = ["name", "prefix", "workspace__tag"]
    list_select_related = ["workspace", "created_by"]
