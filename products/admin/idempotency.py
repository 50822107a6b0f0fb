"""What the platform remembers of repeated requests; never the answers themselves."""

from __future__ import annotations

from django.contrib import admin

from products.admin.base import ReadOnlyAdmin
from products.models import RememberedAnswer


@admin.register(RememberedAnswer)
class RememberedAnswerAdmin(ReadOnlyAdmin):
    """Answers to a POST that can be given again."""

    list_display = ["id", "workspace", "created_at", "expires_at"]
    search_fields = ["workspace__tag"]
    list_select_related = ["workspace"]
