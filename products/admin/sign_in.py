"""What people sign in with: rows of other packages, of which nothing is shown that would open anything."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from products.admin.base import ReadOnlyAdmin


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    """Addresses that are proven, or not."""

    list_display = ["email", "user", "primary", "verified"]
    list_filter = ["primary", "verified"]
    search_fields = ["email"]
    list_select_related = ["user"]


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """That somebody has a second factor."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    search_fields = ["user__email"]
    list_select_related = ["user"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the seed, sealed as it is."""
        return [name for name in super().get_fields(request, obj) if name != "data"]


@admin.register(UserSession)
class UserSessionAdmin(ReadOnlyAdmin):
    """Who is signed in from where."""

    list_display = ["user", "created_at", "last_seen_at", "ip", "user_agent"]
    search_fields = ["user__email", "ip"]
    list_select_related = ["user"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the key: whoever has it is that person."""
        return [name for name in super().get_fields(request, obj) if name not in {"session_key", "data"}]


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    """Django's own; roles are memberships here."""

    list_display = ["name"]
    search_fields = ["name"]
