"""Resources, their configurations, database actions and migrations as REST describes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from products.api.fields import Entries, Items, Tag, Text
from products.catalog.resources import KINDS
from products.models import DatabaseAction, Migration, Resource
from products.queries import resources as queries
from products.services.environments import MAX_ENVIRONMENTS

_SETTINGS = "By name, as the provider declares them; ••• stands for a value that nobody can read."


class ConfigShape(serializers.Serializer[Any]):
    """How one environment has a resource."""

    environment = serializers.CharField(source="environment.slug")
    provider = serializers.CharField(source="provider.name", allow_null=True, default=None)
    settings = serializers.SerializerMethodField(help_text=_SETTINGS)
    complete = serializers.BooleanField()
    lacks = serializers.ListField(child=serializers.CharField(), help_text="Settings without a value.")
    state = serializers.ChoiceField(choices=["healthy", "broken", "untested", "incomplete", "absent"])
    last_success_at = serializers.DateTimeField(source="config.last_success_at", allow_null=True, default=None)
    last_failure_at = serializers.DateTimeField(source="config.last_failure_at", allow_null=True, default=None)
    last_failure = serializers.CharField(source="config.last_failure", default="")

    class Meta:
        ref_name = "ResourceConfig"

    def get_settings(self, view: queries.ConfigView) -> dict[str, Any]:
        """Plain values as they are, sealed ones masked."""
        return {each.setting.name: each.shown for each in view.settings}


class ResourceShape(serializers.Serializer[Any]):
    """A resource with every environment of its product."""

    id = serializers.UUIDField(source="row.id")
    kind = serializers.CharField(source="row.kind")
    tag = serializers.CharField(source="row.tag")
    name = serializers.CharField(source="row.name")
    description = serializers.CharField(source="row.description")
    shared = serializers.DictField(source="row.shared", help_text="The kind's fields that all environments share.")
    environments = ConfigShape(source="configs", many=True)
    created_at = serializers.DateTimeField(source="row.created_at")
    updated_at = serializers.DateTimeField(source="row.updated_at")

    class Meta:
        ref_name = "Resource"

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Rows of the list become views; they carry everything that is asked for here."""
        view = queries.view(instance) if isinstance(instance, Resource) else instance
        return dict(super().to_representation(view))


class ConfigInput(serializers.Serializer[Any]):
    """How an environment is to have a resource; what is not named stays."""

    provider = Text(
        max_length=20, required=False, help_text="Needed the first time; with another one settings begin anew."
    )
    settings = serializers.DictField(
        required=False, help_text="Merged by name: null removes, ••• keeps; a text may name `$Secret{KEY}`."
    )

    class Meta:
        ref_name = "ResourceConfigInput"


class ResourceInput(serializers.Serializer[Any]):
    """A new resource."""

    name = Text(max_length=120)
    tag = Tag(required=False, help_text="How features and runs name it; made from the name without it.")
    description = Text(max_length=4000, required=False, allow_blank=True)
    shared = serializers.DictField(required=False)
    environments = Entries(
        child=serializers.DictField(),
        most=MAX_ENVIRONMENTS,
        required=False,
        help_text="Configurations by slug of the product's environment.",
    )


class ResourceChange(serializers.Serializer[Any]):
    """What may change about a resource."""

    name = Text(max_length=120, required=False)
    description = Text(max_length=4000, required=False, allow_blank=True)
    shared = serializers.DictField(required=False, help_text="Merged by name; null removes.")


class DatabaseActionShape(serializers.ModelSerializer[DatabaseAction]):
    """A database action."""

    class Meta:
        model = DatabaseAction
        fields = ("id", "tag", "name", "description", "definition", "created_at", "updated_at")
        ref_name = "DatabaseAction"


class DatabaseActionInput(serializers.Serializer[Any]):
    """A new database action."""

    name = Text(max_length=120)
    tag = Tag(required=False)
    description = Text(max_length=4000, required=False, allow_blank=True)
    definition = serializers.JSONField(
        help_text="`type`, `sql` (a statement or several) or `mongodb`; placeholders are `{{name:TYPE:min:max}}`."
    )


class DatabaseActionChange(serializers.Serializer[Any]):
    """What may change about a database action."""

    name = Text(max_length=120, required=False)
    description = Text(max_length=4000, required=False, allow_blank=True)
    definition = serializers.JSONField(required=False)


class MigrationShape(serializers.ModelSerializer[Migration]):
    """A step of a database's schema."""

    class Meta:
        model = Migration
        fields = ("id", "tag", "position", "description", "up", "down", "created_at", "updated_at")
        ref_name = "Migration"


class MigrationInput(serializers.Serializer[Any]):
    """A new migration, after all others."""

    tag = Tag()
    description = Text(max_length=4000, required=False, allow_blank=True)
    up = Items(child=serializers.JSONField(), max_length=200, help_text="Statements, in order.")
    down = Items(child=serializers.JSONField(), max_length=200, required=False, help_text="What takes them back.")


class MigrationChange(serializers.Serializer[Any]):
    """What may change about a migration."""

    description = Text(max_length=4000, required=False, allow_blank=True)
    up = Items(child=serializers.JSONField(), max_length=200, required=False)
    down = Items(child=serializers.JSONField(), max_length=200, required=False)


KIND_CHOICES = tuple(KINDS)
