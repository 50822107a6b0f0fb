"""Features: workflows of a product, each kept as the document that its readers and the engine share."""

from __future__ import annotations

from django.db import models

from products.models.base import Row, TagField
from products.models.definitions import DefinitionField
from products.models.products import Product


class Feature(Row):
    """A workflow of a product as its draft stands. `definition` is what `products.features.read_feature` reads."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="features")
    tag = TagField()
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=4000)
    definition = DefinitionField(default=dict)

    class Meta:
        ordering = ["name", "tag"]
        constraints = [models.UniqueConstraint(fields=["product", "tag"], name="feature_tag_unique")]

    def __str__(self) -> str:
        return self.name
