"""Apps connected to a product, and what each environment of it needs for that."""

from __future__ import annotations

from django.db import models

from products.models.apps import App, AppAuth, AppEnvironment
from products.models.base import Row, TagField
from products.models.products import Environment, Product


class Connection(Row):
    """An app connected to a product under an access tag."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="connections")
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="connections")
    tag = TagField()
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ["tag"]
        constraints = [models.UniqueConstraint(fields=["product", "tag"], name="connection_tag_unique")]

    def __str__(self) -> str:
        return f"{self.product} {self.tag}"


class ConnectionEnvironment(Row):
    """Which environment of the app an environment of the product talks to, and by which auth."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="environments")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="connections")
    app_environment = models.ForeignKey(AppEnvironment, on_delete=models.PROTECT, related_name="+")
    auth = models.ForeignKey(AppAuth, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_failure_at = models.DateTimeField(null=True, blank=True)
    last_failure = models.CharField(max_length=500, blank=True)
    allowed_hosts = models.JSONField(default=list, blank=True)  # origins to which its secret values may be sent
    authorized_at = models.DateTimeField(null=True, blank=True)  # when a person connected an account by OAuth
    access_ends_at = models.DateTimeField(null=True, blank=True)  # of an access that cannot be renewed by itself
    verify_tls = models.BooleanField(default=True)  # in an environment marked red, always

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "environment"], name="connection_environment_unique")
        ]

    def __str__(self) -> str:
        return f"{self.connection} in {self.environment.slug}"


class ValueKind(models.TextChoices):
    """What a connection's value is for."""

    VARIABLE = "variable", "Variable"
    CREDENTIAL = "credential", "Credential"


class ConnectionValue(Row):
    """A variable or credential of one connection in one environment: plain in `value`, or sealed, never both.

    The sealing is bound to the workspace, this table, this row's id and the field `sealed`.
    """

    connection_environment = models.ForeignKey(ConnectionEnvironment, on_delete=models.CASCADE, related_name="values")
    kind = models.CharField(max_length=10, choices=ValueKind)
    key = models.CharField(max_length=120)
    value = models.JSONField(null=True, blank=True)
    sealed = models.BinaryField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["kind", "key"]
        constraints = [
            models.UniqueConstraint(fields=["connection_environment", "kind", "key"], name="connection_value_unique"),
            models.CheckConstraint(
                condition=models.Q(sealed__isnull=True) | models.Q(value__isnull=True),
                name="connection_value_plain_or_sealed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection_environment} {self.key}"
