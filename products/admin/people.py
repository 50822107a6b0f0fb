"""People: may be locked out and made staff here; everything else they do themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from products.admin.base import ReadOnlyAdmin
from products.models import User


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Who signs in."""

    list_display = ["email", "name", "is_active", "is_staff", "is_superuser", "last_login", "created_at"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    search_fields = ["email", "name"]
    ordering = ["email"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For superusers, and never their own flags: nobody locks themselves out."""
        return bool(getattr(request.user, "is_superuser", False)) and obj != request.user

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """All but the flags."""
        return [name for name in self.get_fields(request, obj) if name not in {"is_active", "is_staff", "is_superuser"}]
