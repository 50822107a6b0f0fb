"""Connections, and which values they have: not what those are."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from products.admin.base import ReadOnlyAdmin
from products.models import Connection, ConnectionEnvironment, ConnectionValue


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """Apps connected to products."""

    list_display = ["tag", "product", "app", "name", "created_at"]
    search_fields = ["tag", "product__tag", "app__tag"]
    list_select_related = ["product", "app"]


@admin.register(ConnectionEnvironment)
class ConnectionEnvironmentAdmin(ReadOnlyAdmin):
    """How each environment is mapped."""

    list_display = ["connection", "environment", "app_environment", "auth", "last_success_at", "last_failure_at"]
    search_fields = ["connection__tag", "environment__slug"]
    list_select_related = [
        "connection__product",
        "environment__product",
        "app_environment__app",
        "auth__app",
    ]


@admin.register(ConnectionValue)
class ConnectionValueAdmin(ReadOnlyAdmin):
    """That a value is there; even one in clear belongs to the workspace alone."""

    list_display = ["key", "kind", "connection_environment", "updated_at"]
    list_filter = ["kind"]
    search_fields = ["key", "connection_environment__connection__tag"]
    list_select_related = ["connection_environment__connection__product", "connection_environment__environment"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the value."""
        return [name for name in super().get_fields(request, obj) if name != "value"]
