"""Imports: what came in and how it went."""

from __future__ import annotations

from django.contrib import admin

from products.admin.base import ReadOnlyAdmin
from products.models import DocumentImport


@admin.register(DocumentImport)
class DocumentImportAdmin(ReadOnlyAdmin):
    """Imports of all workspaces, without the documents."""

    list_display = ["created_at", "workspace", "source", "filename", "state", "done", "total", "actor_name"]
    list_filter = ["state", "source"]
    search_fields = ["filename", "url", "workspace__tag", "app_tag"]
    list_select_related = ["workspace"]
