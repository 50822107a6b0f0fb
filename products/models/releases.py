"""Releases: immutable, numbered snapshots of what a product is made of."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from products.models.base import Row
from products.models.definitions import ReleaseContentField
from products.models.products import Product


class Release(Row):
    """A numbered snapshot of a product, never changed after it was made; secrets by reference, never by value.

    `content`: {"features": {tag: {name, description, definition}}, "actions": {"connection:action": ActionSpec JSON}}.
    What differs between environments (addresses, variables, credentials) stays with the environment.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    note = models.TextField(blank=True, max_length=4000)
    author = models.CharField(max_length=254, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    content = ReleaseContentField(default=dict)
    content_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["product", "number"], name="release_number_unique")]

    def __str__(self) -> str:
        return f"{self.product} release {self.number}"
