"""Imports: what came in and how it went."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from products.admin.base import ReadOnlyAdmin
from products.models import DocumentImport


@admin.register(DocumentImport)
class DocumentImportAdmin(ReadOnlyAdmin):
    """Imports of all workspaces, without the documents."""

    list_display = ["created_at", "workspace", "source", "filename", "state", "done", "total", "actor_name"]
    list_filter = ["state", "source"]
    search_fields = ["filename", "workspace__tag", "app_tag"]
    list_select_related = ["workspace"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The address with what looks secret in it masked."""
        return ["address" if name == "url" else name for name in super().get_fields(request, obj)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is no field of the row has to be said."""
        return ["address"]

    @admin.display(description="URL")
    def address(self, row: DocumentImport) -> str:
        """Where the document came from."""
        return row.shown_address
