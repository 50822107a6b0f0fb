"""Contents on their way into a storage or out of one: that they are there, never what they hold."""

from __future__ import annotations

from django.contrib import admin

from processors.models import FilePiece, KeptFile, StoredFile
from products.admin.base import ReadOnlyAdmin


@admin.register(KeptFile)
class KeptFileAdmin(ReadOnlyAdmin):
    """Newest first."""

    list_display = ["id", "workspace", "name", "size", "is_whole", "created_at", "expires_at"]
    list_filter = ["is_whole"]
    search_fields = ["=id", "=sha256"]
    list_select_related = ["workspace"]
    ordering = ["-id"]


@admin.register(FilePiece)
class FilePieceAdmin(ReadOnlyAdmin):
    """Their pieces, without the bytes."""

    list_display = ["id", "file_id", "start"]
    search_fields = ["=file__id"]
    ordering = ["-id"]


@admin.register(StoredFile)
class StoredFileAdmin(ReadOnlyAdmin):
    """Who stored which file."""

    list_display = ["id", "config_id", "key", "kind", "target", "step", "by", "at"]
    search_fields = ["=run_id", "=key", "=config__id"]
    ordering = ["-id"]
