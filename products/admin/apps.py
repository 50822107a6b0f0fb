"""Apps and what they consist of."""

from __future__ import annotations

from django.contrib import admin

from products.admin.base import ReadOnlyAdmin
from products.models import Action, ActionSample, App, AppAuth, AppConstant, AppEnvironment, AppVariable, Folder


@admin.register(App)
class AppAdmin(ReadOnlyAdmin):
    """Apps of all workspaces."""

    list_display = ["name", "tag", "workspace", "category", "visibility", "published_at"]
    list_filter = ["visibility", "category"]
    search_fields = ["name", "tag", "workspace__tag"]
    list_select_related = ["workspace"]


@admin.register(AppEnvironment)
class AppEnvironmentAdmin(ReadOnlyAdmin):
    """Where the APIs are."""

    list_display = ["slug", "app", "name", "base_url", "request_format"]
    list_filter = ["request_format"]
    search_fields = ["slug", "app__tag", "base_url"]
    list_select_related = ["app"]


@admin.register(Folder)
class FolderAdmin(ReadOnlyAdmin):
    """Folders of actions."""

    list_display = ["path", "app", "position"]
    search_fields = ["path", "app__tag"]
    list_select_related = ["app"]


@admin.register(Action)
class ActionAdmin(ReadOnlyAdmin):
    """Endpoints."""

    list_display = ["tag", "app", "method", "path", "deprecated"]
    list_filter = ["method", "deprecated"]
    search_fields = ["tag", "name", "path", "app__tag"]
    list_select_related = ["app"]


@admin.register(ActionSample)
class ActionSampleAdmin(ReadOnlyAdmin):
    """Saved answers."""

    list_display = ["name", "action", "status", "content_type", "imported"]
    list_filter = ["imported"]
    search_fields = ["name", "action__tag"]
    list_select_related = ["action__app"]


@admin.register(AppAuth)
class AppAuthAdmin(ReadOnlyAdmin):
    """Ways to authenticate."""

    list_display = ["tag", "app", "kind", "name"]
    list_filter = ["kind"]
    search_fields = ["tag", "app__tag"]
    list_select_related = ["app"]


@admin.register(AppVariable)
class AppVariableAdmin(ReadOnlyAdmin):
    """Values that whoever connects supplies."""

    list_display = ["key", "app", "type", "secret", "required"]
    list_filter = ["secret", "required"]
    search_fields = ["key", "app__tag"]
    list_select_related = ["app"]


@admin.register(AppConstant)
class AppConstantAdmin(ReadOnlyAdmin):
    """Values that the app fixes."""

    list_display = ["key", "app", "type"]
    search_fields = ["key", "app__tag"]
    list_select_related = ["app"]
