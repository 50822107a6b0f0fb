"""Django's admin without the pages that packages bring along: those write, and what changes is changed on record."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig


class OwnPages(AdminSite):
    """Takes in the pages that only show, which are ours (`products.admin.base`); the others it passes over."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Raises AlreadyRegistered for a second page of ours."""
        if getattr(admin_class, "only_shows", False):
            super().register(model_or_iterable, admin_class, **options)


class AdminApp(AdminConfig):
    """In the place of `django.contrib.admin`."""

    default = False
    default_site = "ductape_site.admin_site.OwnPages"
