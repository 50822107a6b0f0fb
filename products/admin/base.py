"""What every admin page of ours shares: rows are read here and changed by services, so that the log is complete."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import BinaryField, Model, QuerySet
from django.http import HttpRequest

NEVER_SHOWN = frozenset({"digest", "token_hash", "sealed", "data_key", "password", "document"})


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic when it runs
    """Lists, searches and shows; no adding, changing or deleting."""

    only_shows = True  # the site takes in no others
    list_per_page = 50
    show_full_result_count = False  # the tables grow without a bound

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Everything but what is sealed or hashed."""
        return shown_fields(self.model)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What is never shown is not fetched either."""
        hidden = [field.name for field in self.model._meta.fields if is_hidden(field)]
        return super().get_queryset(request).defer(*hidden)


def shown_fields(model: type[Model]) -> list[str]:
    """The names of the fields that may be seen."""
    return [field.name for field in model._meta.fields if not is_hidden(field)]


def is_hidden(field: Any) -> bool:
    """Whether a field holds a secret, a hash of one, or bytes."""
    return field.name in NEVER_SHOWN or isinstance(field, BinaryField)
