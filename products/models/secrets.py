"""Workspace secrets: write-only, sealed with authenticated encryption bound to workspace, row and field."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from products.models.base import Row
from products.models.workspaces import Workspace

SECRET_KEY_PATTERN = r"^[A-Za-z][A-Za-z0-9_]{0,119}$"  # noqa: S105


class Secret(Row):
    """A value that definitions name as `$Secret{KEY}` and nobody can read back."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="secrets")
    key = models.CharField(
        max_length=120,
        validators=[RegexValidator(SECRET_KEY_PATTERN, "Use letters, digits and _, starting with a letter.")],
    )
    description = models.CharField(max_length=500, blank=True)
    sealed = models.BinaryField(editable=False)
    revision = models.PositiveIntegerField(default=1)
    expires_at = models.DateTimeField(null=True, blank=True)
    allowed_hosts = models.JSONField(default=list, blank=True)  # where it may be sent; empty: wherever it is named
    last_used_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="secret_key_unique")]

    def __str__(self) -> str:
        return self.key
