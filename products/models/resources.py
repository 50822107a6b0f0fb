"""Resources that products own: what each is, how each environment has it, and what a team defines upon it."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from products.models.base import Row, TagField
from products.models.products import Environment, Product


class Resource(Row):
    """A database, storage or cache of a product; `kind` is one of `products.catalog.resources.KINDS`.

    `shared` holds the kind's fields that are the same in every environment.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="resources")
    kind = models.CharField(max_length=20)
    tag = TagField()
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=4000)
    shared = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["kind", "name", "tag"]
        constraints = [models.UniqueConstraint(fields=["product", "kind", "tag"], name="resource_tag_unique")]

    def __str__(self) -> str:
        return f"{self.product} {self.kind} {self.tag}"


def local_folder(resource_id: UUID, environment: Environment) -> str:
    """The name of the folder in which an environment has what a resource keeps on this installation's disk."""
    return f"{resource_id.hex}-{environment.folder or environment.slug}"


class LeftFolders(Row):
    """Names of folders that a deleted resource had on this installation's disk; a worker removes them, then this."""

    names = models.JSONField(default=list)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "left folders"

    def __str__(self) -> str:
        return ", ".join(self.names)


class ResourceConfig(Row):
    """How one environment has a resource. `settings` are plain values, and texts that may name `$Secret{KEY}`."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="configs")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="resources")
    provider = models.CharField(max_length=20)
    settings = models.JSONField(default=dict, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_failure_at = models.DateTimeField(null=True, blank=True)
    last_failure = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resource", "environment"], name="resource_config_unique")]

    def __str__(self) -> str:
        return f"{self.resource} in {self.environment.slug}"


class ResourceSecret(Row):
    """A secret setting of a configuration, sealed: bound to the workspace, this table, this row's id and field."""

    config = models.ForeignKey(ResourceConfig, on_delete=models.CASCADE, related_name="secrets")
    key = models.CharField(max_length=63)
    sealed = models.BinaryField(editable=False)

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["config", "key"], name="resource_secret_unique")]

    def __str__(self) -> str:
        return f"{self.config} {self.key}"


class DatabaseAction(Row):
    """A reusable statement of a database; `definition` is what `products.lib.database_actions` reads."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="actions")
    tag = TagField()
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=4000)
    definition = models.JSONField(default=dict)

    class Meta:
        ordering = ["name", "tag"]
        constraints = [models.UniqueConstraint(fields=["resource", "tag"], name="database_action_tag_unique")]

    def __str__(self) -> str:
        return f"{self.resource} {self.tag}"


class Migration(Row):
    """A step of a database's schema: statements up and statements down. Which were run, the database itself says."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="migrations")
    tag = TagField()
    position = models.PositiveIntegerField()
    description = models.TextField(blank=True, max_length=4000)
    up = models.JSONField(default=list)
    down = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["resource", "tag"], name="migration_tag_unique"),
            models.UniqueConstraint(fields=["resource", "position"], name="migration_position_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.resource} {self.tag}"
