"""Columns for definitions of features, which come back with their fields in the order in which they were written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models

from products.features.key_order import in_order, with_order
from products.lib.jsontypes import Json


class DefinitionField(models.JSONField):
    """A JSONField to the database and its migrations; the order of declared fields is stored in it and taken out."""

    def deconstruct(self) -> Any:
        """As the plain field: no migration knows of it."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.JSONField", arguments, options

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """With the order beside it; what lookups compare with has none."""
        return super().get_db_prep_save(self.kept(value), connection)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Without it, in that order."""
        return self.taken(super().from_db_value(value, expression, connection))

    def kept(self, value: Json) -> Json:
        """As it is stored."""
        return with_order(value)

    def taken(self, value: Json) -> Json:
        """As it was written."""
        return in_order(value)


class ReleaseContentField(DefinitionField):
    """The same of the features of a release."""

    def kept(self, value: Json) -> Json:
        """As it is stored."""
        return _each_feature(value, with_order)

    def taken(self, value: Json) -> Json:
        """As it was written."""
        return _each_feature(value, in_order)


def _each_feature(content: Json, turn: Callable[[Json], Json]) -> Json:
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(features, dict):
        return content
    turned = {
        tag: {**one, "definition": turn(one["definition"])} if isinstance(one, dict) and "definition" in one else one
        for tag, one in features.items()
    }
    return {**content, "features": turned}
