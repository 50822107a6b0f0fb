"""Resources, how environments have them, and what is defined upon databases: to look at, nothing secret shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from products.admin.base import ReadOnlyAdmin
from products.models import DatabaseAction, LeftFolders, Migration, Resource, ResourceConfig, ResourceSecret


@admin.register(Resource)
class ResourceAdmin(ReadOnlyAdmin):
    """Databases, storages and caches of products."""

    list_display = ["tag", "kind", "product", "name", "created_at"]
    list_filter = ["kind"]
    search_fields = ["tag", "product__tag"]
    list_select_related = ["product"]


@admin.register(ResourceConfig)
class ResourceConfigAdmin(ReadOnlyAdmin):
    """How each environment has them; even settings in clear belong to the workspace alone."""

    list_display = ["resource", "environment", "provider", "last_success_at", "last_failure_at"]
    list_filter = ["provider"]
    search_fields = ["resource__tag", "environment__slug"]
    list_select_related = ["resource__product", "environment__product"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the settings."""
        return [name for name in super().get_fields(request, obj) if name != "settings"]


@admin.register(ResourceSecret)
class ResourceSecretAdmin(ReadOnlyAdmin):
    """That a secret setting is given; it is sealed."""

    list_display = ["key", "config", "updated_at"]
    search_fields = ["key", "config__resource__tag"]
    list_select_related = ["config__resource__product", "config__environment"]


@admin.register(LeftFolders)
class LeftFoldersAdmin(ReadOnlyAdmin):
    """What deleted resources had on the disk and a worker is still to remove."""

    list_display = ["__str__", "created_at"]


@admin.register(DatabaseAction)
class DatabaseActionAdmin(ReadOnlyAdmin):
    """Statements that teams have defined."""

    list_display = ["tag", "resource", "name", "updated_at"]
    search_fields = ["tag", "resource__tag"]
    list_select_related = ["resource__product"]


@admin.register(Migration)
class MigrationAdmin(ReadOnlyAdmin):
    """Steps of the schemas of databases."""

    list_display = ["tag", "resource", "position", "updated_at"]
    search_fields = ["tag", "resource__tag"]
    list_select_related = ["resource__product"]
