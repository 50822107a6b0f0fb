"""What is configured: workspaces, products, apps, connections, secrets, keys."""

from __future__ import annotations

from django.apps import AppConfig


class ProductsConfig(AppConfig):
    """The lower storey."""

    name = "products"
    verbose_name = "Products"
