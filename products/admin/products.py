"""Products and environments."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from products.admin.base import ReadOnlyAdmin
from products.models import Environment, Feature, Product, Release


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    """Products of all workspaces."""

    list_display = ["name", "tag", "workspace", "created_at", "deleting_at"]
    search_fields = ["name", "tag", "workspace__tag"]
    list_select_related = ["workspace"]


@admin.register(Environment)
class EnvironmentAdmin(ReadOnlyAdmin):
    """Environments of all products."""

    list_display = [
        "slug",
        "product",
        "name",
        "colour",
        "position",
        "active",
        "processor_tag",
        "release",
        "deleting_at",
    ]
    list_filter = ["active", "colour"]
    search_fields = ["slug", "product__tag", "processor_tag"]
    list_select_related = ["product", "release__product"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those that are being deleted too."""
        return Environment.whole.get_queryset()


@admin.register(Feature)
class FeatureAdmin(ReadOnlyAdmin):
    """Features of all products, as their drafts stand."""

    list_display = ["name", "tag", "product", "updated_at"]
    search_fields = ["name", "tag", "product__tag"]
    list_select_related = ["product"]


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    """Releases of all products."""

    list_display = ["number", "product", "author", "note", "created_at"]
    search_fields = ["product__tag", "author", "note"]
    list_select_related = ["product"]
